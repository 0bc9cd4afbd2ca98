package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/osm"
	"urbangraph/uglib/osm/extract"
	"urbangraph/uglib/store"
)

// odd is a made-up extract of what is odd in street networks.
const odd = "../../streetnet/testdata/odd.osm"

func TestCityExport(t *testing.T) {
	file := filepath.Join(t.TempDir(), "odd.graphml")
	r := mustJSON[networkResult](t, "city", "export", "--pbf", odd, "--network", "drive", "--graphml", file)
	if r.Nodes != 14 || r.Edges != 28 || r.Network != "drive" || r.Raw || r.Report.LeftOut != 7 || r.Length == 0 {
		t.Errorf("result = %+v", r)
	}
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), "<edge ") != 28 || strings.Count(string(text), "<node ") != 14 {
		t.Errorf("%v: %s", err, text)
	}
	code, out, errOut := ug(t, "city", "export", "--pbf", odd, "--raw", "--bbox", "-1,-1,1,0.0025", "--graphml", file, "--force")
	if code != 0 {
		t.Fatal(errOut)
	}
	for _, want := range []string{"all, raw", "box", "-1,-1,1,0.0025", "vertices of ways that leave the box", "OpenStreetMap contributors", file} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--pbf", odd}, exitUsage, "Give --graphml FILE"},
		{[]string{"--graphml", file + "2"}, exitUsage, "which city?"},
		{[]string{"--pbf", odd, "--graphml", file}, exitFailure, "is there already; give another --graphml, or --force"},
		{[]string{"--pbf", odd, "--graphml", file + "2", "--network", "cars"}, exitUsage, `no type of network is called "cars"`},
		{[]string{"--pbf", odd, "--graphml", file + "2", "--differ", "surface"}, exitFailure, `"surface" is not among the tags`},
		{[]string{"--pbf", odd, "--graphml", file + "2", "--bbox", "5,5,6,6"}, exitFailure, "no streets of the network"},
	} {
		code, _, errOut := ug(t, append([]string{"city", "export"}, c.args...)...)
		if code != c.code || !strings.Contains(errOut, c.want) {
			t.Errorf("%v: status %d: %s, want %q", c.args, code, errOut, c.want)
		}
	}
}

// TestCityBench runs the bench with a Python that plays the peers.
func TestCityBench(t *testing.T) {
	t.Setenv(asProgram, "yes")
	t.Setenv(store.HomeVariable, t.TempDir())
	t.Setenv("PATH", t.TempDir()) // no osmium
	python := filepath.Join(t.TempDir(), "python")
	play := `#!/bin/sh
case "$2" in
version) echo '{"pyrosm": "0.0", "osmnx": "1.0"}' ;;
prepare) /bin/cp "$3" "$4"; echo '{"ways": 20}' ;;
pyrosm) echo warning; echo '{"seconds": 9, "nodes": 22, "edges": 60, "peak_mb": 100}' ;;
pyrosm-check) echo '{"nodes": 20, "edges": 54, "other_ways": [121, 5], "loops": 1}' ;;
osmnx) echo '{"seconds": 90, "nodes": 20, "edges": 39, "peak_mb": 200}' ;;
esac
`
	if err := os.WriteFile(python, []byte(play), 0o755); err != nil {
		t.Fatal(err)
	}
	r := mustJSON[benchReport](t, "city", "bench", "--pbf", odd, "--only", "peers", "--repeat", "2", "--python", python)
	cases := map[string]benchCase{}
	for _, c := range r.Cases {
		cases[c.Name] = *c
		if len(c.Seconds) != 2 || len(c.Peak) != 2 || c.Seconds[0] <= 0 || c.Peak[0] <= 0 {
			t.Errorf("case %+v", c)
		}
	}
	if c := cases["ours: network as OSMnx's"]; c.Nodes != 19 || c.Edges != 39 {
		t.Errorf("as OSMnx: %+v", c)
	}
	if c := cases["ours: network, raw"]; c.Nodes != 37 || c.Edges != 67 {
		t.Errorf("raw: %+v", c)
	}
	if c := cases["pyrosm to NetworkX"]; c.median() != 9 {
		t.Errorf("pyrosm: %+v", c)
	}
	if r.Peers["osmnx"] != "1.0" || len(r.Targets) != 4 || len(r.Notes) == 0 || !strings.Contains(r.Notes[0], "osmium was not found") {
		t.Errorf("report %+v", r)
	}
	all := strings.Join(r.Counts, "\n")
	for _, want := range []string{"OSMnx: 20 nodes, 39 edges; ours: 19 and 39 with 1 nodes on no segment", "(2: 121, 5)", "without these it finds 20 and 54: the same"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	var b strings.Builder
	if err := r.write(&b); err != nil || !strings.Contains(b.String(), "OSMnx from XML") || !strings.Contains(b.String(), "met") {
		t.Errorf("%v:\n%s", err, &b)
	}

	code, _, errOut := ug(t, "city", "bench", "--pbf", odd, "--only", "peers", "--python", "/nowhere/python")
	if code != exitFailure || !strings.Contains(errOut, "pip install --require-hashes") {
		t.Errorf("no such Python: status %d: %s", code, errOut)
	}
	for _, args := range [][]string{{"--repeat", "0"}, {"--only", "all"}, {"--pbf", odd, "--bbox", "0,0,1,1"}, {"--case", "none"}} {
		if code, _, errOut := ug(t, append([]string{"city", "bench"}, args...)...); code != exitUsage {
			t.Errorf("%v: status %d: %s", args, code, errOut)
		}
	}
}

func TestTile(t *testing.T) {
	src, err := osm.File(odd)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tiled.osm.pbf")
	if err := tile(t.Context(), src, path, 3, 2); err != nil {
		t.Fatal(err)
	}
	var once, thrice [2]int
	count := func(n *[2]int) extract.Handler {
		return extract.Handler{
			Node: func(_ int64, at orb.Point, _ extract.Tags) {
				n[0]++
				if at[0] > 4.03 {
					t.Errorf("a node lies at %v", at)
				}
			},
			Way: func(_ int64, nodes []int64, _ extract.Tags) { n[1] += len(nodes) },
		}
	}
	if err := extract.Scan(t.Context(), odd, count(&once)); err != nil {
		t.Fatal(err)
	}
	if err := extract.Scan(t.Context(), path, count(&thrice)); err != nil {
		t.Fatal(err)
	}
	if thrice != [2]int{3 * once[0], 3 * once[1]} {
		t.Errorf("%v became %v", once, thrice)
	}
}

func TestPower(t *testing.T) {
	rows := []growthRow{{Nodes: 10}, {Nodes: 100}, {Nodes: 5000}}
	got := power(rows, func(r growthRow) float64 { return 3 * math.Pow(r.Nodes, 1.5) })
	if math.Abs(got-1.5) > 1e-9 {
		t.Errorf("power %g", got)
	}
	if m := median([]float64{5, 1, 4, 2}); m != 3 {
		t.Errorf("median %g", m)
	}
}
