package osm

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

// box returns the box from the origin to the point.
func box(east, north float64) *orb.Bound {
	return &orb.Bound{Max: orb.Point{east, north}}
}

// read reads a file of the test.
func read(t *testing.T, path string, bound *orb.Bound) (*Map, error) {
	t.Helper()
	src, err := File(path)
	if err != nil {
		return nil, err
	}
	return Read(context.Background(), src, bound)
}

func TestReadMap(t *testing.T) {
	m, err := read(t, "testdata/block.osm", box(0.01, 0.01))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Points) != 1 || m.Points[0].ID != 10 || m.Points[0].Tags["source"] != "" || Name(m.Points[0].Tags) != "Café du Coin" {
		t.Errorf("points: %v", m.Points)
	}
	ways := map[int64]Way{}
	for _, w := range m.Ways {
		ways[w.ID] = w
	}
	// Way 100 is cut behind node 4, the first outside of the box; 102 lies outside; 103 has lost node 999.
	if got := ways[100].Nodes; !slices.Equal(got, []int64{1, 2, 3, 4}) || len(ways[100].Line) != 4 {
		t.Errorf("way 100 runs through %v", got)
	}
	if _, ok := ways[102]; ok {
		t.Error("way 102 lies outside the box and was read")
	}
	if got := ways[103].Nodes; !slices.Equal(got, []int64{1, 6}) {
		t.Errorf("way 103 runs through %v", got)
	}
	if _, ok := ways[207]; !ok {
		t.Error("the roundabout is no way")
	}
	if ways[100].Tags["tiger:cfcc"] != "" || ways[100].Tags["name"] != "Long Street" {
		t.Errorf("tags of way 100: %v", ways[100].Tags)
	}

	areas := map[int64]Area{}
	for _, a := range m.Areas {
		areas[a.ID] = a
	}
	if len(areas) != 4 {
		t.Errorf("%d areas: %v", len(areas), areas)
	}
	lake, ok := areas[300].Geometry.(orb.Polygon)
	if !ok || len(lake) != 2 || !areas[300].Relation {
		t.Fatalf("the lake is %v", areas[300])
	}
	if lake[0].Orientation() != orb.CCW || lake[1].Orientation() != orb.CW {
		t.Error("the rings of the lake turn the wrong way")
	}
	if got, want := planar.Area(lake), 0.003*0.003-0.001*0.001/2; got < want*0.999999 || got > want*1.000001 {
		t.Errorf("the lake without its island has area %g, want %g", got, want)
	}
	wood, ok := areas[301].Geometry.(orb.Polygon)
	if !ok || len(wood) != 2 || areas[301].Tags["name"] != "Old Wood" {
		t.Errorf("the old-style wood is %v", areas[301])
	}
	if _, ok := areas[203]; ok {
		t.Error("the outline of the old-style wood is an area as well")
	}
	if areas[205].Tags["building"] != "yes" || areas[206].Tags["highway"] != "pedestrian" {
		t.Errorf("the building or the square is no area: %v", areas)
	}
	if m.Bound != *box(0.01, 0.01) || m.Extent.Max != (orb.Point{0.02, 0.009}) {
		t.Errorf("bound %v, extent %v", m.Bound, m.Extent)
	}
}

func TestReadWholeExtract(t *testing.T) {
	m, err := read(t, "testdata/block.osm", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Points) != 2 || len(m.Ways) != 5 || m.Bound != m.Extent {
		t.Errorf("%d points, %d ways, bound %v", len(m.Points), len(m.Ways), m.Bound)
	}
}

