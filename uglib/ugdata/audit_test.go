package ugdata

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview/imagehash"
	"urbangraph/uglib/ugdata/nxpickle"
)

// A dataset whose splits touch is refused, with the number that says so.
func TestAuditFinds(t *testing.T) {
	for want, spoil := range map[string]func(d *Dataset){
		"subgraphs that reach a place of the other split (train and": func(d *Dataset) { // a buffer place becomes train
			for i := range d.Places {
				if d.Places[i].Split == Buffer {
					d.Places[i].Split = Train
				}
			}
		},
		"crossings and places in subgraphs of both (train and test)": func(d *Dataset) {
			a, b := find(d, Train), find(d, Test)
			a.Graph.Nodes = append(slices.Clone(a.Graph.Nodes), b.Graph.Nodes[len(b.Graph.Nodes)-1], pointOf(d, b))
		},
		"of the second that paths of the first pass (train and test): 1": func(d *Dataset) {
			a, b := find(d, Train), find(d, Test)
			a.Paths = []Path{{Nodes: []city.NodeID{a.Graph.Nodes[1], pointOf(d, b)}}}
		},
		"image files in both (train and test): 1, must be 0":     func(d *Dataset) { find(d, Test).Image = find(d, Train).Image },
		"images with the same content in both (train and val)":   func(d *Dataset) { find(d, Val).ImageSHA256, find(d, Train).ImageSHA256 = "x", "x" },
		"images with the same content in both (test and held":    func(d *Dataset) { find(d, Test).ImageSHA256, find(d, HeldOut).ImageSHA256 = "x", "x" },
		"places without a split: 1":                              func(d *Dataset) { find(d, Test).Split = "tset" },
		"a held-out city is never seen in training: omega":       func(d *Dataset) { find(d, HeldOut).Split = Train },
		"least distance between two splits: 0.0 m, must be more": func(d *Dataset) { find(d, Val).Pos = find(d, Test).Pos },
		"places of one city and id in two splits: 1":             func(d *Dataset) { find(d, Test).ID = find(d, Train).ID },
		"training pairs of places that are not for training: 2": func(d *Dataset) {
			d.Samples = append(d.Samples, Sample{Place: slices.IndexFunc(d.Places, func(p Place) bool { return p.Split == Test })}, Sample{Place: -1})
		},
	} {
		d := gridData(t)
		spoil(d)
		a, err := d.Audit()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("audit says %v, want %q", err, want)
		}
		if ok := slices.ContainsFunc(a.Findings(), func(f Finding) bool { return !f.OK && f.Must() }); !ok {
			t.Errorf("%s: no finding says so", want)
		}
	}
}

// pointOf returns a crossing or a place of a place's subgraph.
func pointOf(d *Dataset, p *Place) city.NodeID {
	c := d.Cities[p.City]
	at := slices.IndexFunc(p.Graph.Nodes, func(id city.NodeID) bool {
		return id >= 0 && (c.Nodes[id].Kind == city.POI || c.Nodes[id].Kind == city.Crossing)
	})
	return p.Graph.Nodes[at]
}

func find(d *Dataset, s Split) *Place {
	for i := range d.Places {
		if d.Places[i].Split == s && len(d.Places[i].Graph.Nodes) > 3 {
			return &d.Places[i]
		}
	}
	return nil
}

