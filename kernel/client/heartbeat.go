package client

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"urbangraph/kernel/zmtp"
)

// heartbeat is the socket that echoes.
type heartbeat struct {
	conn *zmtp.Conn
	turn sync.Mutex
	sent int
}

// Ping sends something over the heartbeat socket and returns how long its echo took. One at a time: others
// wait. When ctx ends the heartbeat's connection is closed.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	h := &c.beat
	h.turn.Lock()
	defer h.turn.Unlock()
	h.sent++
	text, start := "ping "+strconv.Itoa(h.sent), time.Now()
	if err := h.conn.Send([]byte(text)); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrGone, err)
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		h.conn.Close()
	})
	echo, err := h.conn.Receive()
	took := time.Since(start)
	if !stop() {
		<-closed
		if err != nil {
			return 0, fmt.Errorf("heartbeat: %w", context.Cause(ctx))
		}
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrGone, err)
	}
	if len(echo) != 1 || string(echo[0]) != text {
		return 0, fmt.Errorf("heartbeat: echo %q of %q", echo, text)
	}
	return took, nil
}
