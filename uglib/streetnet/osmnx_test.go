package streetnet

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/internal/pyenv"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/osm/extract"
)

// TestSameAsOSMnx compares networks, node by node and edge by edge with all
// attributes, with those of OSMnx from the same ways: of a map of oddities and
// of two real towns.
func TestSameAsOSMnx(t *testing.T) {
	python := pyenv.Common(t)
	type check struct {
		Name    string   `json:"name"`
		Network string   `json:"network"`
		GraphML string   `json:"graphml"`
		Ways    string   `json:"ways"`
		Taken   []int64  `json:"taken"`
		XML     string   `json:"xml"`
		Raw     bool     `json:"raw"`
		Both    bool     `json:"both"`
		Differ  []string `json:"differ"`
		Largest bool     `json:"largest"`
	}
	delaware, err := osm.Builtin("delaware")
	if err != nil {
		t.Fatal(err)
	}
	andorra, err := osm.Builtin("andorra")
	if err != nil {
		t.Fatal(err)
	}
	odd, err := osm.File("testdata/odd.osm")
	if err != nil {
		t.Fatal(err)
	}
	dover := orb.Bound{Min: orb.Point{-75.53, 39.15}, Max: orb.Point{-75.515, 39.165}}
	town := orb.Bound{Min: orb.Point{1.51, 42.50}, Max: orb.Point{1.53, 42.515}}
	var cases []check
	dir := t.TempDir()
	for _, c := range []struct {
		name string
		src  osm.Source
		o    Options
	}{
		{"odd", odd, Options{}},
		{"odd raw", odd, Options{Raw: true}},
		{"odd drive", odd, Options{Network: Drive}},
		{"odd drive_service", odd, Options{Network: DriveService}},
		{"odd walk", odd, Options{Network: Walk}},
		{"odd bike", odd, Options{Network: Bike}},
		{"odd public raw", odd, Options{Network: AllPublic, Raw: true}},
		{"odd like pyrosm", odd, Options{BothWays: true, Largest: true, Differ: []string{"maxspeed", "highway"}}},
		{"odd by way", odd, Options{Differ: []string{"osmid", "oneway"}}},
		{"dover", delaware, Options{Bound: &dover}},
		{"dover raw", delaware, Options{Bound: &dover, Raw: true, Network: Drive}},
		{"dover like pyrosm", delaware, Options{Bound: &dover, BothWays: true, Largest: true, Differ: []string{"maxspeed", "highway"}}},
		{"andorra drive", andorra, Options{Bound: &town, Network: Drive, Largest: true}},
		{"andorra walk", andorra, Options{Bound: &town, Network: Walk}},
		{"andorra bike", andorra, Options{Bound: &town, Network: Bike}},
	} {
		n, err := Read(t.Context(), c.src, c.o)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		base := filepath.Join(dir, strings.ReplaceAll(c.name, " ", "_"))
		k := check{
			Name: c.name, Network: c.o.Network.String(), GraphML: base + ".graphml", Ways: base + ".jsonl", XML: base + ".osm",
			Raw: c.o.Raw, Both: c.o.BothWays || c.o.Network == Walk, Differ: c.o.Differ, Largest: c.o.Largest,
		}
		for _, w := range n.Ways {
			k.Taken = append(k.Taken, w.ID)
		}
		writeGraphML(t, k.GraphML, n)
		writeInputs(t, c.src, c.o.Bound, n, k.Ways, k.XML)
		cases = append(cases, k)
	}
	list, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "cases.json")
	if err := os.WriteFile(path, list, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", pyenv.Run(t, python, "testdata/check.py", path))
}

func writeGraphML(t *testing.T, path string, n *Network) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := n.WriteGraphML(f); err != nil {
		t.Fatal(err)
	}
}

// pieces is more than any way is cut into; check.py divides by it.
const pieces = 1000

// writeInputs writes all ways with a highway tag as JSON lines, and the taken
// ones as OSM XML, cut into pieces where a node is not in the box.
func writeInputs(t *testing.T, src osm.Source, bound *orb.Bound, n *Network, ways, osmXML string) {
	t.Helper()
	path, err := src.Locate()
	if err != nil {
		t.Fatal(err)
	}
	taken := map[int64]bool{}
	for _, w := range n.Ways {
		taken[w.ID] = true
	}
	var lines, nodes, elements strings.Builder
	places := map[int64]bool{}
	tagged := func(b *strings.Builder, tags extract.Tags) {
		for k, v := range tags.All() {
			b.WriteString(`<tag k="`)
			_ = xml.EscapeText(b, []byte(k))
			b.WriteString(`" v="`)
			_ = xml.EscapeText(b, []byte(v))
			b.WriteString(`"/>`)
		}
	}
	err = extract.Scan(t.Context(), path, extract.Handler{
		Node: func(id int64, at orb.Point, tags extract.Tags) {
			if bound == nil || bound.Contains(at) {
				places[id] = true
				fmt.Fprintf(&nodes, `<node id="%d" lat="%.7f" lon="%.7f">`, id, at[1], at[0])
				tagged(&nodes, tags)
				nodes.WriteString("</node>\n")
			}
		},
		Way: func(id int64, refs []int64, tags extract.Tags) {
			if tags.Get("highway") == "" || !slices.ContainsFunc(refs, func(n int64) bool { return places[n] }) {
				return
			}
			m := map[string]string{}
			for k, v := range tags.All() {
				m[k] = v
			}
			line, _ := json.Marshal(map[string]any{"id": id, "tags": m})
			lines.Write(append(line, '\n'))
			if !taken[id] {
				return
			}
			open, piece := false, 0
			for _, r := range append(slices.Clone(refs), -1<<62) {
				if !places[r] {
					if open {
						tagged(&elements, tags)
						elements.WriteString("</way>\n")
						open = false
					}
					continue
				}
				if !open {
					// Pieces of one way get ids of their own, since OSMnx keeps ways by id.
					fmt.Fprintf(&elements, `<way id="%d">`, id*pieces+int64(piece))
					piece++
					open = true
				}
				fmt.Fprintf(&elements, `<nd ref="%d"/>`, r)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{ways: lines.String(), osmXML: "<osm version=\"0.6\">\n" + nodes.String() + elements.String() + "</osm>\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLength checks that lengths are on OSMnx's sphere.
func TestLength(t *testing.T) {
	if got := geo.Distance(orb.Point{0, 0}, orb.Point{0, 1}) * (sphere / geo.EarthRadius); got < 111195.08 || got > 111195.09 {
		t.Errorf("a degree is %v", float64(got))
	}
}
