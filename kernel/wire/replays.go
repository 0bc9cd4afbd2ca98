package wire

import "sync"

// remembered is how many signatures are known again: as many as Jupyter's own clients keep.
const remembered = 1 << 16

// digest is the beginning of a signature: 128 of its 256 bits, in hexadecimal.
type digest [32]byte

// replays remembers the last signatures.
type replays struct {
	mu    sync.Mutex
	known map[digest]struct{}
	order []digest // a ring once it is full
	next  int
}

// add remembers a signature and reports whether it is new.
func (r *replays) add(signature []byte) bool {
	var d digest
	copy(d[:], signature)
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.known[d]; ok {
		return false
	}
	if r.known == nil {
		r.known = map[digest]struct{}{}
	}
	r.known[d] = struct{}{}
	if len(r.order) < remembered {
		r.order = append(r.order, d)
		return true
	}
	delete(r.known, r.order[r.next])
	r.order[r.next] = d
	r.next = (r.next + 1) % remembered
	return true
}
