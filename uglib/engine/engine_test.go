package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/ugbench"
)

// Vectors do not depend on what an item is computed together with, or padded to,
// in any family, and a dozen graphs do for all sizes.
func TestEqualToOneByOne(t *testing.T) {
	for name, m := range families(t) {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, m, Options{Batch: 8})
			items := mixed(80, 3)
			vectors, s := embed(t, e, items)
			if s.Items != len(items) || s.Encoded+s.Same != len(items) || len(s.Skipped) != 0 {
				t.Errorf("summary %+v", s)
			}
			if s.Graphs > 12 || s.Graphs != len(e.plan.shapes) || s.Graphs != e.Graphs() {
				t.Errorf("%d graphs, %d shapes, %d in all", s.Graphs, len(e.plan.shapes), e.Graphs())
			}
			if s.Filled < 0.35 || s.Filled > 1 {
				t.Errorf("%.2f of the computation is no padding", s.Filled)
			}
			t.Logf("%d items, %d batches, %d graphs, %.2f filled", s.Items, s.Batches, s.Graphs, s.Filled)
			for i := 0; i < len(items); i += 8 {
				if d := distance(vectors[i], alone(t, e, items[i])); d > 1e-5 {
					t.Errorf("item %d (%s): differs by %g from the vector alone", i, items[i].Kind(), d)
				}
			}
		})
	}
}

// The same stream gives the same bits.
func TestDeterministic(t *testing.T) {
	m := tiny(t)
	items := mixed(60, 4)
	first, _ := embed(t, newEngine(t, m, Options{Batch: 8, Workers: 1}), items)
	second, _ := embed(t, newEngine(t, m, Options{Batch: 8, Workers: 5}), items)
	for i := range first {
		if !slices.Equal(first[i], second[i]) {
			t.Errorf("item %d differs by %g", i, distance(first[i], second[i]))
		}
	}
}

// A little memory makes smaller batches, not other vectors.
func TestMemory(t *testing.T) {
	m := tiny(t)
	items := mixed(40, 5)
	want, _ := embed(t, newEngine(t, m, Options{}), items)
	got, s := embed(t, newEngine(t, m, Options{Memory: 1 << 20}), items)
	for i := range want {
		if d := distance(want[i], got[i]); d > 1e-5 {
			t.Errorf("item %d differs by %g", i, d)
		}
	}
	if s.Batches < 2 {
		t.Errorf("summary %+v", s)
	}
}

func TestEachContentOnce(t *testing.T) {
	m := tiny(t)
	rng := rand.New(rand.NewPCG(1, 1))
	dir := t.TempDir()
	one := picture(rng, 40, 60)
	path := filepath.Join(dir, "one.png")
	if err := os.WriteFile(path, one, 0o644); err != nil {
		t.Fatal(err)
	}
	items := []Item{
		{Text: "Elm Street"}, {Image: path}, {Text: "Elm Street"}, {Data: one}, {Text: "Elm Street", Data: one},
		{Data: picture(rng, 40, 60)}, {Image: path, Text: "Elm Street"}, {Text: "Elm Street"}, {Data: []byte("none")}, {Data: []byte("none")},
		{Text: "Elm  Street"},
	}
	e := newEngine(t, m, Options{})
	vectors, s := embed(t, e, items)
	if s.Items != 11 || s.Encoded != 5 || s.Same != 5 || len(s.Skipped) != 2 || s.Known != 0 {
		t.Errorf("summary %+v", s)
	}
	for _, same := range [][]int{{0, 2, 7}, {1, 3}, {4, 6}} {
		for _, i := range same[1:] {
			if !slices.Equal(vectors[same[0]], vectors[i]) {
				t.Errorf("items %d and %d differ", same[0], i)
			}
		}
	}
	for _, pair := range [][2]int{{0, 1}, {1, 4}, {1, 5}, {0, 10}} {
		if distance(vectors[pair[0]], vectors[pair[1]]) < 1e-6 {
			t.Errorf("items %v are alike", pair)
		}
	}
	// Another prompt is another request.
	ask, err := e.o.Instruction.With("Which quarter?")
	if err != nil {
		t.Fatal(err)
	}
	if other, _ := embed(t, newEngine(t, m, Options{Instruction: ask}), items[1:2]); distance(other[0], vectors[1]) < 1e-6 {
		t.Error("the prompt changes nothing")
	}
}

// Items that cannot be used are named, and the others embedded.
func TestBadItems(t *testing.T) {
	m := tiny(t)
	rng := rand.New(rand.NewPCG(2, 1))
	good := picture(rng, 30, 30)
	items := []Item{
		{ID: "a", Text: "Elm Street"},
		{ID: "b", Image: "nowhere.jpg"},
		{ID: "c", Image: "cut.png", Data: good[:len(good)/2]},
		{ID: "d"},
		{ID: "e", Text: "an <image> tag"},
		{ID: "f", Text: "a <|image_pad|> token"},
		{ID: "g", Broken: errors.New("line 7: no object")},
		{ID: "h", Image: "thin.png", Data: picture(rng, 1000, 2)},
		{ID: "i", Data: good},
		{ID: "j", Image: t.TempDir()},
	}
	vectors, s := embed(t, newEngine(t, m, Options{}), items)
	wants := map[string]string{
		"b": "nowhere.jpg", "c": "cannot be decoded", "d": "neither a text nor an image", "e": "tag <image>", "f": "write the tag",
		"g": "line 7", "h": "200 times", "j": "directory",
	}
	if len(s.Skipped) != len(wants) || s.Encoded != 2 {
		t.Errorf("summary %+v", s)
	}
	for i, p := range s.Skipped {
		if want := wants[p.ID]; want == "" || !strings.Contains(p.Reason, want) {
			t.Errorf("%s: %q, want %q", p.ID, p.Reason, want)
		}
		if i > 0 && s.Skipped[i-1].Index >= p.Index || items[p.Index].ID != p.ID {
			t.Errorf("problem %d: %+v", i, p)
		}
	}
	for i, v := range vectors {
		if (v == nil) != (wants[items[i].ID] != "") {
			t.Errorf("item %s: vector %v", items[i].ID, v)
		}
	}
}

