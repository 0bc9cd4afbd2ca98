package engine

import (
	"cmp"
	"slices"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/uge"
)

// shape is what a graph is compiled for: rows of one form, padded to one size.
type shape struct {
	rows int
	size uge.Size
}

// planner says how many waiting rows are computed together, and padded to what.
// It depends on the order of its calls alone.
type planner struct {
	round  func(uge.Size) uge.Size
	forget func(uge.Form) // frees the compiled graphs of a form
	graphs int            // most compiled graphs
	batch  int            // most rows
	shapes []shape        // that have been compiled, or are about to be
}

// tolerance is how many times its own cost a batch may cost in a compiled graph
// before another is compiled, where n are compiled.
func (p *planner) tolerance(n int) float64 {
	switch {
	case n < p.graphs/3:
		return 1.25
	case n < 2*p.graphs/3:
		return 1.6
	case n < p.graphs-2:
		return 2.5
	}
	return 0 // whatever it costs
}

// Costs in tokens of the language model, roughly.
const (
	patchCost = 0.5
	tileCost  = 288 // 24 x 24 patches
	nodeCost  = 0.1 // a token of a node's text
)

// rowTokens bounds the cost of a batch: that of Options.Batch rows of so many
// tokens.
const rowTokens = 512

func cost(s uge.Size) float64 {
	c := float64(s.Row.Tokens) + patchCost*float64(s.Row.Images*s.Row.Patches) + tileCost*float64(s.Row.Tiles)
	if s.Form.Graph {
		c += nodeCost*float64(s.Graph.Nodes*s.Graph.Tokens) + float64(s.Graph.Nodes)
	}
	return c
}

// full is the number of rows of a whole batch: a power of two.
func (p *planner) full(size uge.Size) int {
	rows := 1
	for 2*rows <= p.batch && float64(2*rows)*cost(size) <= float64(p.batch)*rowTokens {
		rows *= 2
	}
	return rows
}

// choose returns the shape for so many rows of a size, at most a whole batch.
func (p *planner) choose(count int, need uge.Size) shape {
	own := shape{size: p.round(need)}
	full := p.full(own.size)
	for own.rows = 1; own.rows < min(count, full); {
		own.rows *= 2
	}
	price := func(s shape) float64 {
		calls := (count + s.rows - 1) / s.rows
		return float64(calls*s.rows) * cost(s.size)
	}
	best, found := shape{}, false
	for _, s := range p.shapes {
		if holds(s.size, need) && (!found || price(s) < price(best)) {
			best, found = s, true
		}
	}
	limit := p.tolerance(len(p.shapes))
	if found && (limit == 0 || price(best) <= limit*price(own)) {
		return best
	}
	if len(p.shapes) >= p.graphs {
		p.drop(need.Form)
	}
	if len(p.shapes) >= p.graphs { // all are of other forms
		p.drop(p.shapes[0].size.Form)
	}
	p.shapes = append(p.shapes, own)
	return own
}

// drop frees the graphs of a form.
func (p *planner) drop(form uge.Form) {
	p.forget(form)
	p.shapes = slices.DeleteFunc(p.shapes, func(s shape) bool { return s.size.Form == form })
}

// holds reports whether rows of size b can be padded to size a.
func holds(a, b uge.Size) bool { return a.Form == b.Form && most(a, b) == a }

// most is the larger of each part.
func most(a, b uge.Size) uge.Size {
	return uge.Size{
		Form: a.Form,
		Row: backbone.Size{
			Tokens: max(a.Row.Tokens, b.Row.Tokens), Images: max(a.Row.Images, b.Row.Images),
			Patches: max(a.Row.Patches, b.Row.Patches), Tiles: max(a.Row.Tiles, b.Row.Tiles),
		},
		Graph: graphenc.Size{
			Nodes: max(a.Graph.Nodes, b.Graph.Nodes), Edges: max(a.Graph.Edges, b.Graph.Edges),
			Tokens: max(a.Graph.Tokens, b.Graph.Tokens),
		},
	}
}

// waiting is a row that is ready to be computed.
type waiting struct {
	sum Sum
	row uge.Row
}

// bytes is roughly what the row keeps in memory.
func (w *waiting) bytes() int { return 64 + w.row.Bytes() }

// sortRows puts the largest rows first, those of equal size in the order in
// which they came.
func sortRows(rows []waiting) {
	slices.SortStableFunc(rows, func(a, b waiting) int {
		x, y := a.row.Size, b.row.Size
		return cmp.Or(
			cmp.Compare(cost(y), cost(x)),
			cmp.Compare(y.Row.Tokens, x.Row.Tokens), cmp.Compare(y.Row.Patches, x.Row.Patches),
		)
	})
}

// lookAhead is how many times a batch's rows are looked at for those that go
// together.
const lookAhead = 8

// cut takes the rows of one batch from sorted rows of one form, and says what it
// is padded to. Rows that would make the batch much dearer wait for another.
func (p *planner) cut(rows []waiting) (batch, rest []waiting, s shape) {
	need := rows[0].row.Size
	base := p.round(need)
	full := p.full(base)
	for i, w := range rows {
		if len(batch) == full || i == lookAhead*full {
			rest = append(rest, rows[i:]...)
			break
		}
		joint := most(need, w.row.Size)
		if cost(p.round(joint)) > 1.25*cost(base) {
			rest = append(rest, w)
			continue
		}
		need, batch = joint, append(batch, w)
	}
	s = p.choose(len(batch), need)
	if len(batch) > s.rows {
		rest = append(batch[s.rows:len(batch):len(batch)], rest...)
		batch = batch[:s.rows]
	}
	// A graph that is compiled for more rows than there are has room for others.
	var left []waiting
	for i, w := range rest {
		if len(batch) == s.rows {
			left = append(left, rest[i:]...)
			break
		}
		if holds(s.size, w.row.Size) {
			batch = append(batch, w)
		} else {
			left = append(left, w)
		}
	}
	return batch, left, s
}
