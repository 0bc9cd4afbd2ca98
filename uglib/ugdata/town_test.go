package ugdata

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// gridTown is a town of n by n blocks of 200 m: streets of one way each, a
// crossing at each corner, a shop in the middle of each block's south side.
func gridTown(name string, n int, origin orb.Point) *city.City {
	const block = 200.0
	frame := geo.Frame{Origin: origin}
	at := func(x, y float64) orb.Point { return frame.LonLat(orb.Point{x, y}) }
	side := float64(n) * block
	c := &city.City{Name: name, Title: name + ", Gridland", Country: "Gridland", Frame: frame}
	add := func(k city.Node) city.NodeID {
		k.OSM = int64(len(c.Nodes)) + 1
		c.Nodes = append(c.Nodes, k)
		return city.NodeID(len(c.Nodes) - 1)
	}
	var rows, cols []city.NodeID
	for i := 0; i <= n; i++ {
		d := float64(i) * block
		rows = append(rows, add(city.Node{Kind: city.Street, Name: fmt.Sprintf("%s Row %d", name, i), Category: "residential", Type: "residential", Geometry: orb.LineString{at(0, d), at(side, d)}}))
		cols = append(cols, add(city.Node{Kind: city.Street, Name: fmt.Sprintf("%s Column %d", name, i), Category: "major_road", Type: "secondary", Geometry: orb.LineString{at(d, 0), at(d, side)}}))
	}
	kinds := []string{"bakery", "books", "shoes", "florist", "bicycle"}
	for i, r := range rows {
		for j, k := range cols {
			p := at(float64(j)*block, float64(i)*block)
			x := add(city.Node{Kind: city.Crossing, Name: fmt.Sprintf("Intersection of %s and %s", c.Nodes[r].Name, c.Nodes[k].Name), Geometry: p, Streets: []city.NodeID{r, k}})
			c.Edges = append(c.Edges, city.Edge{From: r, To: k, Type: city.Crosses, Via: x, At: p},
				city.Edge{From: x, To: r, Type: city.Nearest, Via: city.None, At: p}, city.Edge{From: x, To: k, Type: city.Nearest, Via: city.None, At: p})
			if i < n && j < n {
				foot := at(float64(j)*block+100, float64(i)*block)
				shop := add(city.Node{Kind: city.POI, Name: fmt.Sprintf("%s Shop %d-%d", name, i, j), Category: "commercial", Type: kinds[(i+j)%len(kinds)], Geometry: at(float64(j)*block+100, float64(i)*block+15)})
				c.Edges = append(c.Edges, city.Edge{From: shop, To: r, Type: city.Nearest, Via: city.None, Distance: 15, Bearing: 180, At: foot})
			}
		}
	}
	return c
}

// gridViews is a view of each street of a grid town every 100 m.
func gridViews(c *city.City, base int64) *streetview.Set {
	set := &streetview.Set{Dir: "views/" + c.Name}
	for id := range c.Nodes {
		line, ok := c.Nodes[id].Geometry.(orb.LineString)
		if !ok {
			continue
		}
		a, b := c.Frame.Local(line[0]), c.Frame.Local(line[1])
		length := max(b[0]-a[0], b[1]-a[1])
		for d := 30.0; d < length; d += 100 {
			f := d / length
			foot := c.Frame.LonLat(orb.Point{a[0] + f*(b[0]-a[0]), a[1] + f*(b[1]-a[1])})
			pos := c.Frame.LonLat(orb.Point{a[0] + f*(b[0]-a[0]) + 1, a[1] + f*(b[1]-a[1]) + 1})
			v := streetview.View{ID: base + int64(len(set.Views)), Origin: streetview.Rendered, Pos: pos, Heading: geo.BearingTo(line[0], line[1]), HasHeading: true, Street: city.NodeID(id)}
			v.File = fmt.Sprintf("%d.jpg", v.ID)
			v.Foot, v.Distance, v.Bearing = foot, geo.Distance(pos, foot), geo.BearingTo(pos, foot)
			set.Views = append(set.Views, v)
		}
	}
	return set
}

func gridSources() []Source {
	a, b := gridTown("alpha", 14, gridOrigin), gridTown("omega", 3, orb.Point{30, 20})
	return []Source{{City: a, Views: gridViews(a, 100000000000000)}, {City: b, Views: gridViews(b, 900000000000000), HeldOut: true}}
}

var gridOrigin = orb.Point{10, 50}

// gridOptions suit a town of 3 km.
var gridOptions = Options{BlockLevel: 15, TestShare: 0.15}

func makeGrid(t testing.TB, o Options) *Dataset {
	t.Helper()
	d, err := Make(context.Background(), gridSources(), o, 7)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var gridOnce = sync.OnceValues(func() (*Dataset, error) { return Make(context.Background(), gridSources(), gridOptions, 7) })

// gridData is the dataset of the grid towns; a test may change its places.
func gridData(t testing.TB) *Dataset {
	t.Helper()
	d, err := gridOnce()
	if err != nil {
		t.Fatal(err)
	}
	return &Dataset{Cities: maps.Clone(d.Cities), Places: slices.Clone(d.Places), Samples: slices.Clone(d.Samples)}
}