// two is a dataset of a train and a test place in one street, 3 km apart, with
// a park between and a chain's shops at both.
func two() *Dataset {
	frame := geo.Frame{Origin: orb.Point{10, 50}}
	at := func(x, y float64) orb.Point { return frame.LonLat(orb.Point{x, y}) }
	c := &city.City{Name: "long", Frame: frame, Nodes: []city.Node{
		{OSM: 1, Kind: city.Street, Name: "Long Street", Geometry: orb.LineString{at(0, 0), at(3000, 0)}},
		{OSM: 2, Kind: city.Area, Name: "Green", Geometry: orb.Polygon{{at(0, 10), at(3000, 10), at(3000, 90), at(0, 90), at(0, 10)}}},
		{OSM: 3, Kind: city.POI, Name: "Kaffee Müller", Geometry: at(10, 5)},
		{OSM: 4, Kind: city.POI, Name: "Kaffee Müller", Geometry: at(2990, 5)},
		{OSM: 5, Kind: city.POI, Name: "Long", Geometry: at(2980, 5)},
	}}
	edge := SubEdge{From: 1, To: 2, Type: city.Bounds}
	return &Dataset{Cities: map[string]*city.City{"long": c}, Places: []Place{
		{ID: 1, City: "long", Split: Train, Pos: at(0, 0), Image: "1.jpg", ImageHash: 0xff00,
			Sequence: "drive", Caption: "On Long Street, at  Kaffee Müller.", NamesOnly: "Green.", Graph: Subgraph{Nodes: []city.NodeID{-1, 0, 1, 2}, Edges: []SubEdge{{From: 0, To: 1}, edge}},
			Paths: []Path{{Plain: "Walk to Green.", Nodes: []city.NodeID{0, 1}}}},
		{ID: 2, City: "long", Split: Test, Pos: at(3000, 0), Image: "2.jpg", ImageHash: 0xff3f,
			Sequence: "drive", Caption: "On long street, at Kaffee Müller.", Graph: Subgraph{Nodes: []city.NodeID{-1, 0, 1, 3, 4}, Edges: []SubEdge{{From: 0, To: 1}, edge}},
			Paths: []Path{{Plain: "Walk to Green.", Nodes: []city.NodeID{0, 2}}}},
		{ID: 3, City: "long", Split: Test, Pos: at(3100, 0), Image: "3.jpg", ImageHash: 0xff3e, Caption: "On Long Street, at Kaffee Müller.", Graph: Subgraph{Nodes: []city.NodeID{-1, 0}}},
		{ID: 4, City: "long", Split: Buffer, Pos: at(1500, 0), Image: "1.jpg", Caption: "On Long Street, at  Kaffee Müller."},
	}}
}

func TestAuditCounts(t *testing.T) {
	a, err := two().Audit()
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Pairs) != 1 || a.Places[Buffer] != 1 || a.Known != (Coverage{Places: 3, Positions: 3, Cities: 3, Hashes: 3, Sequences: 2}) {
		t.Fatalf("audit %+v", a)
	}
	p := a.Pairs[0]
	for _, x := range []struct {
		name      string
		got, want int
	}{
		{"points", p.Points, 0}, {"areas", p.Areas, 1}, {"streets", p.Streets, 1}, {"edges", p.Edges, 1},
		{"told", p.Told, 0}, {"told back", p.ToldBack, 1}, // the test place's path leads to the training place's shop
		{"near images", p.Near, 1}, // 6 and 5 bits: of 0xff3f six, of 0xff3e five differ
		{"captions word for word", p.CaptionsExact, 0}, {"captions", p.Captions, 1},
		{"paths word for word", p.PathsExact, 1}, {"paths", p.Paths, 1},
		{"names of places", p.Names[0].Both, 1}, {"of test", p.Names[0].OfB, 1},
		{"names of areas", p.Names[1].Both, 1}, {"names of streets", p.Names[2].Both, 1},
		{"sequences", p.Sequences, 1}, {"touched", p.Touched, 0}, {"distances", p.Distance.N, 2},
	} {
		if x.name == "near images" {
			x.want = 2
		}
		if x.got != x.want {
			t.Errorf("%s: %d, want %d", x.name, x.got, x.want)
		}
	}
	if math.Abs(float64(p.Distance.Min)-3000) > 5 || math.Abs(float64(p.Distance.P95)-3100) > 5 || a.MinDistance != p.Distance.Min {
		t.Errorf("distances %+v", p.Distance)
	}
	if imagehash.Hash(0xff00).Distance(0xff3f) != 6 {
		t.Error("the hashes of the test differ in other bits")
	}
}

// A subgraph reaches a place that is not farther than its farthest node.
func TestTouched(t *testing.T) {
	for apart, want := range map[float64]int{140: 1, 149: 1, 151: 0, 290: 0} {
		d := two()
		c := d.Cities["long"]
		c.Nodes[2].Geometry = c.Frame.LonLat(orb.Point{150, 0})
		d.Places = d.Places[:2]
		d.Places[1].Pos = c.Frame.LonLat(orb.Point{apart, 0})
		d.Places[1].Graph.Nodes = []city.NodeID{-1, 0}
		if a, _ := d.Audit(); a.Touched != want || a.Pairs[0].Touched != want {
			t.Errorf("at %g m %d subgraphs reach the other split, want %d", apart, a.Touched, want)
		}
	}
}

