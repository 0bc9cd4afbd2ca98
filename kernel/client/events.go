package client

import (
	"context"
	"sync"

	"urbangraph/kernel/wire"
)

// Event is a message and the channel it came over.
type Event struct {
	Channel Channel
	*wire.Message
}

// Events holds all that comes over all channels, also for other clients, until it is closed. It is for one
// goroutine.
type Events struct {
	client *Client
	more   chan struct{} // has an element if something changed

	mu     sync.Mutex
	queue  []Event
	reason error // why nothing more comes
}

// Events begins to collect messages.
func (c *Client) Events() *Events {
	e := &Events{client: c, more: make(chan struct{}, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events[e] = struct{}{}
	e.reason = c.gone
	return e
}

// Close ends the collecting.
func (e *Events) Close() {
	e.client.mu.Lock()
	defer e.client.mu.Unlock()
	delete(e.client.events, e)
}

// put adds a message.
func (e *Events) put(m Event) {
	e.mu.Lock()
	e.queue = append(e.queue, m)
	e.mu.Unlock()
	e.changed()
}

// end tells that nothing more comes.
func (e *Events) end(reason error) {
	e.mu.Lock()
	e.reason = reason
	e.mu.Unlock()
	e.changed()
}

// changed wakes who waits.
func (e *Events) changed() {
	select {
	case e.more <- struct{}{}:
	default:
	}
}

// Next waits for the next message. The error is ErrGone when the kernel has gone and all was returned.
func (e *Events) Next(ctx context.Context) (Event, error) {
	for {
		e.mu.Lock()
		if len(e.queue) > 0 {
			m := e.queue[0]
			e.queue = e.queue[1:]
			e.mu.Unlock()
			return m, nil
		}
		reason := e.reason
		e.mu.Unlock()
		if reason != nil {
			return Event{}, reason
		}
		select {
		case <-e.more:
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		}
	}
}

// Await waits for the next message that is wanted; those before it are dropped.
func (e *Events) Await(ctx context.Context, wanted func(Event) bool) (Event, error) {
	for {
		m, err := e.Next(ctx)
		if err != nil || wanted(m) {
			return m, err
		}
	}
}
