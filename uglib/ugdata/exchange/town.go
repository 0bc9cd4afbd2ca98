package exchange

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/ugdata"
)

func metres(v float64) geo.Metres { return geo.Metres(v) }

// edgeTypes are the reference's types of edges by ours.
var edgeTypes = map[string]city.EdgeType{
	"nearest": city.Nearest, "near": city.Nearest, "crossing": city.Crosses, "complex_crossing": city.Crosses, "crosses": city.Crosses,
	"on_same_street": city.Along, "along": city.Along, "continues": city.Continues, "continues as": city.Continues,
	"external": city.Bounds, "internal": city.Bounds, "intersects": city.Bounds, "boundary": city.Bounds, "boundary_crossing": city.Bounds,
	"boundary_adjacent": city.Bounds, "bounds": city.Bounds, "contains": city.Inside, "inside": city.Inside,
}

// edgeType returns our type of an edge, by the reference's or, where the file
// does not say, by the kinds of its ends, and whether the edge is to be turned
// round: ours lead from a point or area to a street, and from a point to an area.
func edgeType(name string, a, b *Node) (t city.EdgeType, turn bool) {
	t, ok := edgeTypes[name]
	switch {
	case ok:
	case a.Kind == "street" && b.Kind == "street" && a.Name == b.Name && a.Name != "":
		t = city.Continues
	case a.Kind == "street" && b.Kind == "street":
		t = city.Crosses
	case a.Kind == "crossing" && b.Kind == "crossing":
		t = city.Along
	case a.Kind == "area" && b.Kind == "street", a.Kind == "street" && b.Kind == "area":
		t = city.Bounds
	case a.Kind == "area" || b.Kind == "area":
		t = city.Inside
	}
	switch t {
	case city.Nearest, city.Bounds:
		turn = a.Kind == "street" && b.Kind != "street" || b.Kind == "image"
	case city.Inside:
		turn = a.Kind == "area" && b.Kind != "area"
	}
	return t, turn
}

// town grows a city out of the subgraphs around its images.
type town struct {
	city   *city.City
	index  map[int64]city.NodeID
	nodes  []*Node // that each node of the city was made of
	edges  map[[3]int32]bool
	feet   map[city.NodeID][]orb.Point // points that edges show to lie on a street
	others int                         // nodes that another graph describes otherwise
}

func newTown(name string) *town {
	return &town{
		city:  &city.City{Name: name, Title: name, Credit: osm.Credit},
		index: map[int64]city.NodeID{}, edges: map[[3]int32]bool{}, feet: map[city.NodeID][]orb.Point{},
	}
}

// Tags that keep what the reference says of a node.
const (
	idTag   = "uge:id"
	textTag = "uge:node_text"
)

// add adds a graph around an image and returns the subgraph of the image's
// place: the image first, the others in the order of the file.
func (t *town) add(g *Graph, image int64) (ugdata.Subgraph, error) {
	center, err := g.around(image)
	if err != nil {
		return ugdata.Subgraph{}, err
	}
	sub := ugdata.Subgraph{Nodes: []city.NodeID{city.None}}
	place := map[int64]int32{center: 0}
	nodes := map[int64]*Node{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		nodes[n.ID] = n
		if n.ID == center || n.Kind == "image" {
			continue // other images are places of their own
		}
		place[n.ID] = int32(len(sub.Nodes))
		sub.Nodes = append(sub.Nodes, t.node(n))
	}
	for _, e := range g.Edges {
		a, b := nodes[e.From], nodes[e.To]
		from, ok1 := place[e.From]
		to, ok2 := place[e.To]
		if !ok1 || !ok2 || from == to {
			continue
		}
		kind, turn := edgeType(e.Type, a, b)
		told := !math.IsNaN(e.Metres) && (!math.IsNaN(e.Bearing) || e.Metres == 0)
		e = measured(e, a.At, b.At)
		if turn {
			a, b, from, to = b, a, to, from
			e.Bearing = float64(geo.Bearing(e.Bearing).Reverse())
		}
		x := ugdata.SubEdge{From: from, To: to, Type: kind, Distance: metres(e.Metres), Bearing: geo.Bearing(math.Mod(e.Bearing+360, 360))}
		sub.Edges = append(sub.Edges, x)
		if kind == city.Nearest && told && to != 0 {
			t.feet[sub.Nodes[to]] = append(t.feet[sub.Nodes[to]], pointAt(a.At, x.Bearing, x.Distance))
		}
		if from != 0 && to != 0 {
			t.edge(sub.Nodes[from], sub.Nodes[to], x, b.At)
		}
	}
	return sub, nil
}

// node returns the city's node for one of a graph, and adds it where it is new.
func (t *town) node(n *Node) city.NodeID {
	if id, ok := t.index[n.ID]; ok {
		if o := t.nodes[id]; o.Text != n.Text || o.At != n.At {
			t.others++
		}
		return id
	}
	id := city.NodeID(len(t.city.Nodes))
	t.index[n.ID] = id
	t.nodes = append(t.nodes, n)
	c := city.Node{
		Name: n.Name, Category: n.Category, Address: n.Address,
		Tags: map[string]string{idTag: strconv.FormatInt(n.ID, 10), textTag: n.Text},
	}
	c.Kind, c.Geometry = shapeOf(n)
	t.city.Nodes = append(t.city.Nodes, c)
	return id
}

