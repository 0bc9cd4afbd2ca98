package exchange

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/ugdata/nxpickle"
)

// Graph is a subgraph as the reference's files have it. [Graph.File] brings it
// into the portable form.
type Graph struct {
	Center  int64 // the image; 0 if the file does not say
	Nodes   []Node
	Edges   []Edge
	Dropped int // nodes without a position, which are left out with their edges
}

// Node is a node of a [Graph].
type Node struct {
	ID   int64
	Text string // node text in the reference's layout
	// Name, Category and Address are parts of the text; a missing one is empty.
	Name, Category, Address string
	Kind                    string // image, street, crossing, poi or area, told by attributes, name or category
	At                      orb.Point
	Shape                   orb.Geometry // nil if the file does not have it
}

// Edge is an edge of a [Graph]. Metres and Bearing, in degrees, are NaN where the
// file does not have them.
type Edge struct {
	From, To int64
	Type     string // as the reference calls it; empty if the file does not say
	Metres   float64
	Bearing  float64
}

// ReadGraph reads a graph file of the reference: a pickle of NetworkX, see
// package nxpickle, or JSON in the portable form.
func ReadGraph(r io.Reader) (*Graph, error) {
	in := bufio.NewReader(r)
	head, err := in.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if nxpickle.Is(head) {
		f, err := nxpickle.Read(in, nxpickle.Limits{})
		if err != nil {
			return nil, err
		}
		return fromNetworkX(f)
	}
	f, err := ugdata.ReadGraph(in)
	if err != nil {
		return nil, err
	}
	return fromFile(f), nil
}

