package ugdata

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// anchorsOn is n anchors at random around a place, within so many metres.
func anchorsOn(r *rand.Rand, n int, at orb.Point, metres float64) []Anchor {
	frame := geo.Frame{Origin: at}
	all := make([]Anchor, n)
	for i := range all {
		p := frame.LonLat(orb.Point{(r.Float64()*2 - 1) * metres, (r.Float64()*2 - 1) * metres})
		if p[0] > 180 {
			p[0] -= 360
		}
		all[i] = Anchor{ID: int64(i + 1), Pos: p}
	}
	return all
}

// Whatever the options, places of different splits are more than the buffer
// apart, over all cities, and of one picture there is one split.
func TestSettleKeepsApart(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		middle := orb.Point{r.Float64()*360 - 180, r.Float64()*160 - 80}
		if round%5 == 0 {
			middle = orb.Point{179.999, r.Float64()*100 - 50} // over the antimeridian
		}
		o := Options{BlockLevel: 13 + r.IntN(4), TestShare: r.Float64() * 0.5, ValShare: r.Float64() * 0.3, Buffer: geo.Metres(100 + r.Float64()*900)}
		if r.IntN(3) == 0 {
			o.Splits.Folds = 2 + r.IntN(5)
			o.Splits.Fold = 1 + r.IntN(o.Splits.Folds)
		}
		cities := [][]Anchor{anchorsOn(r, 300, middle, 3000), anchorsOn(r, 100, middle, 1500), anchorsOn(r, 50, middle, 800)}
		for i := range cities {
			for j := range cities[i] {
				if r.IntN(20) == 0 {
					cities[i][j].Image = fmt.Sprint("picture ", r.IntN(10))
				}
			}
			dealCity(fmt.Sprint("city ", i), i == 2, cities[i], o, r)
		}
		settle(cities, o.Buffer)
		all := slices.Concat(cities...)
		kept := 0
		for i, a := range all {
			if a.Split == Buffer {
				continue
			}
			kept++
			if !slices.Contains(splits, a.Split) {
				t.Fatalf("split %q", a.Split)
			}
			for _, b := range all[:i] {
				if b.Split == Buffer || b.Split == a.Split {
					continue
				}
				if d := geo.Distance(a.Pos, b.Pos); d <= o.Buffer {
					t.Fatalf("round %d: %s and %s are %v apart, the buffer is %v", round, a.Split, b.Split, d, o.Buffer)
				}
				if a.Image != "" && a.Image == b.Image {
					t.Fatalf("round %d: %s is in %s and %s", round, a.Image, a.Split, b.Split)
				}
			}
		}
		if kept < 50 {
			t.Fatalf("round %d: %d of %d places are left", round, kept, len(all))
		}
	}
}

// Each place is a test place in one fold, and folds are about as large.
func TestFolds(t *testing.T) {
	for _, folds := range []int{2, 3, 5, 10} {
		tested := map[int64]int{}
		for fold := 1; fold <= folds; fold++ {
			anchors := anchorsOn(rand.New(rand.NewPCG(3, 4)), 2000, orb.Point{10, 50}, 6000)
			o := Options{BlockLevel: 14, ValShare: 0.1, Splits: SplitPlan{Folds: folds, Fold: fold}}
			dealCity("town", false, anchors, o, rand.New(rand.NewPCG(5, 6)))
			n := 0
			for _, a := range anchors {
				if a.Split == Test {
					tested[a.ID]++
					n++
				}
			}
			if share := float64(n) * float64(folds) / 2000; share < 0.8 || share > 1.25 {
				t.Errorf("fold %d of %d has %d of 2000 places", fold, folds, n)
			}
		}
		for id, n := range tested {
			if n != 1 {
				t.Fatalf("of %d folds %d test place %d", folds, n, id)
			}
		}
		if len(tested) != 2000 {
			t.Errorf("%d folds test %d of 2000 places", folds, len(tested))
		}
	}
}

func box(w, s, e, n float64) orb.Polygon {
	return orb.Polygon{{{w, s}, {e, s}, {e, n}, {w, n}, {w, s}}}
}

