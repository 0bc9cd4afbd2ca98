package ugdata

import (
	"hash/maphash"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"urbangraph/uglib/city"
)

// nameIndex finds the names of a city in texts, by whole words, the longest
// name first: in "North Market Street" it finds that street and not Market
// Street. Writing counts (case too), forms of a letter do not (NFC). In scripts that
// do not part words each letter is a word.
type nameIndex struct {
	seed   maphash.Seed
	starts map[uint64]bool  // hashes of the first words of names
	whole  map[uint64]int32 // of all words of a name: its index
	names  []string
	kinds  []uint8 // bits by kind, of the nodes with that name
}

// nameKinds are the classes of nodes whose names are counted, in the order of
// PairAudit.Names.
var nameKinds = [3]city.Kind{city.POI, city.Area, city.Street}

func newNameIndex(c *city.City) *nameIndex {
	x := &nameIndex{seed: maphash.MakeSeed(), starts: map[uint64]bool{}, whole: map[uint64]int32{}}
	for i := range c.Nodes {
		if n := &c.Nodes[i]; n.Name != "" && n.Kind != city.Crossing {
			x.add(n.Name, n.Kind)
		}
	}
	return x
}

func (x *nameIndex) add(name string, k city.Kind) {
	words := x.words(name, nil)
	if len(words) == 0 {
		return
	}
	h := uint64(0)
	for i, w := range words {
		h = chain(h, w)
		if i+1 < len(words) {
			x.starts[h] = true
		}
	}
	at, ok := x.whole[h]
	if !ok {
		at = int32(len(x.names))
		x.whole[h] = at
		x.names, x.kinds = append(x.names, name), append(x.kinds, 0)
	}
	x.kinds[at] |= 1 << k
}

// in appends the indices of the names in a text; one that comes twice is there
// twice.
func (x *nameIndex) in(text string, found []int32) []int32 {
	words := x.words(text, nil)
	for i := 0; i < len(words); {
		h, longest, name := uint64(0), 0, int32(0)
		for j := i; j < len(words); j++ {
			h = chain(h, words[j])
			if at, ok := x.whole[h]; ok {
				longest, name = j+1-i, at
			}
			if !x.starts[h] {
				break
			}
		}
		if longest > 0 {
			found = append(found, name)
		}
		i += max(1, longest)
	}
	return found
}

// chain adds a word to the hash of those before it.
func chain(h, word uint64) uint64 { return (h ^ word) * 0x9e3779b97f4a7c15 }

// words appends the hashes of the words of a text.
func (x *nameIndex) words(text string, out []uint64) []uint64 {
	text = norm.NFC.String(text)
	start := -1
	end := func(i int) {
		if start >= 0 {
			out = append(out, maphash.String(x.seed, text[start:i]))
			start = -1
		}
	}
	for i, r := range text {
		switch {
		case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'):
			if start < 0 {
				start = i
			}
		case r < utf8.RuneSelf:
			end(i)
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan):
			end(i)
			start = i
			end(i + utf8.RuneLen(r))
		case unicode.In(r, unicode.L, unicode.N, unicode.M):
			if start < 0 {
				start = i
			}
		default:
			end(i)
		}
	}
	end(len(text))
	return out
}