func readGraphFile(path string) (*Graph, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	g, err := ReadGraph(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

func fromFile(f ugdata.GraphFile) *Graph {
	g := &Graph{Center: f.Center}
	for _, n := range f.Nodes {
		node := Node{ID: n.ID, Text: n.Text, Kind: n.Kind, At: n.Coords}
		node.describe(n.ID == f.Center)
		g.Nodes = append(g.Nodes, node)
	}
	for _, e := range f.Edges {
		edge := Edge{e.Source, e.Target, e.Type, e.Distance, e.Bearing}
		if e.Type == "" { // the sketch of the reference's README has ends alone
			edge.Metres, edge.Bearing = math.NaN(), math.NaN()
		}
		g.Edges = append(g.Edges, edge)
	}
	return g
}

// fromNetworkX takes what a graph needs out of the attributes of the reference's
// scripts: node_text and coords, or what they are made of.
func fromNetworkX(f *nxpickle.File) (*Graph, error) {
	g := &Graph{}
	for _, c := range f.Centers {
		id, err := intID(c)
		if err != nil {
			return nil, fmt.Errorf("centre: %w", err)
		}
		if g.Center == 0 {
			g.Center = id
		}
	}
	kept := make([]bool, len(f.Graph.Nodes))
	ids := make([]int64, len(f.Graph.Nodes))
	seen := make(map[int64]bool, len(f.Graph.Nodes))
	kinds := make(map[int64]string, len(f.Graph.Nodes))
	for i, n := range f.Graph.Nodes {
		id, err := intID(n.ID)
		if err != nil {
			return nil, err
		}
		if seen[id] {
			return nil, fmt.Errorf("node %d comes twice, as a number and as text", id)
		}
		seen[id], ids[i] = true, id
		node, ok := newNode(id, n.Attrs, id == g.Center)
		if !ok {
			g.Dropped++
			continue
		}
		if !onEarth(node.At) {
			return nil, fmt.Errorf("node %d stands at %v, which is no longitude and latitude in degrees", id, node.At)
		}
		kept[i], kinds[id] = true, node.Kind
		g.Nodes = append(g.Nodes, node)
	}
	for _, e := range f.Graph.Edges {
		if !kept[e.From] || !kept[e.To] || e.From == e.To {
			continue
		}
		edge := Edge{From: ids[e.From], To: ids[e.To], Type: e.Attrs.Text("type"), Metres: math.NaN(), Bearing: math.NaN()}
		for _, key := range []string{"distance", "crossing_distance_meters", "length", "weight"} {
			if v, ok := e.Attrs.Float(key); ok && v >= 0 {
				edge.Metres = v
				break
			}
		}
		if v, ok := e.Attrs.Float("bearing"); ok && math.Abs(v) <= 360 {
			edge.Bearing = v
		}
		// NetworkX forgets which end of an edge came first; the bearing of one to
		// the nearest street leads from the point to the street.
		if edge.Type == "nearest" && kinds[edge.From] == "street" && kinds[edge.To] != "street" {
			edge.From, edge.To = edge.To, edge.From
		}
		g.Edges = append(g.Edges, edge)
	}
	return g, nil
}

func intID(id nxpickle.ID) (int64, error) {
	if n, ok := id.(int64); ok {
		return n, nil
	}
	n, err := strconv.ParseInt(fmt.Sprint(id), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("node %q is not called by a number, as the reference's nodes are", id)
	}
	return n, nil
}

// newNode reads a node; it has none without a position.
func newNode(id int64, a nxpickle.Attrs, center bool) (Node, bool) {
	n := Node{ID: id, Text: a.Text("node_text"), Name: a.Text("name"), Category: a.Text("category"), Address: a.Text("address")}
	if v, _ := a.Get("is_mapillary"); v == true || center {
		n.Kind = "image"
	}
	at, ok := n.place(a)
	if !ok {
		at, ok = textPosition(n.Text)
	}
	n.At = at
	if n.Text == "" && ok {
		n.Text = fmt.Sprintf("Name: %s, ID: %d, Category: %s, Address: %s, , Coordinates: (%.6f, %.6f)", nan(n.Name), id, nan(n.Category), nan(n.Address), at[0], at[1])
	}
	n.describe(center)
	return n, ok
}

// place finds the position of a node and its shape.
func (n *Node) place(a nxpickle.Attrs) (at orb.Point, ok bool) {
	if g, _ := a.Get("geometry"); g != nil {
		if shape, isShape := g.(orb.Geometry); isShape {
			n.Shape = shape
		}
	}
	startX, ok1 := a.Float("start_x")
	startY, ok2 := a.Float("start_y")
	endX, ok3 := a.Float("end_x")
	endY, ok4 := a.Float("end_y")
	line := ok1 && ok2 && ok3 && ok4
	if line && n.Shape == nil {
		n.Shape = orb.LineString{{startX, startY}, {endX, endY}}
	}
	for _, key := range []string{"coords", "pos"} {
		v, _ := a.Get(key)
		if p, ok := pair(v); ok {
			return p, true
		}
	}
	x, okX := a.Float("x")
	y, okY := a.Float("y")
	switch {
	case okX && okY:
		return orb.Point{x, y}, true
	case line:
		return orb.Point{(startX + endX) / 2, (startY + endY) / 2}, true
	case n.Shape != nil:
		p, _ := planar.CentroidArea(n.Shape)
		return p, !math.IsNaN(p[0] + p[1])
	}
	return orb.Point{}, false
}

// pair returns a value of two numbers.
func pair(v any) (orb.Point, bool) {
	list, ok := v.([]any)
	if t, isTuple := v.(nxpickle.Tuple); isTuple {
		list, ok = t, true
	}
	if !ok || len(list) != 2 {
		return orb.Point{}, false
	}
	x, okX := nxpickle.Float(list[0])
	y, okY := nxpickle.Float(list[1])
	return orb.Point{x, y}, okX && okY && !math.IsNaN(x+y)
}

var textAt = regexp.MustCompile(`Coordinates: \((-?[0-9.]+), (-?[0-9.]+)\)\s*$`)

// textPosition reads the coordinates at the end of a node text.
func textPosition(text string) (orb.Point, bool) {
	m := textAt.FindStringSubmatch(text)
	if m == nil {
		return orb.Point{}, false
	}
	x, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return orb.Point{}, false
	}
	y, err := strconv.ParseFloat(m[2], 64)
	return orb.Point{x, y}, err == nil
}

func nan(s string) string {
	if s == "" {
		return "nan"
	}
	return s
}

// describe fills in name, category and address from the text where they are
// missing, and the kind.
func (n *Node) describe(center bool) {
	name, category, address := parseText(n.Text, n.ID)
	n.Name, n.Category, n.Address = known(n.Name, name), known(n.Category, category), known(n.Address, address)
	if n.Kind != "" {
		return
	}
	switch {
	case center, n.Name == "mapillary image", len(strconv.FormatInt(n.ID, 10)) > 10:
		n.Kind = "image"
	case isCrossing(n.Name):
		n.Kind = "crossing"
	case isLine(n.Shape), streetCategories[n.Category]:
		n.Kind = "street"
	case isArea(n.Shape):
		n.Kind = "area"
	default:
		n.Kind = "poi"
	}
}

func known(a, b string) string {
	for _, s := range []string{a, b} {
		if s = strings.TrimSpace(s); s != "" && s != "nan" && s != "None" {
			return s
		}
	}
	return ""
}

// parseText reads the parts of a node text: names may hold commas, so that each
// part ends where the next one's label stands.
func parseText(text string, id int64) (name, category, address string) {
	rest, ok := strings.CutPrefix(text, "Name: ")
	if !ok {
		return "", "", ""
	}
	if name, rest, ok = strings.Cut(rest, ", ID: "+strconv.FormatInt(id, 10)+", "); !ok {
		return "", "", ""
	}
	category, rest, ok = strings.Cut(strings.TrimPrefix(rest, "Category: "), ", Address: ")
	if !ok {
		return name, "", ""
	}
	end := len(rest)
	for _, label := range []string{", Neighborhood: ", ", Borough: ", ", Planning area: ", ", District: ", ", Country: ", ", city=", ", street=", ", , ", ", Coordinates: "} {
		if i := strings.Index(rest, label); i >= 0 {
			end = min(end, i)
		}
	}
	return name, category, rest[:end]
}

func isCrossing(name string) bool {
	for _, p := range []string{"Intersection of ", "Complex Crossing", "Complex_Crossing_", "Crossing_"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

func isLine(g orb.Geometry) bool {
	switch g.(type) {
	case orb.LineString, orb.MultiLineString:
		return true
	}
	return false
}

func isArea(g orb.Geometry) bool {
	switch g.(type) {
	case orb.Polygon, orb.MultiPolygon:
		return true
	}
	return false
}

// streetCategories are the reference's categories of streets.
var streetCategories = map[string]bool{
	"motorway": true, "major_road": true, "residential": true, "service_road": true, "minor_road": true, "pedestrian": true,
	"path": true, "track": true, "bicycle_road": true, "cycleway": true, "sidewalk": true, "foot_path": true,
}

// around returns the node in the middle: the centre, else the node with the given
// id, else the only image.
func (g *Graph) around(id int64) (int64, error) {
	images := 0
	var image int64
	has := map[int64]bool{}
	for i := range g.Nodes {
		has[g.Nodes[i].ID] = true
		if g.Nodes[i].Kind == "image" {
			images++
			image = g.Nodes[i].ID
		}
	}
	switch {
	case has[g.Center] && g.Center != 0:
		return g.Center, nil
	case id != 0 && has[id]:
		return id, nil
	case images == 1:
		return image, nil
	}
	return 0, fmt.Errorf("the graph of %d nodes does not say which is its image: it has no center_nodes, and %d nodes are images", len(g.Nodes), images)
}

// File returns the graph in the portable form, around the given image where the
// graph does not say which is its own (0 if that is not known). Types of edges
// are ours; metres and bearings that are missing are those between the centroids.
func (g *Graph) File(image int64) (ugdata.GraphFile, error) {
	center, err := g.around(image)
	if err != nil {
		return ugdata.GraphFile{}, err
	}
	f := ugdata.GraphFile{Center: center, Nodes: []ugdata.GraphNode{}, Edges: []ugdata.GraphEdge{}}
	nodes := make(map[int64]*Node, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		nodes[n.ID] = n
		f.Nodes = append(f.Nodes, ugdata.GraphNode{ID: n.ID, Text: n.Text, Coords: n.At, Kind: n.Kind})
	}
	for _, e := range g.Edges {
		a, b := nodes[e.From], nodes[e.To]
		kind, turn := edgeType(e.Type, a, b)
		x := measured(e, a.At, b.At)
		if turn {
			x.From, x.To, x.Bearing = x.To, x.From, float64(geo.Bearing(x.Bearing).Reverse())
		}
		f.Edges = append(f.Edges, ugdata.GraphEdge{Source: x.From, Target: x.To, Type: kind.String(), Distance: x.Metres, Bearing: x.Bearing})
	}
	return f, nil
}

// measured fills in what is missing of an edge.
func measured(e Edge, a, b orb.Point) Edge {
	if math.IsNaN(e.Metres) {
		e.Metres = float64(geo.Distance(a, b))
	}
	if math.IsNaN(e.Bearing) {
		e.Bearing = float64(geo.BearingTo(a, b))
	}
	return e
}
