package ugdata

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

func TestMake(t *testing.T) {
	d := gridData(t)
	a, err := d.Audit()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []Split{Train, Val, Test, HeldOut, Buffer} {
		if a.Places[s] == 0 {
			t.Errorf("no place is in %s: %v", s, a.Places)
		}
	}
	if a.MinDistance <= 300 || a.MaxReach > 150 || a.SharedPoints != 0 {
		t.Errorf("splits are %v apart, subgraphs reach %v and share %d points; want more than 300 m, at most 150 m, none", a.MinDistance, a.MaxReach, a.SharedPoints)
	}
	for i := range d.Places {
		p := &d.Places[i]
		if (p.Split == HeldOut) != (p.City == "omega") {
			t.Fatalf("place %d of %s is in %s", p.ID, p.City, p.Split)
		}
		if p.Caption == "" || p.NamesOnly == "" || !strings.HasPrefix(p.Image, "views/"+p.City+"/") {
			t.Fatalf("place %d: caption %q, names %q, image %q", p.ID, p.Caption, p.NamesOnly, p.Image)
		}
		checkSubgraph(t, d.Cities[p.City], p, 48, 150)
		checkPaths(t, d.Cities[p.City], p)
	}
	for i, s := range d.Samples {
		p := &d.Places[s.Place]
		if p.Split != Train && p.Split != Val {
			t.Fatalf("sample %d is of a place in %s", i, p.Split)
		}
		wantTags := ImageTag + " "
		if s.Stage == 2 {
			wantTags = GraphTag + wantTags
		}
		if !strings.HasPrefix(s.Query, wantTags) || !slices.Contains(Instructions(s.Kind, s.Stage), strings.TrimPrefix(s.Query, wantTags)) {
			t.Fatalf("sample %d of stage %d asks %q", i, s.Stage, s.Query)
		}
		if s.PlaceKey != PlaceKey(p) || s.TextKey != TextKey(s.Positive) {
			t.Fatalf("sample %d has other keys than its place and text", i)
		}
	}
	again := makeGrid(t, gridOptions)
	if !reflect.DeepEqual(d.Places, again.Places) || !reflect.DeepEqual(d.Samples, again.Samples) {
		t.Error("the same sources, options and seed give another dataset")
	}
}

func checkSubgraph(t *testing.T, c *city.City, p *Place, nodes int, radius geo.Metres) {
	t.Helper()
	g := p.Graph
	if len(g.Nodes) < 2 || len(g.Nodes) > nodes || g.Nodes[0] != city.None {
		t.Fatalf("place %d: subgraph of nodes %v", p.ID, g.Nodes)
	}
	if reach := g.Reach(c, p.Pos); reach > radius {
		t.Fatalf("place %d: subgraph reaches %v", p.ID, reach)
	}
	if e := g.Edges[0]; e.From != 0 || e.To != 1 || e.Type != city.Nearest {
		t.Fatalf("place %d: first edge is %+v, want the image's own", p.ID, e)
	}
	near := make([][]int32, len(g.Nodes))
	for _, e := range g.Edges {
		near[e.From], near[e.To] = append(near[e.From], e.To), append(near[e.To], e.From)
	}
	hops := map[int32]int{0: 0}
	for queue := []int32{0}; len(queue) > 0; queue = queue[1:] {
		for _, n := range near[queue[0]] {
			if _, ok := hops[n]; !ok {
				hops[n] = hops[queue[0]] + 1
				queue = append(queue, n)
			}
		}
	}
	if len(hops) != len(g.Nodes) {
		t.Fatalf("place %d: %d of %d nodes hang together", p.ID, len(hops), len(g.Nodes))
	}
	if far := slices.Max(slices.Collect(maps.Values(hops))); far > 4 {
		t.Fatalf("place %d: a node is %d hops away", p.ID, far)
	}
}