// TestFormats checks that the same map is read from each kind of file.
func TestFormats(t *testing.T) {
	plain, err := os.ReadFile("testdata/block.osm")
	if err != nil {
		t.Fatal(err)
	}
	want, err := read(t, "testdata/block.osm", nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(plain)
	z.Close()
	gz := filepath.Join(dir, "block.osm.gz")
	write(t, gz, zipped.Bytes())
	for _, path := range []string{gz, "testdata/block.osm.bz2", "testdata/block.osm.pbf"} {
		got, err := read(t, path, nil)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if len(got.Points) != len(want.Points) || len(got.Ways) != len(want.Ways) || len(got.Areas) != len(want.Areas) {
			t.Errorf("%s: %d points, %d ways, %d areas", path, len(got.Points), len(got.Ways), len(got.Areas))
			continue
		}
		for i, w := range want.Ways {
			if !slices.Equal(got.Ways[i].Nodes, w.Nodes) || !got.Ways[i].Line.Equal(w.Line) {
				t.Errorf("%s: way %d differs", path, w.ID)
			}
		}
		for i, a := range want.Areas {
			if !orb.Equal(got.Areas[i].Geometry, a.Geometry) {
				t.Errorf("%s: area %d differs", path, a.ID)
			}
		}
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWrongInputs(t *testing.T) {
	dir := t.TempDir()
	at := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		write(t, path, content)
		return path
	}
	plain, err := os.ReadFile("testdata/block.osm")
	if err != nil {
		t.Fatal(err)
	}
	pbf, err := os.ReadFile("testdata/block.osm.pbf")
	if err != nil {
		t.Fatal(err)
	}
	bz2, err := os.ReadFile("testdata/block.osm.bz2")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		bound      *orb.Bound
		want       []string
	}{
		{"missing", filepath.Join(dir, "none.osm.pbf"), nil, []string{"none.osm.pbf is missing", "give the path"}},
		{"folder", dir, nil, []string{"unknown kind of file"}},
		{"folder by the name of an extract", mkdir(t, dir, "folder.osm"), nil, []string{"folder.osm"}},
		{"unknown ending", at("map.geojson", plain), nil, []string{"map.geojson", ".osm.pbf, .osm, .osm.gz or .osm.bz2"}},
		{"empty", at("empty.osm", nil), nil, []string{"empty.osm is empty", "fetch it again"}},
		{"XML cut short", at("cut.osm", plain[:len(plain)/2]), nil, []string{"cut.osm", "truncated", "fetch it again"}},
		{"XML of something else", at("page.osm", []byte("<html><body>404</body></html>")), nil, []string{"page.osm", "line 1: <html> where <osm> is expected"}},
		{"text", at("text.osm", []byte("no such file\n")), nil, []string{"text.osm"}},
		{"bzip2 cut short", at("cut.osm.bz2", bz2[:len(bz2)/2]), nil, []string{"cut.osm.bz2", "truncated"}},
		{"gzip that is none", at("cut.osm.gz", plain), nil, []string{"cut.osm.gz", "truncated or damaged"}},
		{"pbf that is XML", at("xml.osm.pbf", plain), nil, []string{"xml.osm.pbf", "not a PBF file"}},
		{"pbf with a damaged block", at("bad.osm.pbf", damage(pbf)), nil, []string{"bad.osm.pbf", "damaged"}},
		{"box with no streets", "testdata/block.osm", &orb.Bound{Min: orb.Point{5, 5}, Max: orb.Point{6, 6}},
			[]string{"no streets in the bounding box 5,5,6,6", "block.osm covers -0.001,-0.001,0.021,0.011", "choose a box inside"}},
		{"box without a surface", "testdata/block.osm", &orb.Bound{}, []string{"bounding box 0,0,0,0 is empty"}},
		{"box inside out", "testdata/block.osm", &orb.Bound{Min: orb.Point{1, 1}}, []string{"is empty"}},
	} {
		_, err := read(t, c.path, c.bound)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q does not say %q", c.name, err, w)
			}
		}
		if errors.Is(err, ErrEmptyBox) != (c.name == "box with no streets") {
			t.Errorf("%s: ErrEmptyBox or not: %v", c.name, err)
		}
	}
}

