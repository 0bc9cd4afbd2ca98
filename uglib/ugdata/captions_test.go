package ugdata

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/caption"
	"urbangraph/uglib/caption/endpoint"
	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

// drawnGrid is a small set of views of a made-up town that is large enough to
// split.
func drawnGrid(t *testing.T) Spec {
	t.Helper()
	c, err := city.FromFile("../ugbench/testdata/grid.osm", "grid", nil)
	if err != nil {
		t.Fatal(err)
	}
	v := streetview.Render(c, 60)
	v.Width, v.Height = 64, 48
	return Spec{Train: []streetview.Spec{v}, Seed: 1, Options: Options{Nodes: 24}}
}

// TestModelCaptions builds a dataset whose captions come from an endpoint, which
// refuses some views.
func TestModelCaptions(t *testing.T) {
	const key = "sk-of-the-test"
	t.Setenv(endpoint.KeyVariables[0], key)
	var asked atomic.Int64
	e := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		text := fmt.Sprintf("**Image:** View number %d.\n\n**Summarization:** Its summary, number %d.", n, n)
		if n%5 == 0 {
			text = "I'm sorry, I can't help with that."
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]any{"content": text}}}})
	}))
	t.Cleanup(e.Close)
	s := store.At(t.TempDir())
	ctx := store.With(t.Context(), s)
	spec := drawnGrid(t)
	spec.Captions = &endpoint.Config{URL: e.URL + "/v1", Model: "eye"}
	d, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	model, template := 0, 0
	for i := range d.Places {
		p := &d.Places[i]
		switch p.CaptionBy {
		case ByModel:
			model++
			if !strings.HasPrefix(p.Caption, "View number ") || !strings.HasPrefix(p.Summary, "Its summary, number ") {
				t.Errorf("place %d: %q, %q", p.ID, p.Caption, p.Summary)
			}
		case ByTemplate:
			template++
			if !strings.HasPrefix(p.Caption, "Facing ") || !strings.HasPrefix(p.Summary, "The camera ") {
				t.Errorf("place %d: %q, %q", p.ID, p.Caption, p.Summary)
			}
		default:
			t.Errorf("place %d has its caption by %q", p.ID, p.CaptionBy)
		}
		if p.NamesOnly == "" {
			t.Errorf("place %d has no names", p.ID)
		}
	}
	if want := int(asked.Load()) / 5; template == 0 || template > want || model < 3*template {
		t.Errorf("%d captions by the model, %d from templates after %d requests", model, template, asked.Load())
	}
	// Captions and summaries are both trained on, in both stages.
	texts := map[string]int{}
	for _, x := range d.Samples {
		if x.Kind == SCC && d.Places[x.Place].CaptionBy == ByModel {
			texts[strings.Fields(x.Positive)[0]+fmt.Sprint(x.Stage)]++
		}
	}
	if n := texts["View1"]; n == 0 || texts["View2"] != n || texts["Its1"] != n || texts["Its2"] != n {
		t.Errorf("samples by text and stage: %v", texts)
	}
	a, err := s.Lookup(spec)
	if err != nil || a.Manifest.Summary["captions by model"] != float64(model) || a.Manifest.Summary["captions by template"] != float64(template) {
		t.Errorf("summary %v, %v", a.Manifest.Summary, err)
	}
	card, err := os.ReadFile(a.Path("README.md"))
	if err != nil || !strings.Contains(string(card), "were written by the model eye at "+e.URL) {
		t.Errorf("the card does not name the model: %v\n%s", err, card)
	}
	before := asked.Load()
	if again, err := Open(ctx, spec); err != nil || asked.Load() != before || again.Places[3].Caption != d.Places[3].Caption || again.Places[3].Summary != d.Places[3].Summary {
		t.Errorf("%d requests for the second opening, %v", asked.Load()-before, err)
	}
	err = filepath.WalkDir(s.Root(), func(path string, x os.DirEntry, err error) error {
		if err == nil && !x.IsDir() {
			var data []byte
			if data, err = os.ReadFile(path); strings.Contains(string(data), key) {
				t.Errorf("%s holds the key", path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	// Without captions it is another dataset.
	plain := spec
	plain.Captions = nil
	k1, _ := store.Key(spec)
	if k2, err := store.Key(plain); err != nil || k1 == k2 {
		t.Errorf("keys %s and %s, %v", k1, k2, err)
	}
}

func TestCaptionTexts(t *testing.T) {
	c := gridTown("alpha", 8, orb.Point{-75.5, 39.7})
	set := gridViews(c, 1e15)
	texts := map[string]map[string]bool{}
	for _, text := range []string{"", textCaption, textSummary, textBoth} {
		d, err := Make(t.Context(), []Source{{City: c, Views: set}}, Options{CaptionText: text, TestShare: 0.3, BlockLevel: 16, Radius: 50, Nodes: 12}, 1)
		if err != nil {
			t.Fatal(err)
		}
		texts[text] = map[string]bool{}
		for _, s := range d.Samples {
			if s.Kind == SCC {
				first, _, _ := strings.Cut(s.Positive, " ")
				texts[text][first] = true
			}
		}
	}
	if fmt.Sprint(texts) != "map[:map[Facing:true] both:map[Facing:true The:true] caption:map[Facing:true] summary:map[The:true]]" {
		t.Errorf("first words of the texts: %v", texts)
	}
	d, err := Make(t.Context(), []Source{{City: c, Views: set}}, Options{CaptionStyle: caption.Options{Units: caption.Imperial, Things: 1}, TestShare: 0.3, BlockLevel: 16, Radius: 50, Nodes: 12}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if text := d.Places[0].Caption; !strings.Contains(text, " ft") || strings.Count(text, ":") != 1 {
		t.Errorf("caption %q", text)
	}
	for _, o := range []Options{{CaptionText: "long"}, {CaptionStyle: caption.Options{Units: "cubits"}}} {
		if err := o.Check(); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
