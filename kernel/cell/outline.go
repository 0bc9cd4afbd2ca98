package cell

import "go/token"

// Outline is the rough shape of a cell of Go, which is known while it is being typed and does not parse.
// Offsets are those of Source without a byte order mark.
type Outline struct {
	Masked string // the source with special lines and package clauses blank; line breaks stay
	Mark   int    // offset of the line %%, %main or %exec, or -1
	Pieces []Piece
}

// Piece is a top-level piece of a cell, with the comments above it.
type Piece struct {
	From, To int
	Kind     token.Token // IMPORT, FUNC, TYPE, CONST or VAR for a declaration, else ILLEGAL
	Top      bool        // stands at the level of the package, not in the body
}

// Outline gives the shape of a cell that is no script. Where brackets do not match, the pieces end early.
func (c *Cell) Outline() Outline {
	o := Outline{Masked: string(c.mask), Mark: c.markAt}
	if c.Script != nil {
		return o
	}
	items := c.items
	if items == nil && c.Err != nil { // magics are wrong, and it was not cut
		d := &Cell{src: c.src, mask: c.mask, markAt: c.markAt, markLine: c.markLine}
		d.split()
		items = d.items
	}
	body := false
	for _, it := range items {
		body = body || it.kind == token.ILLEGAL || c.markAt >= 0 && c.Exec == "" && it.at > c.markAt
		top := it.top || !body || it.kind == token.FUNC || it.kind == token.IMPORT
		o.Pieces = append(o.Pieces, Piece{From: it.from, To: it.end, Kind: it.kind, Top: top})
	}
	return o
}
