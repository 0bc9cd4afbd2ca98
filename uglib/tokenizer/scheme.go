package tokenizer

// scheme is what a family of tokenizers does around the merges: how text is
// brought to its normal form and cut into pieces, what the symbols of a piece
// are, and how tokens become text again.
type scheme interface {
	// normal brings a stretch of text between added tokens to its normal form, in
	// which the normalised added tokens are looked for.
	normal(s string) string
	// spaced writes the spaces of a stretch between those as the vocabulary does;
	// start says that the stretch is the beginning of the text.
	spaced(s string, start bool) string
	// next returns the length in bytes of the first piece of a spaced text, which
	// is not empty. No merge reaches over the end of a piece.
	next(s string) int
	// symbols appends the ids that a piece is merged from.
	symbols(ids []int32, piece string) []int32
	// text returns the text of tokens in the order in which they come.
	text(tokens []string) string
}

// byteLevel is the byte-level BPE of the Qwen2 family: pieces by [Pattern],
// their bytes as symbols.
type byteLevel struct {
	nfc bool // the text is brought to normal form C
	ids [256]int32
}

func (b *byteLevel) normal(s string) string {
	if b.nfc {
		return nfc(s)
	}
	return s
}

func (b *byteLevel) spaced(s string, _ bool) string { return s }

func (b *byteLevel) next(s string) int { return nextPiece(s) }

func (b *byteLevel) symbols(ids []int32, piece string) []int32 {
	for i := range len(piece) {
		ids = append(ids, b.ids[piece[i]])
	}
	return ids
}

func (b *byteLevel) text(tokens []string) string {
	var out []byte
	for _, t := range tokens {
		out = append(out, t...)
	}
	return lossy(out)
}