func TestSplitAreas(t *testing.T) {
	west, east := box(9.9, 49.9, 10, 50.1), box(10, 49.9, 10.1, 50.1)
	hole := orb.Polygon{west[0], box(9.93, 49.95, 9.97, 50.05)[0]}
	for _, x := range []struct {
		name  string
		areas []SplitArea
		at    map[orb.Point]Split
		dealt []Split // that appear among the rest
	}{
		{"test alone", []SplitArea{{Test, orb.MultiPolygon{west}}}, map[orb.Point]Split{{9.95, 50}: Test}, []Split{Train, Val}},
		{"train and test", []SplitArea{{Train, orb.MultiPolygon{west}}, {Test, orb.MultiPolygon{east}}}, map[orb.Point]Split{{10.05, 50}: Test, {10.5, 50}: Buffer}, nil},
		{"the first counts", []SplitArea{{Val, orb.MultiPolygon{west}}, {Test, orb.MultiPolygon{west}}}, map[orb.Point]Split{{9.95, 50}: Val}, nil},
		{"the first counts again", []SplitArea{{Test, orb.MultiPolygon{west}}, {Val, orb.MultiPolygon{box(9, 49, 11, 51)}}}, map[orb.Point]Split{{9.95, 50}: Test, {10.5, 50}: Val}, nil},
		{"and the other way", []SplitArea{{Val, orb.MultiPolygon{box(9, 49, 11, 51)}}, {Test, orb.MultiPolygon{west}}}, map[orb.Point]Split{{9.95, 50}: Val}, nil},
		{"a hole", []SplitArea{{Buffer, orb.MultiPolygon{hole}}}, map[orb.Point]Split{{9.91, 50}: Buffer}, []Split{Train, Val, Test}},
		{"two parts", []SplitArea{{Test, orb.MultiPolygon{box(-180, -1, -179, 1), box(179, -1, 180, 1)}}}, map[orb.Point]Split{{179.5, 0}: Test, {-179.5, 0}: Test}, nil},
	} {
		anchors := anchorsOn(rand.New(rand.NewPCG(1, 1)), 500, orb.Point{10, 50}, 7000)
		for p := range x.at {
			anchors = append(anchors, Anchor{ID: int64(len(anchors) + 1), Pos: p})
		}
		dealCity("town", false, anchors, Options{BlockLevel: 14, TestShare: 0.2, ValShare: 0.2, Splits: SplitPlan{Areas: x.areas}}, rand.New(rand.NewPCG(1, 1)))
		seen := map[Split]bool{}
		for _, a := range anchors {
			seen[a.Split] = true
			if want, ok := x.at[a.Pos]; ok && a.Split != want {
				t.Errorf("%s: %v is in %s, want %s", x.name, a.Pos, a.Split, want)
			}
		}
		for _, s := range x.dealt {
			if !seen[s] {
				t.Errorf("%s: no place is in %s", x.name, s)
			}
		}
	}
}