// Of a dataset without cities, positions and checksums the rest is measured.
func TestAuditOfWhatIsKnown(t *testing.T) {
	d := two()
	d.Cities = nil
	for i := range d.Places {
		d.Places[i].Pos, d.Places[i].ImageHash = orb.Point{}, 0
	}
	a, err := d.Audit()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range a.Findings() {
		known[f.Name] = f.Known
		if !f.Known && (f.Text() != "not known" || !f.OK) {
			t.Errorf("%+v", f)
		}
	}
	for name, want := range map[string]bool{
		"image files in both": true, "captions of both, white space and case apart": true,
		"images with the same content in both": false, "least distance": false, "crossings and places in subgraphs of both": false,
	} {
		if got, ok := known[name]; !ok || got != want {
			t.Errorf("%s is known: %v, want %v", name, got, want)
		}
	}
	d.Places[1].Image = "1.jpg"
	if _, err := d.Audit(); err == nil {
		t.Error("an image in both splits is not found")
	}
}

func TestFindingsTable(t *testing.T) {
	a, err := gridData(t).Audit()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range a.Pairs { // towns at two ends of the world share nothing
		if p.B == HeldOut && p.Edges+p.Streets+p.Areas+p.Points+p.Told+p.ToldBack+p.Names[0].Both+p.Names[2].Both > 0 {
			t.Errorf("%+v", p)
		}
	}
	table := AuditTable(a)
	if head := table[0]; len(head) != 2+6+1 || head[2] != "train and val" || head[len(head)-1] != "must be" {
		t.Errorf("head %q", head)
	}
	for _, row := range table[1:] {
		if len(row) != len(table[0]) || row[0] == "" {
			t.Errorf("row %q", row)
		}
	}
	var b bytes.Buffer
	if err := WriteFindings(&b, a); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Findings []Finding `json:"findings"`
	}
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || !slices.Equal(back.Findings, a.Findings()) {
		t.Errorf("%v: findings change in JSON", err)
	}
}

// Names are found whole, the longest first, in every script.
func TestNames(t *testing.T) {
	c := &city.City{}
	for _, name := range []string{"Market Street", "North Market Street", "北京大学", "شارع الملك", "Café de l'Été", "St. Mary's", "5", "東京", "สวนลุมพินี", "Straße", "!?", ""} {
		c.Nodes = append(c.Nodes, city.Node{Kind: city.Street, Name: name})
	}
	x := newNameIndex(c)
	for text, want := range map[string]string{
		"On North Market Street.":                 "North Market Street",
		"On Market Street, north.":                "Market Street",
		"On Market  Streets.":                     "",
		"market street":                           "",
		"我在北京大学门口":                                "北京大学",
		"في شارع الملك، بجانب":                    "شارع الملك",
		"at Cafe\u0301 de l\u2019E\u0301te\u0301": "Café de l'Été",
		"St Mary's, 15 m":                         "St. Mary's",
		"5 m and 東京都":                             "5 東京",
		"ใกล้สวนลุมพินีครับ":                      "สวนลุมพินี",
		"Straße und Market Street":                "Straße Market Street",
		"":                                        "",
	} {
		var got []string
		for _, i := range x.in(text, nil) {
			got = append(got, x.names[i])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q holds %q, want %q", text, got, want)
		}
	}
}

