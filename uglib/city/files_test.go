package city

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"urbangraph/uglib/internal/geocheck"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/store"
)

func same(a, b *City) error {
	if a.Name != b.Name || a.Title != b.Title || a.Country != b.Country || a.CountryCode != b.CountryCode || a.Credit != b.Credit || a.Bound != b.Bound || a.Frame != b.Frame {
		return fmt.Errorf("headers differ")
	}
	for i := range a.Nodes {
		if i >= len(b.Nodes) || !reflect.DeepEqual(a.Nodes[i], b.Nodes[i]) {
			return fmt.Errorf("node %d differs", i)
		}
	}
	for i := range a.Edges {
		if i >= len(b.Edges) || a.Edges[i] != b.Edges[i] {
			return fmt.Errorf("edge %d differs", i)
		}
	}
	for i := range a.Regions {
		if i >= len(b.Regions) || !reflect.DeepEqual(a.Regions[i], b.Regions[i]) {
			return fmt.Errorf("region %d differs", i)
		}
	}
	for i := range a.Nodes {
		if a.AdminOf(NodeID(i)) != b.AdminOf(NodeID(i)) {
			return fmt.Errorf("node %d lies elsewhere", i)
		}
	}
	for i := range a.Scenery {
		if i >= len(b.Scenery) || !reflect.DeepEqual(a.Scenery[i], b.Scenery[i]) {
			return fmt.Errorf("feature %d differs", i)
		}
	}
	if len(a.Nodes) != len(b.Nodes) || len(a.Edges) != len(b.Edges) || len(a.Regions) != len(b.Regions) || len(a.Scenery) != len(b.Scenery) {
		return fmt.Errorf("sizes differ")
	}
	return nil
}