func TestWholeCities(t *testing.T) {
	src := gridSources()
	o := gridOptions
	o.Splits.Cities = map[string]Split{"alpha": Test}
	b := gridTown("beta", 5, orb.Point{12, 50})
	src = append(src, Source{City: b, Views: gridViews(b, 500000000000000)})
	d, err := Make(t.Context(), src, o, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Places {
		p := &d.Places[i]
		if (p.City == "alpha") != (p.Split == Test && p.City == "alpha") || (p.City == "omega") != (p.Split == HeldOut) {
			t.Fatalf("a place of %s is in %s", p.City, p.Split)
		}
	}
	if _, err := d.Audit(); err != nil {
		t.Error(err)
	}
}

func TestSplitPlanRefuses(t *testing.T) {
	open := orb.Polygon{{{0, 0}, {1, 0}, {1, 1}, {2, 2}}}
	for _, x := range []struct {
		plan SplitPlan
		want string
	}{
		{SplitPlan{Cities: map[string]Split{"alpha": HeldOut}}, "hold the city out"},
		{SplitPlan{Cities: map[string]Split{"nowhere": Test}}, "names the city nowhere"},
		{SplitPlan{Folds: 5}, "no fold 0 of 5"},
		{SplitPlan{Folds: 5, Fold: 6}, "no fold 6 of 5"},
		{SplitPlan{Fold: 1}, "0 folds cannot be made"},
		{SplitPlan{Areas: []SplitArea{{HeldOut, orb.MultiPolygon{box(0, 0, 1, 1)}}}}, "cannot be held out"},
		{SplitPlan{Areas: []SplitArea{{"tset", orb.MultiPolygon{box(0, 0, 1, 1)}}}}, `its split is "tset"`},
		{SplitPlan{Areas: []SplitArea{{Test, nil}}}, "no polygon"},
		{SplitPlan{Areas: []SplitArea{{Test, orb.MultiPolygon{open}}}}, "not closed"},
		{SplitPlan{Areas: []SplitArea{{Test, orb.MultiPolygon{box(0, 0, 1, 91)}}}}, "not on Earth"},
		{SplitPlan{Areas: []SplitArea{{Test, orb.MultiPolygon{box(math.NaN(), 0, 1, 1)}}}}, "not "},
	} {
		o := gridOptions
		o.Splits = x.plan
		if _, err := Make(t.Context(), gridSources(), o, 1); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%+v gives %v, want %q", x.plan, err, x.want)
		}
	}
}

const splitGeoJSON = `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"split":"test"},"geometry":{"type":"Polygon","coordinates":[[[10,50],[10.1,50],[10.1,50.1],[10,50]]]}},
{"type":"Feature","properties":{"split":"buffer"},"geometry":{"type":"MultiPolygon","coordinates":[[[[11,50],[11.1,50],[11.1,50.1],[11,50]]]]}}]}`

func TestReadSplitAreas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "areas.geojson")
	if err := os.WriteFile(path, []byte(splitGeoJSON), 0o644); err != nil {
		t.Fatal(err)
	}
	areas, err := ReadSplitAreas(path)
	if err != nil || len(areas) != 2 || areas[0].Split != Test || areas[1].Split != Buffer || areas[1].Shape[0][0][0] != (orb.Point{11, 50}) {
		t.Fatalf("areas %+v, %v", areas, err)
	}
	if _, err := ReadSplitAreas(path + "x"); err == nil || !strings.Contains(err.Error(), "areas.geojsonx") {
		t.Errorf("a file that is not there gives %v", err)
	}
	for _, x := range []struct{ old, new, want string }{
		{`"test"`, `"heldout"`, "feature 0: an area cannot be held out"},
		{`"buffer"`, `7`, `feature 1 has no property "split"`},
		{`"Polygon","coordinates":[[[10,50],[10.1,50],[10.1,50.1],[10,50]]]`, `"Point","coordinates":[10,50]`, "feature 0 is a Point"},
		{`[10,50]]]}`, `[10.5,50]]]}`, "feature 0: a ring of 4 points is not closed"},
		{`{"type":"Polygon","coordinates":[[[10,50],[10.1,50],[10.1,50.1],[10,50]]]}`, `null`, "feature 0 has no geometry"},
		{splitGeoJSON, `{"type":"FeatureCollection","features":[]}`, "no features"},
		{splitGeoJSON, `[]`, "no feature collection"},
		{splitGeoJSON, ``, "no feature collection"},
	} {
		if _, err := ParseSplitAreas(strings.NewReader(strings.Replace(splitGeoJSON, x.old, x.new, 1))); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%.60s gives %v, want %q", x.new, err, x.want)
		}
	}
}

func FuzzSplitAreas(f *testing.F) {
	f.Add(splitGeoJSON)
	f.Add(`{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"split":"train"},"geometry":{"type":"GeometryCollection","geometries":[]}}]}`)
	f.Add(`{"type":"FeatureCollection","features":[null]}`)
	f.Fuzz(func(t *testing.T, text string) {
		areas, err := ParseSplitAreas(strings.NewReader(text))
		if err != nil {
			return
		}
		x := newAreaIndex(areas)
		for _, a := range areas {
			if s := x.at(a.Shape[0][0][0]); !slices.Contains(dealtSplits, s) {
				t.Fatalf("a place is in %q", s)
			}
		}
	})
}

