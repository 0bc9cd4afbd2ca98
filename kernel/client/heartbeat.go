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
	conn   *zmtp.Conn
	echoes chan string // closed when no more can come

	turn sync.Mutex
	sent int
}

// read hands on echoes until the connection ends. One that nobody waits for is dropped.
func (h *heartbeat) read() {
	defer close(h.echoes)
	for {
		frames, err := h.conn.Receive()
		if err != nil {
			return
		}
		select {
		case h.echoes <- string(frames[0]):
		default:
		}
	}
}

// Ping sends something over the heartbeat socket and returns how long its echo took. One at a time: others
// wait.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	h := &c.beat
	h.turn.Lock()
	defer h.turn.Unlock()
	h.sent++
	text, start := "ping "+strconv.Itoa(h.sent), time.Now()
	if err := h.conn.Send([]byte(text)); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrGone, err)
	}
	for {
		select {
		case echo, ok := <-h.echoes:
			if !ok {
				return 0, fmt.Errorf("%w: heartbeat", ErrGone)
			}
			if echo == text {
				return time.Since(start), nil
			} // else the echo of a ping that was given up
		case <-ctx.Done():
			return 0, fmt.Errorf("no echo yet: %w", context.Cause(ctx))
		}
	}
}