func TestRunEnds(t *testing.T) {
	m := tiny(t)
	e := newEngine(t, m, Options{Batch: 4})
	items := mixed(50, 6)
	broken := errors.New("broken")
	nothing := Sink{Vectors: func([]Encoded) error { return nil }}
	after := func(n int, err error) iter.Seq2[Item, error] {
		return func(yield func(Item, error) bool) {
			for _, it := range items[:n] {
				if !yield(it, nil) {
					return
				}
			}
			yield(Item{}, err)
		}
	}
	t.Run("stream", func(t *testing.T) {
		if _, err := e.Run(t.Context(), after(20, broken), nothing); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("sink", func(t *testing.T) {
		sink := Sink{Vectors: func([]Encoded) error { return broken }}
		if _, err := e.Run(t.Context(), each(items), sink); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
		sink = Sink{Vectors: nothing.Vectors, Item: func(Result) error { return broken }}
		if _, err := e.Run(t.Context(), each(items), sink); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("ctx", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		sink := Sink{Vectors: func([]Encoded) error { cancel(broken); return nil }}
		if _, err := e.Run(ctx, each(items), sink); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("blocked stream", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		defer close(release)
		_, err := e.Run(ctx, func(yield func(Item, error) bool) {
			yield(items[0], nil)
			cancel()
			<-release
		}, nothing)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("empty", func(t *testing.T) {
		if s, err := e.Run(t.Context(), each(nil), nothing); err != nil || s.Items != 0 || s.Filled != 0 {
			t.Errorf("summary %+v, %v", s, err)
		}
	})
	if vectors, _ := embed(t, e, items[:3]); vectors[2] == nil {
		t.Error("the engine is of no use after errors")
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{Batch: -1}, {Batch: 5000}, {Graphs: 3}, {Workers: -2}, {Memory: 5}, {Instruction: Instruction{Image: "x"}}} {
		if _, err := New(nil, nil, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func TestInstructions(t *testing.T) {
	all, err := DefaultInstructions()
	if err != nil {
		t.Fatal(err)
	}
	// The benchmark asks alike.
	for task, want := range map[string]string{
		"embed image": ugbench.AskWhere, "geolocation image": ugbench.AskWhere, "embed text": "{text}",
		"retrieval-caption text": ugbench.AskCaption + " {text}", "retrieval-path text": ugbench.AskPath + " {text}",
	} {
		name, field, _ := strings.Cut(task, " ")
		in, err := all.Task(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := map[string]string{"image": in.Image, "text": in.Text}[field]; got != want {
			t.Errorf("%s is %q, want %q", task, got, want)
		}
	}
	_, err = all.Task("none")
	wantError(t, err, "none", "geolocation")
	in := all[DefaultTask]
	for _, c := range []struct {
		it   Item
		want string
	}{
		{Item{Text: "Elm"}, "Elm"},
		{Item{Image: "x"}, "<image> " + ugbench.AskWhere},
		{Item{Data: []byte{1}, Text: "Elm"}, "<image> Elm"},
	} {
		if got := in.write(&c.it); got != c.want {
			t.Errorf("%+v is written %q", c.it, got)
		}
	}
	with, err := in.With("Query: {text}")
	if err != nil || with.Image != in.Image || with.Text != "Query: {text}" || with.Both != with.Text {
		t.Errorf("%+v, %v", with, err)
	}
	_, err = in.With("<image> what?")
	wantError(t, err, "leave")
	file := filepath.Join(t.TempDir(), "mine.json")
	for _, c := range []struct{ text, want string }{
		{`{"mine": {"image": "a", "text": "b {text}", "both": "{text}"}}`, ""},
		{`{"mine": {"image": "a", "text": "b", "both": "{text}"}}`, "without {text}"},
		{`{"mine": {"image": "{text}", "text": "{text}", "both": "{text}"}}`, "with {text}"},
		{`{"mine": {"text": "{text}", "both": "{text}"}}`, `"image" is empty`},
		{`{"mine": {"picture": "a"}}`, "picture"},
		{`{}`, "no task"},
		{`[]`, "mine.json"},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := LoadInstructions(file)
		switch {
		case c.want != "":
			wantError(t, err, c.want)
		case err != nil || got["mine"].Text != "b {text}":
			t.Errorf("%v, %v", got, err)
		}
	}
}

// A stream of more forms and sizes than there are graphs frees some, and loses
// nothing.
func TestFewGraphs(t *testing.T) {
	m := tiny(t)
	e := newEngine(t, m, Options{Graphs: 4, Batch: 4})
	items := mixed(80, 9)
	// From small to large, one at a time: nothing that is compiled holds the next.
	for i := range items[:10] {
		items[i] = Item{ID: fmt.Sprint(i), Text: strings.Repeat("Elm ", 1+i*i)}
		embed(t, e, items[i:i+1])
	}
	vectors, s := embed(t, e, items)
	if n := len(e.plan.shapes); n > 4 || s.Encoded != len(items) {
		t.Errorf("%d shapes, %+v", n, s)
	}
	for i := 0; i < len(items); i += 16 {
		if d := distance(vectors[i], alone(t, e, items[i])); d > 1e-5 {
			t.Errorf("item %d differs by %g", i, d)
		}
	}
}
