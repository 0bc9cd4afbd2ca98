package ugbench

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

func makeBench(t testing.TB, o Options) *Bench {
	t.Helper()
	b, err := Make(towns(160), o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMake(t *testing.T) {
	o := DefaultOptions()
	b := makeBench(t, o)
	if len(b.Sets) != 6 {
		t.Fatalf("%d sets, want one for each task and region", len(b.Sets))
	}
	for _, s := range b.Sets {
		t.Run(fmt.Sprint(s.Task, " ", s.Region), func(t *testing.T) {
			texts := map[uint64]bool{}
			for _, item := range s.Gallery {
				if p := s.data.Places[item.Place]; p.Split != s.Region.split() {
					t.Errorf("a place of split %s is in the gallery", p.Split)
				}
				if key := ugdata.TextKey(item.Text); s.Task != Retrieval && texts[key] {
					t.Errorf("text %q is in the gallery twice", item.Text)
				} else {
					texts[key] = true
				}
			}
			asked := map[string]bool{}
			topped := 0
			for _, q := range s.Queries {
				if asked[q.ID] {
					t.Errorf("query %s comes twice", q.ID)
				}
				asked[q.ID] = true
				topped += q.ToppedUp
				checkQuery(t, s, q)
			}
			if s.Task == GeolocationNames && topped != 0 && s.Region == HeldOutCity {
				t.Errorf("%d candidates topped up where there are no others", topped)
			}
		})
	}
	again := makeBench(t, o)
	for i := range b.Sets {
		if !reflect.DeepEqual(b.Sets[i].Queries, again.Sets[i].Queries) {
			t.Error("another benchmark from the same seed")
		}
	}
	o.Seed = 2
	if other := makeBench(t, o); reflect.DeepEqual(b.Sets[0].Queries[0].Candidates, other.Sets[0].Queries[0].Candidates) {
		t.Error("the same candidates from another seed")
	}
}

// checkQuery checks what holds for every query.
func checkQuery(t *testing.T, s *Set, q Query) {
	t.Helper()
	anchor := &s.data.Places[q.Place]
	if len(q.Candidates) < 2 || len(q.Candidates) > s.Options.Candidates {
		t.Errorf("%s has %d candidates", q.ID, len(q.Candidates))
	}
	if q.Candidates[q.Truth] != s.itemOf[q.Place] {
		t.Errorf("%s: the truth is not the anchor's item", q.ID)
	}
	seen := map[int]bool{}
	topped := 0
	for i, c := range q.Candidates {
		if seen[c] {
			t.Errorf("%s: candidate %d comes twice", q.ID, c)
		}
		seen[c] = true
		if i == q.Truth {
			continue
		}
		if s.Task == Retrieval {
			p := &s.data.Places[s.Gallery[c].Place]
			d := geo.Distance(anchor.Pos, p.Pos)
			if d < s.Options.MinDistance {
				t.Errorf("%s: a candidate lies at %v", q.ID, d)
			}
			if p.City != anchor.City || d > s.Options.MaxDistance {
				topped++
			}
			if q.Kind == ugdata.SCC && p.Caption == q.Text {
				t.Errorf("%s: a second right answer by caption", q.ID)
			}
			if q.Kind == ugdata.SRP {
				dest := s.destination(anchor, q.Text)
				for _, path := range p.Paths {
					if p.City == anchor.City && path.Destination == dest {
						t.Errorf("%s: a second right answer by destination", q.ID)
					}
				}
			}
		} else if ugdata.TextKey(s.Gallery[c].Text) == ugdata.TextKey(s.text(anchor)) {
			t.Errorf("%s: a second right answer by text", q.ID)
		}
	}
	if s.Task == Retrieval && topped != q.ToppedUp {
		t.Errorf("%s: %d topped up, counted %d", q.ID, topped, q.ToppedUp)
	}
}

func TestTruthIsAnywhere(t *testing.T) {
	s, err := makeBench(t, DefaultOptions()).Set(Retrieval, TrainingCities)
	if err != nil {
		t.Fatal(err)
	}
	at := make([]int, 20)
	for _, q := range s.Queries {
		at[q.Truth]++
	}
	for i, n := range at {
		if n == 0 || n > len(s.Queries)/5 {
			t.Errorf("the truth is candidate %d in %d of %d queries", i, n, len(s.Queries))
		}
	}
}

func TestEveryPlaceBeforeAnyTwice(t *testing.T) {
	o := DefaultOptions()
	full, err := makeBench(t, o).Set(Retrieval, HeldOutCity)
	if err != nil {
		t.Fatal(err)
	}
	places := len(full.Gallery)
	kinds := map[ugdata.PairKind]int{}
	seen := map[int]bool{}
	for _, q := range full.Queries[:places] {
		seen[q.Place] = true
		kinds[q.Kind]++
	}
	if len(seen) != places {
		t.Errorf("the first %d queries ask about %d places", places, len(seen))
	}
	if kinds[ugdata.SRP] < places/5 || kinds[ugdata.SCC] < places/5 {
		t.Errorf("kinds = %v", kinds)
	}
	o.QueriesPerTask = 33
	few, err := makeBench(t, o).Set(Retrieval, HeldOutCity)
	if err != nil {
		t.Fatal(err)
	}
	if len(few.Queries) != 33 || !reflect.DeepEqual(few.Queries, full.Queries[:33]) {
		t.Errorf("the limit does not take the first queries: %d", len(few.Queries))
	}
}

func TestGrammarOption(t *testing.T) {
	o := DefaultOptions()
	for _, grammar := range []bool{false, true} {
		o.Grammar = grammar
		s, err := makeBench(t, o).Set(Retrieval, TrainingCities)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range s.Queries {
			if q.Kind == ugdata.SRP && strings.HasPrefix(q.Text, "(") != grammar {
				t.Fatalf("Grammar %v: text %q", grammar, q.Text)
			}
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	good := DefaultOptions()
	for want, o := range map[string]Options{
		"nothing to rank": {Candidates: 1, MaxDistance: 1},
		"no distances":    {Candidates: 20, MinDistance: 100, MaxDistance: 50},
		"no limit":        {Candidates: 20, MaxDistance: 50, QueriesPerTask: -1},
	} {
		if _, err := Make(towns(8), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
	if _, err := Make(&ugdata.Dataset{}, good); err == nil || !strings.Contains(err.Error(), "no two test places") {
		t.Errorf("error = %v", err)
	}
	d := towns(8)
	d.Places = slices.DeleteFunc(d.Places, func(p ugdata.Place) bool { return p.Split == ugdata.HeldOut })
	b, err := Make(d, good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Set(Geolocation, HeldOutCity); err == nil || !strings.Contains(err.Error(), "training cities") {
		t.Errorf("error = %v, want the sets that there are", err)
	}
}

func TestRedraw(t *testing.T) {
	s, err := makeBench(t, DefaultOptions()).Set(Retrieval, HeldOutCity)
	if err != nil {
		t.Fatal(err)
	}
	before := s.Queries[0].Candidates[0]
	for _, n := range []int{20, 100, 0} {
		r, err := s.Redraw(n, 5)
		if err != nil {
			t.Fatal(err)
		}
		want := n
		if n == 0 {
			want = len(s.Gallery)
		}
		for _, q := range r.Queries {
			checkQuery(t, r, q)
			if n == 20 && len(q.Candidates) != n || n == 100 && len(q.Candidates) < 80 || len(q.Candidates) > want {
				t.Errorf("pool of %d: %s has %d candidates", n, q.ID, len(q.Candidates))
			}
		}
	}
	if s.Queries[0].Candidates[0] != before || s.Options.Candidates != 20 {
		t.Error("Redraw changed the set")
	}
	if _, err := s.Redraw(1, 1); err == nil {
		t.Error("Redraw(1) gives no error")
	}
}

func TestRowsRoundTrip(t *testing.T) {
	b := makeBench(t, DefaultOptions())
	for _, s := range b.Sets {
		var buf bytes.Buffer
		if err := s.WriteRows(&buf); err != nil {
			t.Fatal(err)
		}
		rows, err := ReadRows(&buf)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range rows {
			if want := s.row(&s.Queries[i]); !reflect.DeepEqual(r, want) {
				t.Fatalf("row = %+v, want %+v", r, want)
			}
		}
		again, err := readSet(b.Data, s.Task, s.Region, s.Options, rows)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again, s) {
			t.Errorf("%s in %s differs after writing and reading", s.Task, s.Region)
		}
		rows[0].CandidatePlaces[0], rows[0].CandidatePlaces[1] = rows[0].CandidatePlaces[1], rows[0].CandidatePlaces[0]
		if _, err := readSet(b.Data, s.Task, s.Region, s.Options, rows); err == nil || !strings.Contains(err.Error(), rows[0].ID) {
			t.Errorf("rows of other candidates: %v", err)
		}
		rows[0].Place = "north/1"
		if _, err := readSet(b.Data, s.Task, s.Region, s.Options, rows); err == nil || !strings.Contains(err.Error(), "north/1") {
			t.Errorf("rows of another dataset: %v", err)
		}
	}
}

func TestReadRowsOfTheReference(t *testing.T) {
	rows, err := ReadRows(strings.NewReader(`{"messages":[{"role":"user","content":"<image>Where?"}],"images":"a.jpg","graphs":["g.pkl"],"candidates":["x","y"],"ground_truth":"y","question_type":"nearest","coordinates":[103.8,1.3]}

{"images":["a.jpg","b.jpg"],"candidates":["x","y"],"ground_truth":"x","ground_truth_idx":0,"query_type":"q","image_coords":[1,2]}`))
	if err != nil {
		t.Fatal(err)
	}
	if r := rows[0]; !slices.Equal(r.Images, []string{"a.jpg"}) || r.GroundTruthIdx != 1 || r.QueryType != "nearest" || r.ImageCoords != [2]float64{103.8, 1.3} {
		t.Errorf("row = %+v", r)
	}
	if r := rows[1]; len(r.Images) != 2 || r.ImageCoords != [2]float64{1, 2} {
		t.Errorf("row = %+v", r)
	}
	for _, bad := range []string{
		`{`, `[]`, `{"candidates":[]}`, `{"candidates":["x"],"ground_truth":"y"}`,
		`{"candidates":["x","y"],"ground_truth":"x","ground_truth_idx":1}`, `{"candidates":["x"],"ground_truth":"x","ground_truth_idx":7}`,
		`{"candidates":["x"],"ground_truth":"x","images":5}`,
	} {
		if _, err := ReadRows(strings.NewReader("\n" + bad)); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("ReadRows(%s) = %v, want an error that names line 2", bad, err)
		}
	}
}

func FuzzReadRows(f *testing.F) {
	f.Add([]byte(`{"images":"a","candidates":["x"],"ground_truth":"x"}`))
	f.Add([]byte("{\"candidates\":[\"x\",\"y\"],\"ground_truth\":\"y\",\"ground_truth_idx\":1,\"image_coords\":[1,2]}\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := ReadRows(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, r := range rows {
			if r.Candidates[r.GroundTruthIdx] != r.GroundTruth {
				t.Errorf("truth of %+v", r)
			}
		}
	})
}

func TestEvaluate(t *testing.T) {
	for _, s := range makeBench(t, DefaultOptions()).Sets {
		rng := rand.New(rand.NewPCG(1, 1))
		gallery := vectors(rng, len(s.Gallery), 16)
		queries := make([][]float32, len(s.Queries))
		for i, q := range s.Queries {
			queries[i] = gallery[q.Candidates[q.Truth]]
		}
		r, err := s.Evaluate("oracle", queries, gallery)
		if err != nil {
			t.Fatal(err)
		}
		if r.Metrics[Hit1].Value != 1 || r.Metrics[NDCG5].Value != 1 || r.N != len(queries) || r.Images != "rendered" {
			t.Errorf("oracle: %+v", r.Metrics)
		}
		if r, err = s.Evaluate("random", vectors(rng, len(s.Queries), 16), gallery); err != nil {
			t.Fatal(err)
		}
		if e, chance := r.Metrics[Hit5], r.Chance[Hit5].Value; e.Low > chance+0.05 || e.High < chance-0.05 {
			t.Errorf("random vectors: %s in %s Hit@5 = %v with chance %v", s.Task, s.Region, e, chance)
		}
		constant := make([][]float32, len(s.Gallery))
		for i := range constant {
			constant[i] = gallery[0]
		}
		if r, err = s.Evaluate("constant", queries, constant); err != nil {
			t.Fatal(err)
		}
		if r.Metrics[Hit1].Value != 0 || r.Ranks[0] != float64(len(s.Queries[0].Candidates)+1)/2 {
			t.Errorf("a model that tells nothing apart: Hit@1 %v, rank %v", r.Metrics[Hit1], r.Ranks[0])
		}
		r.Took(2)
		if r.PerSecond != float64(r.N)/2 {
			t.Errorf("%v queries a second", r.PerSecond)
		}
	}
}

func TestEvaluateRefuses(t *testing.T) {
	s, err := makeBench(t, DefaultOptions()).Set(Geolocation, TrainingCities)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for what, breakIt := range map[string]func(q, g [][]float32){
		s.Queries[3].ID:  func(q, g [][]float32) { q[3][1] = nan },
		"gallery item 2": func(q, g [][]float32) { g[2][0] = inf },
		"not 1":          func(q, g [][]float32) { q[0][0] += 2 },
		"beside one":     func(q, g [][]float32) { g[5] = g[5][1:] },
	} {
		q, g := vectors(rng, len(s.Queries), 8), vectors(rng, len(s.Gallery), 8)
		breakIt(q, g)
		if _, err := s.Evaluate("m", q, g); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error = %v, want %q", err, what)
		}
	}
	if _, err := s.Evaluate("m", nil, nil); err == nil {
		t.Error("Evaluate takes no vectors")
	}
	_, err = s.Score("m", func(q int, scores []float64) error {
		scores[0] = math.NaN()
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), s.Queries[0].ID) || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("error = %v, want one that names the query", err)
	}
}

func TestOriginOfImages(t *testing.T) {
	d := towns(8)
	d.Places[len(d.Places)-1].Origin = streetview.Photo
	b, err := Make(d, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range b.Sets {
		want := "rendered"
		if s.Region == HeldOutCity {
			want = "photographed and rendered"
		}
		if got := s.origin(); got != want {
			t.Errorf("%s: %q, want %q", s.Region, got, want)
		}
	}
}

func results(t *testing.T) []*Result {
	t.Helper()
	var list []*Result
	for _, s := range makeBench(t, DefaultOptions()).Sets[:2] {
		for i, name := range []string{"stage 1", "stage 2 | graph"} {
			rng := rand.New(rand.NewPCG(uint64(i), 1))
			r, err := s.Evaluate(name, vectors(rng, len(s.Queries), 8), vectors(rng, len(s.Gallery), 8))
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, r)
		}
	}
	list[0].Took(10)
	return list
}

func TestReport(t *testing.T) {
	list := results(t)
	c, err := Compare(list[1], list[0], 1)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "results.json")
	report := &Report{Results: list, Comparisons: []Comparison{c}}
	for range 2 { // also over an old one
		if err := report.Write(file); err != nil {
			t.Fatal(err)
		}
	}
	again, err := ReadReport(file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, report) {
		t.Error("the report differs after writing and reading")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v", len(entries), err)
	}
	list[0].Metrics[NDCG5] = Estimate{Value: 0.9}
	if err := report.Write(file); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadReport(file); err == nil || !strings.Contains(err.Error(), "impossible") {
		t.Errorf("error = %v", err)
	}
	if err := report.Write(filepath.Join(dir, "none", "results.json")); err == nil {
		t.Error("no error for a folder that is not there")
	}
	for _, bad := range []string{"", "{", `{"results":[null]}`, `{"results":[{"n":2,"ranks":[1]}]}`, `{"results":[{"n":1,"ranks":[0]}]}`} {
		if err := os.WriteFile(file, []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadReport(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("ReadReport of %q: %v", bad, err)
		}
	}
}

func FuzzParseReport(f *testing.F) {
	f.Add([]byte(`{"results":[{"model":"m","n":1,"ranks":[1.5],"metrics":{"Hit@1":{"value":0.5}}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := parseReport(data); err == nil {
			Table(r.Results)
		}
	})
}

func TestTables(t *testing.T) {
	list := results(t)
	slices.Reverse(list) // the table has its own order
	header, rows := Table(list)
	if len(rows) != 6 {
		t.Fatalf("%d rows, want two sets of a chance row and two models", len(rows))
	}
	if got := strings.Join(header, ", "); got != "Task, Region, Images, Candidates, Model, n, Hit@1, Hit@5, NDCG@5, MRR, queries/s" {
		t.Errorf("header = %s", got)
	}
	if got := strings.Join(rows[0][:6], ", "); got != "geolocation, training cities, rendered, 20, chance, 200" || rows[0][7] != "25.0" || rows[0][8] != "14.7" {
		t.Errorf("chance row = %v", rows[0])
	}
	for _, row := range rows {
		if len(row) != len(header) {
			t.Errorf("row = %v", row)
		}
	}
	write := func(f func(*bytes.Buffer) error) string {
		var b bytes.Buffer
		if err := f(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := write(func(b *bytes.Buffer) error { return WriteText(b, header, rows) })
	if lines := strings.Split(text, "\n"); len(lines) != 9 || strings.Count(text, "training cities") != 2 || strings.Index(lines[0], "Hit@5") != strings.Index(lines[2], "25.0") {
		t.Errorf("text:\n%s", text)
	}
	md := write(func(b *bytes.Buffer) error { return WriteMarkdown(b, header, rows) })
	if !strings.Contains(md, `stage 2 \| graph`) || !strings.Contains(md, "| --- |") {
		t.Errorf("Markdown:\n%s", md)
	}
	rows[1][4] = "<b>"
	h := write(func(b *bytes.Buffer) error { return WriteHTML(b, header, rows) })
	if !strings.Contains(h, "&lt;b&gt;") || strings.Count(h, "<tr>") != 7 {
		t.Errorf("HTML:\n%s", h)
	}
	if _, rows := Table(list[:1], Margin, "unknown"); !strings.Contains(rows[1][6], "[-") || rows[1][7] != "" {
		t.Errorf("margin row = %v", rows[1])
	}
	c, err := Compare(list[0], list[1], 1)
	if err != nil {
		t.Fatal(err)
	}
	header, rows = ComparisonTable([]Comparison{c})
	if len(rows) != 1 || len(rows[0]) != len(header) {
		t.Errorf("comparison table = %v", rows)
	}
}

func Example() {
	bench, err := Make(towns(100), DefaultOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := bench.Set(Retrieval, TrainingCities)
	if err != nil {
		fmt.Println(err)
		return
	}
	// A model embeds set.Queries and set.Gallery; here the queries get the very
	// vectors of their right answers.
	gallery := vectors(rand.New(rand.NewPCG(1, 2)), len(set.Gallery), 8)
	queries := make([][]float32, len(set.Queries))
	for i, q := range set.Queries {
		queries[i] = gallery[q.Candidates[q.Truth]]
	}
	result, err := set.Evaluate("oracle", queries, gallery)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.N, result.Metrics[Hit5].Value, result.Chance[Hit5].Value)
	// Output: 251 1 0.25
}