func checkPaths(t *testing.T, c *city.City, p *Place) {
	t.Helper()
	for _, x := range p.Paths {
		if x.Hops < 3 || x.Hops > 8 || len(x.Nodes) != x.Hops || x.Nodes[len(x.Nodes)-1] != x.Destination || x.Nodes[0] != p.Graph.Nodes[1] {
			t.Fatalf("place %d: path of %d hops through %v to %d", p.ID, x.Hops, x.Nodes, x.Destination)
		}
		short, _, ok := c.ShortestPath(x.Nodes[0], x.Destination, nil)
		if !ok || len(short) != x.Hops {
			t.Fatalf("place %d: path of %d hops where %d are enough", p.ID, x.Hops, len(short))
		}
		if d := geo.Distance(p.Pos, c.Centroid(x.Destination)); d > 1500 || x.Length < d*0.999 {
			t.Fatalf("place %d: a path of %v leads %v away", p.ID, x.Length, d)
		}
		if x.Line[0] != p.Pos || geo.Distance(x.Line[len(x.Line)-1], c.Centroid(x.Destination)) > 0.01 {
			t.Fatalf("place %d: line from %v to %v", p.ID, x.Line[0], x.Line[len(x.Line)-1])
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	ctx := context.Background()
	src := gridSources()
	lost := &streetview.Set{Views: []streetview.View{{ID: 1, Street: city.None}}}
	for _, x := range []struct {
		sources []Source
		o       Options
		want    string
	}{
		{src[1:], Options{}, "no place is left for training"},
		{[]Source{src[0], src[0]}, Options{}, "comes twice"},
		{[]Source{{City: src[0].City, Views: lost}}, Options{}, "stands on a street"},
		{src, Options{Hops: 99}, "Hops is 99"},
		{src, Options{Radius: 200, Buffer: 100}, "less than a subgraph is wide"},
		{src, Options{MinHops: 9, MaxHops: 4}, "above MaxHops"},
		{src, Options{PathText: "poem"}, `PathText is "poem"`},
		{src, Options{TestShare: -1}, "TestShare is -1"},
	} {
		if _, err := Make(ctx, x.sources, x.o, 1); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("error is %v, want one with %q", err, x.want)
		}
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, err := Make(stopped, src, Options{}, 1); err == nil {
		t.Error("a stopped context still builds")
	}
}

// Views of a text window for grammar paths hold the grammar and the summary.
func TestPathText(t *testing.T) {
	o := gridOptions
	o.PathText = "grammar"
	d := makeGrid(t, o)
	for _, s := range d.Samples {
		if s.Kind == SRP && (!strings.Contains(s.Positive, ", nearest, ") || !strings.Contains(s.Positive, "You can reach ")) {
			t.Fatalf("path sample says %q", s.Positive)
		}
	}
}

func TestNodeText(t *testing.T) {
	c := gridTown("alpha", 1, orb.Point{10, 50})
	c.Nodes[0].Tags = map[string]string{"building": "yes", "addr:city": "Alpha"}
	c.Nodes[0].Address = "1 Main"
	for _, x := range []struct{ got, want string }{
		{NodeText(c, city.None), "street view image"},
		{NodeText(c, 0), "street residential street alpha Row 0"},
		{NodeText(c, 4), "crossing alpha Row 0 and alpha Column 0"},
		{NodeText(c, 5), "place commercial bakery alpha Shop 0-0"},
		{NodeTextReference(c, 0), "Name: alpha Row 0, ID: 0, Category: residential, Address: 1 Main, Planning area: nan, District: nan, Country: Gridland, , city=Alpha, building=yes, Coordinates: (10.001399, 50.000000)"},
		{NodeTextReference(c, 5), "Name: alpha Shop 0-0, ID: 5, Category: commercial, Address: nan, Planning area: nan, District: nan, Country: Gridland, , Coordinates: (10.001399, 50.000135)"},
		{imageTextReference(c, 812345678901234, orb.Point{103.8479, 1.3501}), "Name: mapillary image, ID: 812345678901234, Category: nan, Address: nan, Planning area: nan, District: nan, Country: Gridland, , Coordinates: (103.847900, 1.350100)"},
	} {
		if x.got != x.want {
			t.Errorf("got  %s\nwant %s", x.got, x.want)
		}
	}
}

func TestTextKey(t *testing.T) {
	if TextKey("To  Elm Lane") != TextKey(" to elm lane\n") || TextKey("a") == TextKey("b") {
		t.Error("keys do not follow the text")
	}
	a := Place{City: "x", Pos: orb.Point{1.0000001, 2}, Heading: 10}
	b := Place{City: "x", Pos: orb.Point{1, 2}, Heading: 200, ID: 5}
	if PlaceKey(&a) != PlaceKey(&b) {
		t.Error("two views from one spot have different keys")
	}
}
