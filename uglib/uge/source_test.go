package uge

import (
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/vision"
)

// street is a dataset of n places along one street with a shop, each with an
// image file of its own.
func street(t testing.TB, n int) *ugdata.Dataset {
	t.Helper()
	frame := geo.Frame{Origin: orb.Point{10, 50}}
	at := func(x, y float64) orb.Point { return frame.LonLat(orb.Point{x, y}) }
	c := &city.City{Name: "town", Title: "Town", Frame: frame, Nodes: []city.Node{
		{OSM: 1, Kind: city.Street, Name: "Long Street", Category: "residential", Type: "residential", Geometry: orb.LineString{at(0, 0), at(2000, 0)}},
		{OSM: 2, Kind: city.POI, Name: "Shop", Category: "commercial", Type: "bakery", Geometry: at(100, 15)},
	}}
	ds := &ugdata.Dataset{Cities: map[string]*city.City{"town": c}}
	dir := t.TempDir()
	for i := range n {
		p := ugdata.Place{ID: int64(i), City: "town", Pos: at(1500, 3), Image: filepath.Join(dir, fmt.Sprintf("%d.jpg", i)),
			Graph: ugdata.Subgraph{Nodes: []city.NodeID{city.None, 0, 1}, Edges: []ugdata.SubEdge{{From: 0, To: 1, Type: city.Nearest, Distance: 3, Bearing: 180}, {From: 2, To: 1, Type: city.Crosses, Distance: 15, Bearing: 180}}}}
		ds.Places = append(ds.Places, p)
		f, err := os.Create(p.Image)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(jpeg.Encode(f, picture(uint64(i), 96, 64), nil), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return ds
}

func TestSourceInput(t *testing.T) {
	m := tinyGraphModel(t)
	ds := street(t, 2)
	s := NewSource(m, ds)
	for text, want := range map[string]Form{"x": {}, "<image>x": {Image: true}, "<graph>x": {Graph: true}, "<image><graph>x": {true, true}} {
		in, err := s.Input(1, text)
		if err != nil {
			t.Fatal(err)
		}
		if formOf(in) != want || in.Text != text {
			t.Errorf("%q became %+v with text %q", text, formOf(in), in.Text)
		}
		if _, err := m.Batch([]Input{in}, 1); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	in, err := s.Input(0, "<image><graph>")
	if err != nil {
		t.Fatal(err)
	}
	g := in.Graph
	if g.Center != 0 || len(g.Nodes) != 3 || len(g.Edges) != 2 {
		t.Fatalf("graph %+v", g)
	}
	p := &ds.Places[0]
	if g.Nodes[0].At != p.Pos || g.Nodes[0].Kind != graphenc.ImageKind || m.Tokenizer.Decode(g.Nodes[0].Tokens) != "street view image" {
		t.Errorf("image node %+v", g.Nodes[0])
	}
	// The street lies at its nearest point, 3 m south, not at its middle, 500 m west.
	if d := geo.Distance(g.Nodes[1].At, p.Pos); d < 2.9 || d > 3.1 {
		t.Errorf("street node is %v from the image, want 3 m", d)
	}
	if g.Nodes[1].Kind != 1+int(city.Street) || g.Nodes[2].Kind != 1+int(city.POI) {
		t.Errorf("kinds %d and %d", g.Nodes[1].Kind, g.Nodes[2].Kind)
	}
	if got, want := m.Tokenizer.Decode(g.Nodes[2].Tokens), ugdata.NodeText(ds.Cities["town"], 1); got != want {
		t.Errorf("node text %q, want %q", got, want)
	}
	if e := g.Edges[1]; e != (graphenc.Edge{From: 2, To: 1, Type: int(city.Crosses), Distance: 15, Bearing: 180}) {
		t.Errorf("edge %+v", e)
	}
}

// TestSourceReadsImagesOnce: after Prepare the files are not needed any more,
// and what comes is what the processor makes of the file.
func TestSourceReadsImagesOnce(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 60})
	ds := street(t, 5)
	direct := NewSource(m, ds)
	s := NewSource(m, ds)
	if err := s.Prepare(context.Background(), []int{0, 1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	for i := range ds.Places {
		want, err := direct.Input(i, "<image>")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(ds.Places[i].Image); err != nil {
			t.Fatal(err)
		}
		got, err := s.Input(i, "<image>")
		if err != nil {
			t.Fatalf("place %d was not kept: %v", i, err)
		}
		if !reflect.DeepEqual(got.Images, want.Images) {
			t.Errorf("place %d: another image", i)
		}
	}
	again, err := s.Input(3, "<image>")
	if err != nil {
		t.Fatal(err)
	}
	if p := again.Images[0].(vision.Patches); p.Grid != [3]int{1, 2, 4} {
		t.Errorf("image of 96x64 pixels became patches %v", p.Grid)
	}
}

// TestSourceEqualsProcessor: the kept small image gives the patches of the
// file itself.
func TestSourceEqualsProcessor(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 60})
	ds := street(t, 1)
	in, err := NewSource(m, ds).Input(0, "<image>")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(ds.Places[0].Image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := jpeg.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Processor.Prepare(img)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(in.Images[0], want) {
		t.Error("patches of the source differ from those of the processor")
	}
}

func TestSourceErrors(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 60})
	ds := street(t, 4)
	missing, corrupt, thin := ds.Places[0].Image, ds.Places[1].Image, ds.Places[2].Image
	if err := os.Remove(missing); err != nil {
		t.Fatal(err)
	}
	data := readFile(t, filepath.Dir(corrupt), filepath.Base(corrupt))
	if err := os.WriteFile(corrupt, data[:len(data)/3], 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(thin)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(jpeg.Encode(f, picture(1, 2000, 3), nil), f.Close()); err != nil {
		t.Fatal(err)
	}
	for i, path := range []string{missing, corrupt, thin} {
		s := NewSource(m, ds)
		_, err := s.Input(i, "<image>")
		wantError(t, err, path)
		wantError(t, s.Prepare(context.Background(), []int{3, i}), path)
		if _, err := s.Input(i, "no image asked for"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := NewSource(m, ds).Prepare(ctx, []int{3}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestSourceIsSafeForGoroutines is for the race detector.
func TestSourceIsSafeForGoroutines(t *testing.T) {
	m := tinyGraphModel(t)
	s := NewSource(m, street(t, 3))
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			if _, err := s.Input(i%3, "<image><graph>x"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
