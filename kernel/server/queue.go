package server

import "sync"

// queue holds the cells that wait to be run, in the order in which they came.
type queue struct {
	mu     sync.Mutex
	filled sync.Cond
	items  []*request
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.filled.L = &q.mu
	return q
}

// push appends a request; it reports false when the queue is closed.
func (q *queue) push(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.items = append(q.items, r)
	q.filled.Signal()
	return true
}

// next waits for a request; it reports false when the queue is closed.
func (q *queue) next() (*request, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.filled.Wait()
	}
	if q.closed {
		return nil, false
	}
	r := q.items[0]
	q.items = q.items[1:]
	return r, true
}

// drain takes out all that wait.
func (q *queue) drain() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := q.items
	q.items = nil
	return all
}

// close ends the queue and takes out all that wait.
func (q *queue) close() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	all := q.items
	q.items = nil
	q.filled.Broadcast()
	return all
}
