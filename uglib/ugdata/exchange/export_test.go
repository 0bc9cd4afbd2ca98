package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"urbangraph/uglib/internal/geocheck"
	"urbangraph/uglib/internal/pyenv"
	"urbangraph/uglib/ugdata"
)

// write writes the test's dataset in all formats, with its images.
func write(dir string) error {
	d, err := once()
	if err != nil {
		return err
	}
	s, err := spec()
	if err != nil {
		return err
	}
	audit, err := d.Audit()
	if err != nil {
		return err
	}
	o := Options{Formats: Formats, Images: true, ShardBytes: 40000, About: ugdata.About{Spec: &s, Audit: &audit}}
	return Export(context.Background(), dir, d, o)
}

var written = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(home, "out")
	return dir, write(dir)
})

// exported is the folder of the test's dataset in all formats, which tests read.
func exported(t *testing.T) (string, *ugdata.Dataset) {
	t.Helper()
	dir, err := written()
	if err != nil {
		t.Fatal(err)
	}
	return dir, dataset(t)
}

// ownExport is a copy of it, which a test may change.
func ownExport(t *testing.T) (string, *ugdata.Dataset) {
	t.Helper()
	dir, d := exported(t)
	own := filepath.Join(t.TempDir(), "out")
	if err := os.CopyFS(own, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return own, d
}

func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		out[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestExportSameBytes(t *testing.T) {
	a, _ := exported(t)
	b := filepath.Join(t.TempDir(), "again")
	if err := write(b); err != nil {
		t.Fatal(err)
	}
	x, y := files(t, a), files(t, b)
	if len(x) != len(y) || len(x) < 100 {
		t.Errorf("%d and %d files", len(x), len(y))
	}
	for name := range x {
		if !bytes.Equal(x[name], y[name]) {
			t.Errorf("%s is another the second time", name)
		}
		if strings.HasPrefix(filepath.Base(name), ".") {
			t.Errorf("%s is left behind", name)
		}
	}
}

// A folder with the tables stands alone: moved elsewhere, it opens.
func TestParquetStandsAlone(t *testing.T) {
	dir, d := ownExport(t)
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	got, err := ugdata.OpenFolder(moved)
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Places {
		want := d.Places[i]
		want.Image = got.Places[i].Image
		if !reflect.DeepEqual(got.Places[i], want) {
			t.Fatalf("place %d comes back as\n%+v\nwant\n%+v", i, got.Places[i], want)
		}
		if !strings.HasPrefix(want.Image, moved) {
			t.Fatalf("its image is %s", want.Image)
		}
		if a, err := os.ReadFile(want.Image); err != nil || !bytes.Equal(a, must(t, d.Places[i].Image)) {
			t.Fatalf("the image of place %d is another, %v", i, err)
		}
	}
	if !reflect.DeepEqual(got.Samples, d.Samples) || len(got.Cities) != 1 {
		t.Error("samples or cities change")
	}
	if _, err := got.Audit(); err != nil {
		t.Error(err)
	}
	for _, x := range []struct{ name, want string }{
		{"cities/grid/city.json", "holds no city.json"}, {"cities/grid", "it is no dataset that stands alone"}, {"paths.parquet", "is missing"},
	} {
		if err := os.RemoveAll(filepath.Join(moved, x.name)); err != nil {
			t.Fatal(err)
		}
		if _, err := ugdata.OpenFolder(moved); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("without %s: %v", x.name, err)
		}
	}
}

func must(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParquetIsGeoParquet(t *testing.T) {
	dir, d := exported(t)
	var ids []int64
	for i := range d.Places {
		ids = append(ids, d.Places[i].ID)
	}
	c := d.Cities["grid"]
	geocheck.Files(t,
		geocheck.File{Path: filepath.Join(dir, "places.parquet"), Rows: len(ids), IDs: ids},
		geocheck.File{Path: filepath.Join(dir, "cities/grid/nodes.parquet"), Rows: len(c.Nodes)},
		geocheck.File{Path: filepath.Join(dir, "cities/grid/edges.parquet"), Rows: len(c.Edges)},
		geocheck.File{Path: filepath.Join(dir, "cities/grid/scenery.parquet"), Rows: len(c.Scenery)},
	)
}

// Rows name images and graphs in the folder.
func TestReferenceStandsAlone(t *testing.T) {
	dir, d := exported(t)
	n := 0
	for _, name := range []string{"train_stage1", "train_stage2", "val_stage1", "val_stage2"} {
		f, err := os.Open(filepath.Join(dir, name+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := ugdata.ReadRows(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			for _, path := range slices.Concat(r.Images, r.Graphs) {
				must(t, filepath.Join(dir, path))
			}
		}
		n += len(rows)
	}
	if n != len(d.Samples) {
		t.Errorf("%d rows of %d samples", n, len(d.Samples))
	}
}

// NetworkX and OSMnx load the graphs; every number of theirs is checked.
func TestGraphML(t *testing.T) {
	dir, d := exported(t)
	c, p := d.Cities["grid"], &d.Places[5]
	place := filepath.Join(dir, "graphml/places", fmt.Sprint(p.ID)+".graphml")
	var got struct {
		Nodes, Edges  int
		Kinds         map[string]int
		CRS           string
		Length        float64
		OSM           string
		Geo           []int
		Center        string
		PlaceNodes    int
		PlaceEdges    int
		Texts         []string
		AreasAreShown bool
	}
	if err := json.Unmarshal(pyenv.Run(t, pyenv.Common(t), "testdata/load_graphml.py", filepath.Join(dir, "graphml/grid.graphml"), place, filepath.Join(dir, "graphml/osmnx/grid.graphml")), &got); err != nil {
		t.Fatal(err)
	}
	kinds, osmSum, length := map[string]int{}, int64(0), 0.0
	for _, n := range c.Nodes {
		kinds[n.Kind.String()]++
		osmSum += n.OSM
	}
	for _, e := range c.Edges {
		length += float64(e.Distance)
	}
	if got.Nodes != len(c.Nodes) || got.Edges != len(c.Edges) || !reflect.DeepEqual(got.Kinds, kinds) || got.CRS != "epsg:4326" || got.OSM != fmt.Sprint(osmSum) {
		t.Errorf("NetworkX reads %+v of %d nodes and %d edges, %v, sum of ids %d", got, len(c.Nodes), len(c.Edges), kinds, osmSum)
	}
	if d := got.Length - length; d > 1e-3 || d < -1e-3 {
		t.Errorf("edges are %v m long, want %v", got.Length, length)
	}
	if !slices.Equal(got.Geo, []int{len(c.Nodes), len(c.Edges)}) {
		t.Errorf("OSMnx makes tables of %v rows", got.Geo)
	}
	if got.Center != fmt.Sprint(p.ID) || got.PlaceNodes != len(p.Graph.Nodes) || got.PlaceEdges != len(p.Graph.Edges) || len(got.Texts) != len(p.Graph.Nodes) {
		t.Errorf("of the place it reads %+v", got)
	}
}

// What NumPy users get of each graph, and with UG_TORCH_PYTHON, the path of a
// Python with torch and torch_geometric, what PyTorch Geometric makes of it.
func TestPyG(t *testing.T) {
	dir, d := exported(t)
	check := func(python, mode string) {
		t.Helper()
		var got []struct {
			ID, City, Split, Caption string
			Y, Nodes, Edges          int
			Center                   []float64
			Kinds                    []int
			Far                      float64
			Texts                    []string
			Back                     bool
			Metres                   float64
			Valid                    bool
		}
		if err := json.Unmarshal(pyenv.Run(t, python, "testdata/load_graphs.py", filepath.Join(dir, "pyg"), mode), &got); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(d.Places) {
			t.Fatalf("%s: %d graphs of %d places", mode, len(got), len(d.Places))
		}
		for i, g := range got {
			p := &d.Places[i]
			c := d.Cities[p.City]
			metres, streets := 0.0, 0
			for _, e := range p.Graph.Edges {
				metres += float64(e.Distance)
			}
			var texts []string
			for _, id := range p.Graph.Nodes {
				texts = append(texts, ugdata.NodeText(c, id))
				if id >= 0 && c.Nodes[id].Kind.String() == "street" {
					streets++
				}
			}
			if g.ID != fmt.Sprint(p.ID) || g.City != p.City || g.Split != string(p.Split) || g.Caption != p.Caption || ugdata.Splits[g.Y] != p.Split ||
				g.Nodes != len(p.Graph.Nodes) || g.Edges != 2*len(p.Graph.Edges) || !slices.Equal(g.Texts, texts) || g.Kinds[0] != 1 || g.Kinds[1] != streets || !g.Back || !g.Valid {
				t.Fatalf("%s: graph %d is %+v of %+v", mode, i, g, p)
			}
			if !slices.Equal(g.Center, []float64{p.Pos[0], p.Pos[1]}) || g.Far > 20000 {
				t.Fatalf("%s: graph %d stands at %v and reaches %v m", mode, i, g.Center, g.Far)
			}
			if x := g.Metres/metres - 2; x > 1e-4 || x < -1e-4 {
				t.Fatalf("%s: edges of graph %d are %v m long, want twice %v", mode, i, g.Metres, metres)
			}
		}
	}
	check(pyenv.Common(t), "numpy")
	if python := os.Getenv("UG_TORCH_PYTHON"); python != "" {
		check(python, "torch")
	} else {
		t.Log("UG_TORCH_PYTHON names no Python with torch_geometric: arrays were read with NumPy alone")
	}
}

func TestShards(t *testing.T) {
	dir, d := exported(t)
	const script = `
import glob, json, sys, webdataset
out = {}
for split in ("train", "val", "test"):
    urls = sorted(glob.glob(f"{sys.argv[1]}/{split}-*.tar"))
    assert split != "train" or len(urls) > 1, urls
    for s in webdataset.WebDataset(urls, shardshuffle=False) if urls else []:
        about = json.loads(s["json"])
        assert about["split"] == split and int(s["__key__"]) == about["id"] and s["txt"].decode() == about["caption"], about
        out[s["__key__"]] = [len(s["jpg"]), len(about["paths"]), len(about["pairs"])]
json.dump(out, sys.stdout)
`
	var got map[string][3]int
	if err := json.Unmarshal(pyenv.Run(t, pyenv.Common(t), "-c", script, filepath.Join(dir, "webdataset")), &got); err != nil {
		t.Fatal(err)
	}
	pairs := map[int]int{}
	for _, s := range d.Samples {
		pairs[s.Place]++
	}
	n := 0
	for i := range d.Places {
		p := &d.Places[i]
		if p.Split == ugdata.Buffer {
			continue
		}
		n++
		if want := [3]int{len(must(t, p.Image)), len(p.Paths), pairs[i]}; got[fmt.Sprintf("%015d", p.ID)] != want {
			t.Errorf("place %d is %v in its shard, want %v", p.ID, got[fmt.Sprintf("%015d", p.ID)], want)
		}
	}
	if n != len(got) {
		t.Errorf("%d samples of %d places", len(got), n)
	}
}

// The card's checksums hold, its front matter is YAML, and its examples run.
func TestCard(t *testing.T) {
	dir, _ := exported(t)
	if out, err := exec.Command("sh", "-c", "cd "+dir+" && sha256sum -c --quiet SHA256SUMS").CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
	card := string(must(t, filepath.Join(dir, "README.md")))
	s, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{s.Train[0].City.Source.SHA256, "Seed 3.", "OpenStreetMap contributors", "`rendered`", "## Audit", "SHA256SUMS", `"Nodes": 12`} {
		if !strings.Contains(card, want) {
			t.Errorf("the card does not say %q", want)
		}
	}
	python := pyenv.Common(t)
	front := pyenv.Run(t, python, "-c", `
import json, sys, yaml
text = open(sys.argv[1], encoding="utf-8").read().split("---\n")[1]
json.dump(yaml.safe_load(text), sys.stdout)
`, filepath.Join(dir, "README.md"))
	var meta struct {
		License []string `json:"license"`
		Configs []struct {
			DataFiles string `json:"data_files"`
		} `json:"configs"`
	}
	if err := json.Unmarshal(front, &meta); err != nil || !slices.Equal(meta.License, []string{"odbl"}) || len(meta.Configs) != 3 {
		t.Errorf("front matter is %s, %v", front, err)
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range []string{"python", "go"} {
		blocks := strings.Split(card, "```"+language+"\n")[1:]
		if want := map[string]int{"python": 5, "go": 2}[language]; len(blocks) != want {
			t.Errorf("%d examples in %s, want %d", len(blocks), language, want)
		}
		for i, b := range blocks {
			code, _, _ := strings.Cut(b, "```")
			file := filepath.Join(t.TempDir(), "main."+map[string]string{"python": "py", "go": "go"}[language])
			if err := os.WriteFile(file, []byte(code), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(python, file)
			if language == "go" {
				program := filepath.Join(filepath.Dir(file), "main")
				build := exec.Command("go", "build", "-o", program, file)
				build.Dir = root
				if out, err := build.CombinedOutput(); err != nil {
					t.Fatalf("%s\n%v\n%s", code, err, out)
				}
				cmd = exec.Command(program)
			}
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil || len(out) == 0 {
				t.Errorf("%s example %d: %v\n%s\n%s", language, i, err, code, out)
			}
		}
	}
}

func TestExportRefuses(t *testing.T) {
	d := dataset(t)
	d.Places[3].ImageSHA256 = strings.Repeat("0", 64)
	err := Export(context.Background(), t.TempDir(), d, Options{Images: true})
	if err == nil || !strings.Contains(err.Error(), "is another file than when the dataset was made") {
		t.Errorf("an image that changed: %v", err)
	}
	d.Places[3].Image = "nowhere.jpg"
	if err := Export(context.Background(), t.TempDir(), d, Options{Formats: []Format{WebDataset}}); err == nil || !strings.Contains(err.Error(), "nowhere.jpg") {
		t.Errorf("an image that is gone: %v", err)
	}
	if err := Export(context.Background(), t.TempDir(), d, Options{Formats: []Format{"x"}}); err == nil {
		t.Error("a format x is taken")
	}
	delete(d.Cities, "grid")
	if err := Export(context.Background(), t.TempDir(), d, Options{}); err == nil || !strings.Contains(err.Error(), "is not open") {
		t.Errorf("without its city: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Export(ctx, t.TempDir(), dataset(t), Options{Formats: Formats}); err == nil {
		t.Error("an export that is over before it begins is no error")
	}
}

func TestParseFormats(t *testing.T) {
	for _, x := range []struct {
		in   []string
		want []Format
	}{
		{nil, nil}, {[]string{"pyg"}, []Format{PyG}}, {[]string{"graphml,pyg", "reference"}, []Format{GraphML, PyG, Reference}}, {[]string{"pyg", "all"}, Formats},
	} {
		if got, err := ParseFormats(x.in...); err != nil || !slices.Equal(got, x.want) {
			t.Errorf("%v is %v, %v", x.in, got, err)
		}
	}
	if _, err := ParseFormats("csv"); err == nil || !strings.Contains(err.Error(), "webdataset") {
		t.Errorf("csv: %v", err)
	}
}