func TestWriteAndRead(t *testing.T) {
	for _, c := range []*City{town(t), builtin(t, "newark"), {Name: "empty"}} {
		dir := filepath.Join(t.TempDir(), "new", "folder")
		if err := Write(dir, c); err != nil {
			t.Fatal(err)
		}
		got, err := Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC() // nothing read may point into a buffer of the reader
		if err := same(c, got); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		again := filepath.Join(t.TempDir(), "again")
		if err := Write(again, got); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{nodesFile, edgesFile, sceneryFile, regionsFile, cityFile} {
			a, _ := os.ReadFile(filepath.Join(dir, file))
			b, _ := os.ReadFile(filepath.Join(again, file))
			if !bytes.Equal(a, b) {
				t.Errorf("%s: %s is not the same when it is written again", c.Name, file)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestReadDamaged(t *testing.T) {
	good := t.TempDir()
	if err := Write(good, town(t)); err != nil {
		t.Fatal(err)
	}
	content := func(file string) []byte {
		b, err := os.ReadFile(filepath.Join(good, file))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	table := func(rows any) []byte {
		var out bytes.Buffer
		var err error
		switch rows := rows.(type) {
		case []nodeRow: // as many rows as city.json says
			for len(rows) > 0 && len(rows) < 23 {
				rows = append(rows, rows[0])
			}
			err = parquet.Write(&out, rows)
		case []edgeRow:
			for len(rows) < 28 {
				rows = append(rows, rows[0])
			}
			err = parquet.Write(&out, rows)
		case []struct{ X int64 }:
			err = parquet.Write(&out, rows)
		}
		if err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	point, err := wkb.Marshal(orb.Point{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	nodes := content(nodesFile)
	for _, c := range []struct {
		name, file string
		content    []byte // nil removes the file
		want       string
	}{
		{"no city", cityFile, nil, "holds no city.json"},
		{"city.json cut short", cityFile, content(cityFile)[:50], "build it again"},
		{"another version", cityFile, []byte(`{"format":"urbangraph city","version":99}`), "version 99"},
		{"no nodes", nodesFile, nil, "nodes.parquet: the file is missing"},
		{"empty nodes", nodesFile, []byte{}, "damaged: its SHA-256 is not the one in city.json"},
		{"nodes cut short", nodesFile, nodes[:len(nodes)/2], "damaged: its SHA-256 is not the one in city.json"},
		{"another table", nodesFile, table([]struct{ X int64 }{{1}}), `column "id" is missing`},
		{"no rows", nodesFile, table([]nodeRow{}), "nodes.parquet: 0 rows where city.json says 23"},
		{"rows out of order", nodesFile, table([]nodeRow{{ID: 3}}), "row 0: id 3"},
		{"unknown kind", nodesFile, table([]nodeRow{{Kind: "lake"}}), `unknown kind of node "lake"`},
		{"bad tags", nodesFile, table([]nodeRow{{Kind: "poi", Tags: "["}}), "row 0: tags"},
		{"bad geometry", nodesFile, table([]nodeRow{{Kind: "poi", Tags: "{}", shape: shape{Geometry: point[:10]}}}), "row 0: geometry"},
		{"wrong geometry", nodesFile, table([]nodeRow{{Kind: "area", Tags: "{}", shape: shape{Geometry: point}}}), "kind area cannot be a Point"},
		{"street out of range", nodesFile, table([]nodeRow{{Kind: "crossing", Tags: "{}", shape: shape{Geometry: point}, Streets: []int64{1 << 40}}}), "streets: node 1099511627776 of 23"},
		{"edge out of range", edgesFile, table([]edgeRow{{From: 1, To: 23, Type: "nearest"}}), "to: node 23 of 23"},
		{"unknown edge", edgesFile, table([]edgeRow{{Type: "tunnel"}}), `unknown type of edge "tunnel"`},
		{"scenery cut short", sceneryFile, content(sceneryFile)[:100], "scenery.parquet: the file is damaged"},
	} {
		dir := t.TempDir()
		for _, f := range []string{nodesFile, edgesFile, sceneryFile, regionsFile, cityFile} {
			b := content(f)
			if f == c.file {
				b = c.content
			}
			if b == nil {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, f), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.Contains(c.want, "SHA-256") && !strings.Contains(c.want, "damaged") {
			sign(t, dir)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.want)
		}
	}
}

// sign writes the checksums of the tables in a folder into its city.json, so
// that a test gets past them. A folder without a sound city.json stays as it is.
func sign(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, cityFile)
	b, err := os.ReadFile(path)
	var h header
	if err != nil || json.Unmarshal(b, &h) != nil {
		return
	}
	for file, entry := range map[string]*table{nodesFile: &h.Nodes, edgesFile: &h.Edges, sceneryFile: &h.Scenery} {
		if b, err := os.ReadFile(filepath.Join(dir, file)); err == nil {
			entry.SHA256 = fmt.Sprintf("%x", sha256.Sum256(b))
		}
	}
	if b, err = json.Marshal(h); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWriteFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(file, "sub"), town(t)); err == nil || !strings.Contains(err.Error(), "write city town") {
		t.Errorf("below a file: %v", err)
	}
	if err := Write(t.TempDir(), &City{Name: "x", Nodes: []Node{{}}}); err == nil || !strings.Contains(err.Error(), "nodes.parquet: row 0") || !strings.Contains(err.Error(), "no geometry") {
		t.Errorf("a node without a geometry: %v", err)
	}
}

func TestOpen(t *testing.T) {
	s, err := FromFile("testdata/town.osm", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := store.With(context.Background(), store.At(t.TempDir()))
	built, err := Open(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := same(town(t), built); err != nil {
		t.Error(err)
	}
	s.Source.Path = "gone.osm" // the extract is not needed any more
	again, err := Open(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := same(built, again); err != nil {
		t.Error(err)
	}
	s.Bound = orb.Bound{Min: orb.Point{0, 0}, Max: orb.Point{0.003, 0.003}}
	if _, err := Open(ctx, s); err == nil || !strings.Contains(err.Error(), "gone.osm is missing") {
		t.Errorf("another box without the extract: %v", err)
	}
}

// TestOpenFails checks that a build that fails leaves no artefact.
func TestOpenFails(t *testing.T) {
	whole, err := os.ReadFile("testdata/town.osm")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.osm")
	if err := os.WriteFile(path, whole[:len(whole)*2/3], 0o644); err != nil {
		t.Fatal(err)
	}
	st := store.At(t.TempDir())
	ctx := store.With(context.Background(), st)
	s, err := FromFile(path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, s); err == nil || !strings.Contains(err.Error(), "cut.osm") || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("a truncated extract: %v", err)
	}
	if s, err = FromFile("testdata/town.osm", "", &orb.Bound{Min: orb.Point{50, 50}, Max: orb.Point{51, 51}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, s); !errors.Is(err, osm.ErrEmptyBox) {
		t.Errorf("an empty box: %v", err)
	}
	t.Setenv("GOMODCACHE", t.TempDir())
	if s, err = Builtin("dover"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, s); err == nil || !strings.Contains(err.Error(), "go mod download") {
		t.Errorf("a missing built-in extract: %v", err)
	}
	if left, err := st.List(); err != nil || len(left) > 0 {
		t.Errorf("in the store: %v, %v", left, err)
	}
}

// TestOpensElsewhere checks that others read what Write writes.
func TestOpensElsewhere(t *testing.T) {
	c := town(t)
	dir := t.TempDir()
	if err := Write(dir, c); err != nil {
		t.Fatal(err)
	}
	var files []geocheck.File
	for file, rows := range map[string]int{nodesFile: len(c.Nodes), edgesFile: len(c.Edges), sceneryFile: len(c.Scenery), regionsFile: len(c.Regions)} {
		f := geocheck.File{Path: filepath.Join(dir, file), Rows: rows, ID: "osm_id"}
		if file == edgesFile {
			f.ID = "from"
		}
		files = append(files, f)
	}
	geocheck.Files(t, files...)
}

func FuzzDecodeShape(f *testing.F) {
	for _, g := range []orb.Geometry{
		orb.Point{1, 2}, orb.LineString{{1, 2}, {3, 4}}, orb.Polygon{{{0, 0}, {1, 0}, {0, 1}, {0, 0}}}, orb.MultiPolygon{{{{0, 0}, {1, 0}, {0, 1}, {0, 0}}}},
	} {
		b, err := wkb.Marshal(g)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := decodeShape(b)
		if err != nil {
			return
		}
		if g.GeoJSONType() == "" {
			t.Fatalf("%x is a geometry of no type", b)
		}
	})
}

// FuzzReadDamaged changes one byte of one file of a city's folder, which must
// give an error or, in the words of city.json, a city.
func FuzzReadDamaged(f *testing.F) {
	dir := f.TempDir()
	if err := Write(dir, &City{Nodes: []Node{{Kind: POI, Name: "A", Tags: map[string]string{"shop": "x"}, Geometry: orb.Point{1, 2}}}}); err != nil {
		f.Fatal(err)
	}
	files := []string{nodesFile, edgesFile, sceneryFile, regionsFile, cityFile}
	var whole [][]byte
	for i, file := range files {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			f.Fatal(err)
		}
		whole = append(whole, b)
		for at := 0; at < len(b); at += len(b)/8 + 1 {
			f.Add(uint8(i), uint16(at), uint8(0xff))
		}
	}
	f.Fuzz(func(t *testing.T, file uint8, at uint16, value uint8) {
		i := int(file) % len(files)
		b := bytes.Clone(whole[i])
		j := int(at) % len(b)
		b[j] = value
		path := filepath.Join(dir, files[i])
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := Read(dir)
		if err == nil && files[i] != cityFile && value != whole[i][j] {
			t.Fatalf("%s with %#x at byte %d is read as sound", files[i], value, j)
		}
		if err == nil && len(c.Nodes) != 1 {
			t.Fatalf("%d nodes", len(c.Nodes))
		}
		if err := os.WriteFile(path, whole[i], 0o644); err != nil {
			t.Fatal(err)
		}
	})
}

func TestReopen(t *testing.T) {
	made := town(t)
	if _, err := made.KeptAs(); err == nil || !strings.Contains(err.Error(), "was not read from a folder") {
		t.Errorf("a city in memory: %v", err)
	}
	dir := t.TempDir()
	if err := Write(dir, made); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(dir))
	c, err := Read(filepath.Base(dir))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := c.KeptAs()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(os.TempDir()) // another cell may run elsewhere
	var again City
	if err := again.Reopen(ref); err != nil {
		t.Fatal(err)
	}
	if err := same(made, &again); err != nil {
		t.Error(err)
	}
	if twice, err := again.KeptAs(); err != nil || !bytes.Equal(twice, ref) {
		t.Errorf("opened again it is kept as %s, %v, want %s", twice, err, ref)
	}
	if err := new(City).Reopen([]byte("/none")); err == nil || !strings.Contains(err.Error(), "/none") {
		t.Errorf("no folder: %v", err)
	}
}
