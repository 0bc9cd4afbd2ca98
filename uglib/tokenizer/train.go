package tokenizer

import (
	"cmp"
	"container/heap"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
)

// QwenSpecial lists the special tokens of a small Qwen2-VL with graph tokens,
// in the order of their ids: those of Qwen2-VL that a multimodal prompt needs,
// then the three of the UGE reference in its order.
func QwenSpecial() []string {
	return []string{
		"<|endoftext|>", "<|im_start|>", "<|im_end|>",
		"<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
		"<|graph_pad|>", "<|graph_start|>", "<|graph_end|>",
	}
}

// leastCount is how often a pair must occur to be merged.
const leastCount = 2

// TrainBPE trains a byte-level BPE tokenizer of the Qwen2 kind. vocab is the
// size of the whole vocabulary: 256 bytes, merges, and the special tokens,
// which get the highest ids in the order given. The vocabulary is smaller
// where no pair occurs twice any more. The result depends on the texts alone
// and not on their order: always the most frequent pair is merged, of equals
// the one with the least ids, as the trainer of Hugging Face tokenizers does
// (min_frequency 2).
func TrainBPE(texts iter.Seq[string], vocab int, special []string) (*Tokenizer, error) {
	if least := 256 + len(special); vocab < least {
		return nil, fmt.Errorf("tokenizer: a vocabulary of %d is too small, try at least %d (256 bytes and %d special tokens)", vocab, least, len(special))
	}
	seen := map[string]bool{}
	for _, s := range special {
		if s == "" || seen[s] {
			return nil, fmt.Errorf("tokenizer: special token %q is empty or given twice", s)
		}
		seen[s] = true
	}
	tr := newTrainer(countPieces(texts))
	tr.run(vocab - len(special))
	return build(tr.file(special))
}

// countPieces splits the texts as Encode does and counts the pieces.
func countPieces(texts iter.Seq[string]) map[string]int {
	count := map[string]int{}
	for s := range texts {
		for s = nfc(s); len(s) > 0; {
			n := nextPiece(s)
			count[s[:n]]++
			s = s[n:]
		}
	}
	return count
}

type trainer struct {
	tokens []string // bytes of each id
	ids    map[string]int32
	merges [][2]int32
	merged map[uint64]bool

	words  [][]int32
	counts []int
	pairs  map[uint64]int     // occurrences of each pair
	where  map[uint64][]int32 // words that may hold it
	queue  pairQueue
}

func newTrainer(pieces map[string]int) *trainer {
	t := &trainer{ids: map[string]int32{}, merged: map[uint64]bool{}, pairs: map[uint64]int{}, where: map[uint64][]int32{}}
	var order []int // bytes in the order of their symbols, as the library sorts its alphabet
	for b := range 256 {
		order = append(order, b)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(byteRune[a], byteRune[b]) })
	var byteID [256]int32
	for _, b := range order {
		byteID[b] = t.token(string([]byte{byte(b)}))
	}
	sorted := make([]string, 0, len(pieces))
	for p := range pieces {
		sorted = append(sorted, p)
	}
	slices.Sort(sorted)
	for _, p := range sorted {
		word := make([]int32, len(p))
		for i := range len(p) {
			word[i] = byteID[p[i]]
		}
		w := int32(len(t.words))
		t.words = append(t.words, word)
		t.counts = append(t.counts, pieces[p])
		for i := range len(word) - 1 {
			k := pairKey(word[i], word[i+1])
			t.pairs[k] += pieces[p]
			t.note(k, w)
		}
	}
	for k, n := range t.pairs {
		t.queue = append(t.queue, counted{k, n})
	}
	heap.Init(&t.queue)
	return t
}

// token returns the id of a token, a new one where it has none.
func (t *trainer) token(bytes string) int32 {
	if id, ok := t.ids[bytes]; ok {
		return id
	}
	id := int32(len(t.tokens))
	t.tokens = append(t.tokens, bytes)
	t.ids[bytes] = id
	return id
}

// note records that word w may hold the pair.
func (t *trainer) note(pair uint64, w int32) {
	at := t.where[pair]
	if n := len(at); n == 0 || at[n-1] != w {
		t.where[pair] = append(at, w)
	}
}