func mkdir(t *testing.T, dir, name string) string {
	path := filepath.Join(dir, name)
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// damage flips the bytes of the last block.
func damage(b []byte) []byte {
	b = bytes.Clone(b)
	for i := len(b) - 64; i < len(b); i++ {
		b[i] ^= 0x55
	}
	return b
}

func TestCancel(t *testing.T) {
	src, err := File("testdata/block.osm")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, src, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// FuzzRead feeds XML to the reader, which must return a map or an error.
func FuzzRead(f *testing.F) {
	plain, err := os.ReadFile("testdata/block.osm")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add([]byte(`<osm><node id="1" lat="x"/></osm>`))
	f.Add([]byte(`<osm><node id="-1" lat="1e300" lon="-1e300"/><way id="1"><nd ref="-1"/><nd ref="-1"/><tag k="highway" v="path"/></way></osm>`))
	f.Add([]byte(`<osm><node id="1" lat="0" lon="0"/><relation id="1"><member type="way" ref="1" role="outer"/><tag k="type" v="multipolygon"/><tag k="natural" v="water"/></relation></osm>`))
	path := filepath.Join(f.TempDir(), "fuzz.osm")
	f.Fuzz(func(t *testing.T, b []byte) {
		write(t, path, b)
		m, err := read(t, path, nil)
		if err != nil {
			return
		}
		for _, w := range m.Ways {
			if len(w.Nodes) != len(w.Line) || len(w.Line) < 2 {
				t.Fatalf("way %d has %d nodes and %d points", w.ID, len(w.Nodes), len(w.Line))
			}
		}
		for _, a := range m.Areas {
			if a.Geometry == nil || planar.Area(a.Geometry) < 0 {
				t.Fatalf("area %d is %v", a.ID, a.Geometry)
			}
		}
	})
}

// TestReadNearOnly reads boxes as those of large extracts are read, where only
// what is near is kept, and compares them with those read at once.
func TestReadNearOnly(t *testing.T) {
	src, err := Builtin("delaware")
	if err != nil {
		t.Fatal(err)
	}
	path, err := src.Locate()
	if err != nil {
		t.Fatal(err)
	}
	for _, box := range []orb.Bound{
		{Min: orb.Point{-75.57, 39.12}, Max: orb.Point{-75.49, 39.19}}, // the borders of the state are far
	} {
		want, _, err := readBox(context.Background(), path, &box, true)
		if err != nil {
			t.Fatal(err)
		}
		got, r, err := readBox(context.Background(), path, &box, false)
		if err != nil {
			t.Fatal(err)
		}
		if r.mixed || len(r.ways) > 30000 {
			t.Errorf("%d ways were kept", len(r.ways))
		}
		inBox := func(b Boundary) bool { return b.Geometry == nil && (b.Level == 0 || b.Level > largeLevel) }
		got.Boundaries, want.Boundaries = slices.DeleteFunc(got.Boundaries, inBox), slices.DeleteFunc(want.Boundaries, inBox)
		got.Faults, want.Faults = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %d points, %d ways, %d areas, %d boundaries, %d labels; want %d, %d, %d, %d, %d", box, len(got.Points), len(got.Ways), len(got.Areas), len(got.Boundaries), len(got.Labels),
				len(want.Points), len(want.Ways), len(want.Areas), len(want.Boundaries), len(want.Labels))
		}
	}
}

// TestReadMixed reads a file whose relations come first and whose nodes last.
func TestReadMixed(t *testing.T) {
	b, err := os.ReadFile("testdata/block.osm")
	if err != nil {
		t.Fatal(err)
	}
	whole := string(b)
	first, last := strings.Index(whole, "<node"), strings.Index(whole, "<way")
	relations, end := strings.Index(whole, "<relation"), strings.Index(whole, "</osm>")
	mixed := whole[:first] + whole[relations:end] + whole[last:relations] + whole[first:last] + whole[end:]
	path := filepath.Join(t.TempDir(), "mixed.osm")
	write(t, path, []byte(mixed))
	want, err := read(t, "testdata/block.osm", box(0.01, 0.01))
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := readBox(context.Background(), path, box(0.01, 0.01), false)
	if err != nil {
		t.Fatal(err)
	}
	got.Source = want.Source
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}
