package zmtp

import (
	"net"
	"sync"
	"time"
)

// piece is about how many bytes are written before progress is noted.
const piece = 256 << 10

// queue holds the encoded messages that wait for one connection. Its write method is run by one goroutine;
// the others may be called by any.
type queue struct {
	conn  net.Conn
	limit int // bytes that may wait

	mu      sync.Mutex
	changed sync.Cond // something was queued, or the queue was closed
	waiting [][]byte
	bytes   int       // of waiting and of what is being written
	moved   time.Time // when bytes were last taken by the connection, or began to wait
	closed  bool      // nothing more is accepted, what waits is still written
	err     error     // why nothing is written any more
}

// newQueue returns the queue of a connection.
func newQueue(conn net.Conn, limit int) *queue {
	q := &queue{conn: conn, limit: limit}
	q.changed.L = &q.mu
	return q
}

// push queues an encoded message. If more than the limit would wait, the connection is ended.
func (q *queue) push(message []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.err != nil:
		return q.err
	case q.closed:
		return ErrClosed
	case q.bytes == 0:
		q.moved = time.Now()
	case q.bytes+len(message) > q.limit:
		q.fail(ErrSlow)
		return ErrSlow
	}
	q.waiting = append(q.waiting, message)
	q.bytes += len(message)
	q.changed.Signal()
	return nil
}

// fail ends the connection and forgets what waits; q.mu is held.
func (q *queue) fail(err error) {
	if q.err == nil {
		q.err = err
	}
	q.waiting, q.bytes = nil, 0
	q.changed.Signal()
	q.conn.Close()
}

// end is fail for those who do not hold the lock.
func (q *queue) end(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fail(err)
}

// close lets write return when all that waits is written.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Signal()
}

// pending returns the bytes that wait, and since when none was taken.
func (q *queue) pending() (bytes int, since time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes, q.moved
}

// failed returns why the queue ended, if it did.
func (q *queue) failed() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}

// write sends what is queued until the queue has failed, or is closed and empty; then it tells the peer
// that nothing more comes.
func (q *queue) write() {
	for {
		batch := q.take()
		if batch == nil {
			break
		}
		if err := q.send(batch); err != nil {
			q.end(err)
			return
		}
	}
	if c, ok := q.conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite() // the peer may have gone already
	}
}

// take waits for messages and returns about a piece of them.
func (q *queue) take() [][]byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed && q.err == nil {
		q.changed.Wait()
	}
	size, n := 0, 0
	for n < len(q.waiting) && (n == 0 || size+len(q.waiting[n]) <= piece) {
		size += len(q.waiting[n])
		n++
	}
	if n == 0 {
		return nil
	}
	batch := q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil
	}
	return batch
}

// send writes a batch, and notes progress.
func (q *queue) send(batch net.Buffers) error {
	if len(batch) > 1 {
		n, err := batch.WriteTo(q.conn)
		q.sent(int(n))
		return err
	}
	for b := batch[0]; len(b) > 0; {
		n, err := q.conn.Write(b[:min(len(b), piece)])
		q.sent(n)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// sent notes that the connection took n bytes.
func (q *queue) sent(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.bytes -= n
		q.moved = time.Now()
	}
}
