package engine

import (
	"math"
	"math/rand/v2"
	"testing"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/uge"
)

func roundSize(s uge.Size) uge.Size {
	s.Row.Tokens = nn.Bucket(s.Row.Tokens)
	if s.Row.Images > 0 {
		s.Row.Patches = nn.Bucket(s.Row.Patches)
	}
	if s.Form.Graph {
		s.Graph = s.Graph.Bucket()
	}
	return s
}

func randomSize(rng *rand.Rand) uge.Size {
	s := uge.Size{Form: uge.Form{Image: rng.IntN(2) > 0, Graph: rng.IntN(4) == 0}, Row: backbone.Size{Tokens: 5 + rng.IntN(1<<(3+rng.IntN(9)))}}
	if s.Form.Image {
		s.Row.Images, s.Row.Patches = 1, 4*(1+rng.IntN(1<<(1+rng.IntN(10))))
		s.Row.Tokens += s.Row.Patches / 4
	}
	if s.Form.Graph {
		s.Graph = graphenc.Size{Nodes: 1 + rng.IntN(200), Edges: 1 + rng.IntN(500), Tokens: 1 + rng.IntN(30)}
	}
	return s
}

// usualSize is that of a text of 12 to 2000 tokens, or of a picture of 16 to 5000
// patches with a short text.
func usualSize(rng *rand.Rand) uge.Size {
	s := uge.Size{Row: backbone.Size{Tokens: int(12 * math.Exp(5.1*rng.Float64()))}}
	if rng.IntN(2) > 0 {
		s.Form.Image, s.Row.Images, s.Row.Patches = true, 1, 4*int(4*math.Exp(5.7*rng.Float64()))
		s.Row.Tokens = s.Row.Patches/4 + 20 + rng.IntN(40)
	}
	return s
}

// Whatever comes in whatever order: every row is computed once, in a graph that
// holds it, and never more graphs are held than asked for.
func TestPlan(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		live := map[shape]bool{}
		p := planner{round: roundSize, graphs: 4 + rng.IntN(12), batch: 1 + rng.IntN(40)}
		compiled := 0
		p.forget = func(f uge.Form) {
			for s := range live {
				if s.size.Form == f {
					delete(live, s)
				}
			}
		}
		held := map[uge.Form][]waiting{}
		want, got, sorted := 0, map[Sum]bool{}, rng.IntN(2) > 0
		compute := func(form uge.Form) {
			if sorted {
				sortRows(held[form])
			}
			batch, rest, s := p.cut(held[form])
			if len(batch) == 0 || len(batch) > s.rows || len(batch)+len(rest) != len(held[form]) || s.rows > p.batch {
				t.Fatalf("seed %d: %d of %d rows, %d stay, in %+v", seed, len(batch), len(held[form]), len(rest), s)
			}
			for _, w := range batch {
				if !holds(s.size, w.row.Size) || got[w.sum] {
					t.Fatalf("seed %d: a row of %+v in %+v", seed, w.row.Size, s)
				}
				got[w.sum] = true
			}
			held[form] = rest
			if !live[s] {
				live[s] = true
				compiled++
			}
			if len(live) > p.graphs || len(live) != len(p.shapes) {
				t.Fatalf("seed %d: %d graphs held, %d known, limit %d", seed, len(live), len(p.shapes), p.graphs)
			}
		}
		for range 300 {
			w := waiting{}
			w.sum[0], w.sum[1] = byte(want), byte(want>>8)
			want++
			w.row.Size = randomSize(rng)
			form := w.row.Size.Form
			held[form] = append(held[form], w)
			if len(held[form]) > rng.IntN(100) {
				compute(form)
			}
		}
		for form := range held {
			for len(held[form]) > 0 {
				compute(form)
			}
		}
		if len(got) != want {
			t.Errorf("seed %d: %d of %d rows", seed, len(got), want)
		}
	}
}

// A data set of two forms and of sizes over three orders of magnitude, in its
// own order, with the windows of Run: a dozen graphs in all, and not too much
// padding.
func TestDozenGraphs(t *testing.T) {
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 4))
		forgotten := 0
		p := planner{round: roundSize, forget: func(uge.Form) { forgotten++ }, graphs: 12, batch: 32}
		held := map[uge.Form][]waiting{}
		window, useful, padded := 64, 0.0, 0.0
		cut := func(form uge.Form, least int) {
			for len(held[form]) > least {
				sortRows(held[form])
				batch, rest, s := p.cut(held[form])
				for _, w := range batch {
					useful += cost(w.row.Size)
				}
				padded += float64(s.rows) * cost(s.size)
				held[form] = rest
			}
		}
		for range 8000 {
			s := usualSize(rng)
			held[s.Form] = append(held[s.Form], waiting{row: uge.Row{Size: s}})
			if len(held[s.Form]) >= window {
				cut(s.Form, window/2)
				window = min(2*window, 1024)
			}
		}
		for form := range held {
			cut(form, 0)
		}
		if len(p.shapes) > 12 || forgotten > 0 || useful/padded < 0.55 {
			t.Errorf("seed %d: %d graphs, forgotten %d times, %.2f filled", seed, len(p.shapes), forgotten, useful/padded)
		}
		t.Logf("%d graphs, %.2f filled", len(p.shapes), useful/padded)
	}
}