// Neighbours are found as by comparing all pairs, at the poles and the
// antimeridian too.
func TestVicinity(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, middle := range []orb.Point{{10, 50}, {179.99, -20}, {-180, 0}, {33, 89.98}, {0, -89.99}, {0, 0}} {
		points := make([]orb.Point, 400)
		for i := range points {
			points[i] = orb.Point{math.Mod(middle[0]+540+r.Float64()*0.2-0.1, 360) - 180, min(90, max(-90, middle[1]+r.Float64()*0.1-0.05))}
		}
		v, n := newVicinity(points[:200], 1500), newNearestOf(points[:200])
		for _, p := range points[200:] {
			least := geo.Metres(math.Inf(1))
			for _, q := range points[:200] {
				least = min(least, geo.Distance(p, q))
			}
			if got := v.any(p, func(int) bool { return true }); got != (least <= 1500) {
				t.Fatalf("around %v: near is %v at %v", middle, got, least)
			}
			if got := n.distance(p); math.Abs(float64(got-least)) > 0.01 {
				t.Fatalf("around %v: the nearest is %v away, want %v", middle, got, least)
			}
		}
	}
	if d := newNearestOf(nil).distance(orb.Point{1, 1}); !math.IsInf(float64(d), 1) {
		t.Errorf("the nearest of none is %v away", d)
	}
}

// Random towns with random options: what is built passes its own audit.
func TestBuiltPassesAudit(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 26))
	built := 0
	for round := range 12 {
		at := orb.Point{r.Float64()*300 - 150, r.Float64()*140 - 70}
		near := geo.Frame{Origin: at}.LonLat(orb.Point{r.Float64() * 3500, r.Float64() * 1500})
		towns := []Source{}
		for i, x := range []struct {
			at orb.Point
			n  int
		}{{at, 8 + r.IntN(4)}, {near, 3 + r.IntN(4)}, {orb.Point{-at[0], -at[1]}, 3}} {
			c := gridTown(fmt.Sprint("town", i), x.n, x.at)
			towns = append(towns, Source{City: c, Views: gridViews(c, int64(i+1)*100000000000000), HeldOut: i == 2 || i == 1 && r.IntN(3) == 0})
		}
		for i := range towns { // pictures that are the same in all towns
			for j := range towns[i].Views.Views {
				if r.IntN(30) == 0 {
					towns[i].Views.Views[j].SHA256 = fmt.Sprint("picture ", r.IntN(8))
				}
			}
		}
		o := Options{
			Radius: geo.Metres(40 + r.Float64()*120), Nodes: 8 + r.IntN(60), Hops: 1 + r.IntN(5), MaxDistance: geo.Metres(300 + r.Float64()*900),
			BlockLevel: 14 + r.IntN(3), TestShare: 0.05 + r.Float64()*0.3, ValShare: r.Float64() * 0.2,
			Recipe: []Recipe{"", RecipeHops, RecipeRadius, RecipePoints}[r.IntN(4)],
		}
		switch r.IntN(4) {
		case 0:
			o.Splits = SplitPlan{Folds: 3, Fold: 1 + r.IntN(3)}
		case 1:
			o.Splits.Areas = []SplitArea{{Test, orb.MultiPolygon{box(at[0], at[1], at[0]+0.01, at[1]+0.01)}}}
		case 2:
			o.WithPaths, o.MaxDistance = true, 300
		}
		d, err := Make(context.Background(), towns, o, uint64(round))
		if err != nil {
			if strings.Contains(err.Error(), "no place is left for training") {
				continue
			}
			t.Fatalf("round %d, %+v: %v", round, o, err)
		}
		built++
		if _, err := d.Audit(); err != nil {
			t.Errorf("round %d, %+v: %v", round, o, err)
		}
		if again, err := Make(context.Background(), towns, o, uint64(round)); err != nil || !reflect.DeepEqual(again.Places, d.Places) || !reflect.DeepEqual(again.Samples, d.Samples) {
			t.Errorf("round %d: made again it is another, %v", round, err)
		}
	}
	if built < 6 {
		t.Errorf("%d of 12 could be built", built)
	}
}