// A dataset that was exported and comes back is measured too, and a leak in it
// is found.
func TestOpenForAudit(t *testing.T) {
	d := gridData(t)
	dir := t.TempDir()
	if err := Export(t.Context(), dir, d); err != nil {
		t.Fatal(err)
	}
	got, err := OpenForAudit(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	places := map[Split]int{}
	for _, p := range got.Places {
		places[p.Split]++
	}
	want, err := d.Audit()
	if err != nil {
		t.Fatal(err)
	}
	if places[Train] != want.Places[Train] || places[Val] != want.Places[Val] || len(got.Samples) != len(d.Samples) {
		t.Errorf("%v and %d pairs come back of %v and %d", places, len(got.Samples), want.Places, len(d.Samples))
	}
	a, err := got.Audit()
	if err != nil {
		t.Fatal(err)
	}
	if a.Known.Positions != places[Train]+places[Val] || a.Known.Cities == 0 || a.Pairs[0].Streets != want.Pairs[0].Streets || math.Abs(float64(a.Pairs[0].Distance.Min-want.Pairs[0].Distance.Min)) > 0.01 {
		t.Errorf("known %+v, %+v; want %+v", a.Known, a.Pairs[0], want.Pairs[0])
	}
	train, err := os.ReadFile(filepath.Join(dir, "train_stage2.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(train, []byte("\n"))
	leak := bytes.ReplaceAll(line, []byte(`"split":"train"`), []byte(`"split":"val"`))
	if err := os.WriteFile(filepath.Join(dir, "val_more.jsonl"), append(leak, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err = OpenForAudit(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := got.Audit(); err == nil || !strings.Contains(err.Error(), "image files in both") || !strings.Contains(err.Error(), "in subgraphs of both") {
		t.Errorf("a row in two splits gives %v", err)
	}
	tables := t.TempDir()
	if err := Write(tables, d); err != nil {
		t.Fatal(err)
	}
	if got, err = OpenForAudit(t.Context(), tables); err != nil {
		t.Fatal(err)
	}
	if a, err := got.Audit(); err != nil || a.Known.Cities != 0 || a.MinDistance != want.MinDistance || a.Pairs[0].Captions != want.Pairs[0].Captions {
		t.Errorf("tables alone give %+v, %v", a, err)
	}
	if err := WriteFolder(tables, d); err != nil {
		t.Fatal(err)
	}
	if got, err = OpenForAudit(t.Context(), tables); err != nil {
		t.Fatal(err)
	}
	if a, err := got.Audit(); err != nil || a.Known != want.Known || a.Pairs[0] != want.Pairs[0] {
		t.Errorf("tables with cities give %+v, %v; want %+v", a, err, want)
	}
	if _, err := OpenForAudit(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "neither places.parquet nor") {
		t.Errorf("an empty folder gives %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "more.jsonl"), append(bytes.ReplaceAll(line, []byte(`"split":"train",`), nil), '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenForAudit(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "more.jsonl, row 1: nothing says its split") {
		t.Errorf("a row without a split gives %v", err)
	}
}

// A pickle of the reference: nodes by text and coordinates, the image in the
// middle.
func TestReadPickle(t *testing.T) {
	g := nxpickle.Graph{Nodes: []nxpickle.Node{
		{ID: int64(41), Attrs: nxpickle.Attrs{{Key: "node_text", Value: "Name: Elm Lane, ID: 41"}, {Key: "coords", Value: nxpickle.Tuple{103.8, 1.35}}}},
		{ID: int64(812345678901234567), Attrs: nxpickle.Attrs{{Key: "node_text", Value: "Name: mapillary image, ID: 812345678901234567"}, {Key: "coords", Value: nxpickle.Tuple{103.9, 1.36}}}},
	}}
	var b bytes.Buffer
	if err := g.WritePickle(&b); err != nil {
		t.Fatal(err)
	}
	f, err := readPickle(&b)
	if err != nil || f.Center != 812345678901234567 || len(f.Nodes) != 2 || f.Nodes[1].Coords != [2]float64{103.9, 1.36} || nodeName(f.Nodes[0].Text) != "Elm Lane" {
		t.Errorf("graph %+v, %v", f, err)
	}
}

// A hundred thousand places of a large town.
func BenchmarkAudit(b *testing.B) {
	small, err := gridOnce()
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{10000, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := &Dataset{Cities: small.Cities}
			for i := range n {
				p := small.Places[i%len(small.Places)]
				p.ID = int64(i + 1)
				p.Image = fmt.Sprint(i)
				p.ImageSHA256, p.ImageHash = fmt.Sprint(i), imagehash.Hash(uint64(i)*0x9e3779b97f4a7c15)
				d.Places = append(d.Places, p)
			}
			b.ReportAllocs()
			busy := processor(b)
			for b.Loop() {
				if _, err := d.Audit(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "places/s")
			b.ReportMetric((processor(b)-busy)/float64(b.N), "cpu-s/op")
		})
	}
}