// shapeOf gives a node the geometry that its kind asks for. A street of which
// only the middle is known is a line of no length there, which close draws longer;
// an area of which only the middle is known counts as a point of interest.
func shapeOf(n *Node) (city.Kind, orb.Geometry) {
	switch n.Kind {
	case "street":
		switch g := n.Shape.(type) {
		case orb.LineString:
			if len(g) > 1 {
				return city.Street, g
			}
		case orb.MultiLineString:
			if len(g) > 0 && len(g[0]) > 1 {
				return city.Street, longest(g)
			}
		}
		return city.Street, orb.LineString{n.At, n.At}
	case "crossing":
		return city.Crossing, n.At
	}
	if n.Kind == "area" && isArea(n.Shape) {
		return city.Area, n.Shape
	}
	return city.POI, n.At
}

func longest(lines orb.MultiLineString) orb.LineString {
	return slices.MaxFunc(lines, func(a, b orb.LineString) int { return len(a) - len(b) })
}

// edge adds an edge between two nodes of the city, once.
func (t *town) edge(from, to city.NodeID, e ugdata.SubEdge, at orb.Point) {
	key := [3]int32{int32(min(from, to)), int32(max(from, to)), int32(e.Type)}
	if t.edges[key] {
		return
	}
	t.edges[key] = true
	t.city.Edges = append(t.city.Edges, city.Edge{From: from, To: to, Type: e.Type, Via: city.None, Distance: e.Distance, Bearing: e.Bearing, At: at})
	if e.Type == city.Nearest && t.city.Nodes[from].Kind == city.Crossing && t.city.Nodes[to].Kind == city.Street {
		n := &t.city.Nodes[from]
		n.Streets = append(n.Streets, to)
	}
}

// pointAt returns the point at a distance from another, in the plane around it.
func pointAt(p orb.Point, b geo.Bearing, d geo.Metres) orb.Point {
	sin, cos := math.Sincos(b.Radians())
	return geo.Frame{Origin: p}.LonLat(orb.Point{float64(d) * sin, float64(d) * cos})
}

// drawn returns the line of a street of which its middle is known and points that
// lie on it: through all of them, in their order along the direction in which
// they lie farthest apart.
func drawn(middle orb.Point, feet []orb.Point) orb.LineString {
	frame := geo.Frame{Origin: middle}
	points := make([]orb.Point, 0, len(feet)+1)
	var axis orb.Point
	for _, p := range append(slices.Clone(feet), middle) {
		xy := frame.Local(p)
		points = append(points, xy)
		if xy[0]*xy[0]+xy[1]*xy[1] > axis[0]*axis[0]+axis[1]*axis[1] {
			axis = xy
		}
	}
	along := func(p orb.Point) float64 { return p[0]*axis[0] + p[1]*axis[1] }
	slices.SortStableFunc(points, func(a, b orb.Point) int { return cmp.Compare(along(a), along(b)) })
	points = slices.CompactFunc(points, func(a, b orb.Point) bool { return math.Hypot(a[0]-b[0], a[1]-b[1]) < 0.1 })
	line := make(orb.LineString, 0, len(points))
	for _, p := range points {
		line = append(line, frame.LonLat(p))
	}
	if len(line) < 2 {
		return orb.LineString{middle, middle}
	}
	return line
}

// close draws the streets of which only the middle is known through the points
// that lie on them, and gives the city its bound and frame, around nodes and
// images.
func (t *town) close(images []orb.Point) error {
	for id, feet := range t.feet {
		n := &t.city.Nodes[id]
		if line, ok := n.Geometry.(orb.LineString); ok && len(line) == 2 && line[0] == line[1] {
			n.Geometry = drawn(line[0], feet)
		}
	}
	var all orb.MultiPoint = slices.Clone(images)
	for i := range t.city.Nodes {
		b := t.city.Nodes[i].Geometry.Bound()
		all = append(all, b.Min, b.Max)
	}
	if len(all) == 0 {
		return fmt.Errorf("the city %s has neither a node nor an image with a position", t.city.Name)
	}
	t.city.Bound = all.Bound()
	t.city.Frame = geo.Frame{Origin: t.city.Bound.Center()}
	return nil
}

// walk returns the nodes of a path that the reference's ids name, from behind the
// image, with the line through them; none if one of them is not in the city.
func (t *town) walk(way []int64, image int64) (nodes []city.NodeID, line orb.LineString) {
	for _, id := range way {
		if id == image {
			continue
		}
		at, ok := t.index[id]
		if !ok {
			return nil, nil
		}
		nodes, line = append(nodes, at), append(line, t.nodes[at].At)
	}
	return nodes, line
}
