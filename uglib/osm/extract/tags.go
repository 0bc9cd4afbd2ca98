package extract

import (
	"iter"
	"strings"
)

// Tags are the tags of an element. They are valid during the call that brings
// them; the strings that they return may be kept, and equal ones are mostly one.
type Tags struct {
	table *table
	index []uint32 // of keys and values in turn
}

// Len returns the number of tags.
func (t Tags) Len() int { return len(t.index) / 2 }

// Get returns the value of a key; empty if there is no such tag.
func (t Tags) Get(key string) string {
	for i := 0; i+1 < len(t.index); i += 2 {
		if string(t.table.raw[t.index[i]]) == key {
			return t.table.string(t.index[i+1])
		}
	}
	return ""
}

// All returns keys and values in the order of the file. Bytes that are no UTF-8
// become U+FFFD.
func (t Tags) All() iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for i := 0; i+1 < len(t.index); i += 2 {
			if !yield(t.table.string(t.index[i]), t.table.string(t.index[i+1])) {
				return
			}
		}
	}
}

// table holds the strings of a block, which become Go strings when they are
// asked for.
type table struct {
	raw   [][]byte
	made  []string // empty until asked for
	names *names
}

func (t *table) reset() {
	t.raw = t.raw[:0]
	clear(t.made)
	t.made = t.made[:0]
}

func (t *table) string(i uint32) string {
	if more := len(t.raw) - len(t.made); more > 0 {
		t.made = append(t.made, make([]string, more)...)
	}
	if t.made[i] == "" {
		t.made[i] = t.names.of(t.raw[i])
	}
	return t.made[i]
}

// names returns one string for equal bytes, for as many different ones as come
// in a stretch of a file. It is used by one goroutine.
type names struct{ known map[string]string }

// mostNames bounds the memory of names: keys and common values come back soon
// after it was emptied.
const mostNames = 1 << 16

func (n *names) of(b []byte) string {
	if s, ok := n.known[string(b)]; ok {
		return s
	}
	if n.known == nil || len(n.known) == mostNames {
		n.known = make(map[string]string)
	}
	raw := string(b)
	s := strings.ToValidUTF8(raw, "\uFFFD")
	n.known[raw] = s
	return s
}