// run merges until there are size tokens or no pair is frequent enough.
func (t *trainer) run(size int) {
	for len(t.tokens) < size && len(t.queue) > 0 {
		top := heap.Pop(&t.queue).(counted)
		if n := t.pairs[top.pair]; n != top.count { // counted before later merges changed it
			if n >= leastCount {
				heap.Push(&t.queue, counted{top.pair, n})
			}
			continue
		}
		if top.count < leastCount {
			return
		}
		a, b := int32(top.pair>>32), int32(uint32(top.pair))
		if !t.merged[top.pair] { // a token of two spellings can bring a merged pair back
			t.merged[top.pair] = true
			t.merges = append(t.merges, [2]int32{a, b})
		}
		t.apply(a, b, t.token(t.tokens[a]+t.tokens[b]))
	}
}

// apply replaces the pair (a, b) by id in all words and brings the counts up
// to date.
func (t *trainer) apply(a, b, id int32) {
	pair := pairKey(a, b)
	words := t.where[pair]
	delete(t.where, pair)
	grown := map[uint64]bool{}
	for _, w := range words {
		word, n := t.words[w], t.counts[w]
		out := word[:0]
		for i := 0; i < len(word); i++ {
			if i+1 == len(word) || word[i] != a || word[i+1] != b {
				out = append(out, word[i])
				continue
			}
			if k := len(out); k > 0 {
				t.pairs[pairKey(out[k-1], a)] -= n
				t.pairs[pairKey(out[k-1], id)] += n
				t.note(pairKey(out[k-1], id), w)
				grown[pairKey(out[k-1], id)] = true
			}
			if i+2 < len(word) {
				t.pairs[pairKey(b, word[i+2])] -= n
				t.pairs[pairKey(id, word[i+2])] += n
				t.note(pairKey(id, word[i+2]), w)
				grown[pairKey(id, word[i+2])] = true
			}
			out = append(out, id)
			i++
		}
		t.words[w] = out
	}
	delete(t.pairs, pair)
	for k := range grown {
		if n := t.pairs[k]; n >= leastCount {
			heap.Push(&t.queue, counted{k, n})
		}
	}
}

// file returns the trained model as a tokenizer.json of the Qwen2 kind.
func (t *trainer) file(special []string) file {
	vocab := make(vocabulary, len(t.tokens))
	for id, bytes := range t.tokens {
		vocab[spell(bytes)] = int32(id)
	}
	merges := make([][2]string, len(t.merges))
	for i, m := range t.merges {
		merges[i] = [2]string{spell(t.tokens[m[0]]), spell(t.tokens[m[1]])}
	}
	added := make([]AddedToken, len(special))
	for i, s := range special {
		added[i] = AddedToken{ID: int32(len(t.tokens) + i), Content: s, Special: true}
	}
	byteLevel := raw(map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false})
	return file{
		Version: "1.0", Truncation: raw(nil), Padding: raw(nil), AddedTokens: added,
		Normalizer: raw(map[string]any{"type": "NFC"}),
		PreTokenizer: raw(map[string]any{"type": "Sequence", "pretokenizers": []any{
			map[string]any{"type": "Split", "pattern": map[string]any{"Regex": Pattern}, "behavior": "Isolated", "invert": false},
			byteLevel,
		}}),
		PostProcessor: byteLevel,
		Decoder:       byteLevel,
		Model:         model{Type: "BPE", Vocab: vocab, Merges: raw(merges)},
	}
}

// raw marshals plain values, which cannot fail.
func raw(v any) json.RawMessage {
	data, err := plainJSON(v)
	if err != nil {
		panic(err)
	}
	return data
}

// counted is a pair with its count when it was queued.
type counted struct {
	pair  uint64
	count int
}

type pairQueue []counted

func (q pairQueue) Len() int { return len(q) }
func (q pairQueue) Less(i, j int) bool {
	if q[i].count != q[j].count {
		return q[i].count > q[j].count
	}
	return q[i].pair < q[j].pair
}
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *pairQueue) Push(x any)   { *q = append(*q, x.(counted)) }
func (q *pairQueue) Pop() any {
	old := *q
	c := old[len(old)-1]
	*q = old[:len(old)-1]
	return c
}
