package tokenizer

import (
	"container/heap"
	"math"
	"strings"
	"sync"
)

// merge is what a pair of neighbouring tokens becomes.
type merge struct {
	rank, id int32
}

func pairKey(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

// bpe is the vocabulary and its merges. The text of a token is its bytes where
// the vocabulary is byte-level, else what the file says.
type bpe struct {
	tokens       []string         // text of each id; "" where the id is unused
	whole        map[string]int32 // text to id
	merges       map[uint64]merge
	ignoreMerges bool // a piece that is a token as a whole is not merged up

	cache pieceCache
}

// neverInto reports whether no merge leads from another symbol to the given one,
// so that a text falls apart before each run of it.
func (m *bpe) neverInto(symbol string) bool {
	for _, g := range m.merges {
		token := m.tokens[g.id]
		for strings.HasPrefix(token, symbol) {
			token = token[len(symbol):]
		}
		if strings.Contains(token, symbol) {
			return false
		}
	}
	return true
}

// short is the length up to which merging by scanning all pairs is faster than
// by a heap.
const short = 48

// encode appends the ids of one piece of text.
func (m *bpe) encode(ids []int32, piece string, s scheme) []int32 {
	if len(piece) == 1 {
		return s.symbols(ids, piece)
	}
	if got, ok := m.cache.get(piece); ok {
		return append(ids, got...)
	}
	start := len(ids)
	if id, ok := m.whole[piece]; ok && m.ignoreMerges {
		ids = append(ids, id)
	} else {
		ids = s.symbols(ids, piece)
		word := ids[start:]
		if len(word) <= short {
			word = m.mergeShort(word)
		} else {
			word = m.mergeLong(word)
		}
		ids = ids[:start+len(word)]
	}
	m.cache.put(piece, ids[start:])
	return ids
}

// mergeShort merges in place: always the pair of least rank, the leftmost of
// equals.
func (m *bpe) mergeShort(word []int32) []int32 {
	for len(word) > 1 {
		best, at := merge{rank: math.MaxInt32}, -1
		for i := range len(word) - 1 {
			if g, ok := m.merges[pairKey(word[i], word[i+1])]; ok && g.rank < best.rank {
				best, at = g, i
			}
		}
		if at < 0 {
			break
		}
		word[at] = best.id
		word = append(word[:at+1], word[at+2:]...)
	}
	return word
}

// mergeLong is mergeShort in O(n log n).
func (m *bpe) mergeLong(word []int32) []int32 {
	n := len(word)
	prev, next := make([]int32, n), make([]int32, n)
	for i := range word {
		prev[i], next[i] = int32(i-1), int32(i+1)
	}
	next[n-1] = -1
	var todo candidates
	offer := func(i int32) {
		if i >= 0 && next[i] >= 0 {
			if g, ok := m.merges[pairKey(word[i], word[next[i]])]; ok {
				heap.Push(&todo, candidate{merge: g, at: i, left: word[i], right: word[next[i]]})
			}
		}
	}
	for i := range n {
		offer(int32(i))
	}
	for len(todo) > 0 {
		c := heap.Pop(&todo).(candidate)
		r := next[c.at]
		if word[c.at] != c.left || r < 0 || word[r] != c.right {
			continue // one of the two is gone
		}
		word[c.at], word[r] = c.id, -1
		next[c.at] = next[r]
		if next[r] >= 0 {
			prev[next[r]] = c.at
		}
		offer(prev[c.at])
		offer(c.at)
	}
	out := word[:0]
	for _, id := range word {
		if id >= 0 {
			out = append(out, id)
		}
	}
	return out
}

// candidate is a possible merge of the symbol at a place with the one after it.
type candidate struct {
	merge
	at, left, right int32
}

type candidates []candidate

func (h candidates) Len() int { return len(h) }
func (h candidates) Less(i, j int) bool {
	if h[i].rank != h[j].rank {
		return h[i].rank < h[j].rank
	}
	return h[i].at < h[j].at
}
func (h candidates) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *candidates) Push(x any)   { *h = append(*h, x.(candidate)) }
func (h *candidates) Pop() any {
	old := *h
	c := old[len(old)-1]
	*h = old[:len(old)-1]
	return c
}

// pieceCache remembers the ids of pieces: words come again and again.
type pieceCache struct {
	mu  sync.RWMutex
	ids map[string][]int32
}

const (
	cachedPieces = 1 << 16
	cachedLength = 64 // bytes; longer pieces hardly ever come twice
)

func (c *pieceCache) get(piece string) ([]int32, bool) {
	c.mu.RLock()
	ids, ok := c.ids[piece]
	c.mu.RUnlock()
	return ids, ok
}

func (c *pieceCache) put(piece string, ids []int32) {
	if len(piece) > cachedLength {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.ids) >= cachedPieces {
		return
	}
	if c.ids == nil {
		c.ids = make(map[string][]int32)
	}
	c.ids[string([]byte(piece))] = append([]int32(nil), ids...)
}
