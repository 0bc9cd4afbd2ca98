package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkt"

	"urbangraph/uglib/city"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/ugdata/graphml"
)

// writeGraphML writes a graph of each whole city and of each place.
func writeGraphML(ctx context.Context, dir string, d *ugdata.Dataset) error {
	for _, name := range slices.Sorted(maps.Keys(d.Cities)) {
		c := d.Cities[name]
		if err := writeFile(filepath.Join(dir, name+".graphml"), func(w io.Writer) error { return WriteCity(w, c, false) }); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, "osmnx", name+".graphml"), func(w io.Writer) error { return WriteCity(w, c, true) }); err != nil {
			return err
		}
	}
	task := progress.Start(ctx, "write graphs", len(d.Places))
	defer task.Done()
	for i := range d.Places {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := &d.Places[i]
		path := filepath.Join(dir, "places", strconv.FormatInt(p.ID, 10)+".graphml")
		if err := writeFile(path, func(w io.Writer) error { return WritePlace(w, p, d.Cities[p.City]) }); err != nil {
			return err
		}
		task.Add(1)
	}
	return nil
}

// graph attributes, by the names that OSMnx has for them.
func graphValues(c *city.City, more ...graphml.Value) []graphml.Value {
	return append([]graphml.Value{
		{Key: graphml.Key{Name: "crs", Type: graphml.String}, Value: "epsg:4326"},
		{Key: graphml.Key{Name: "name", Type: graphml.String}, Value: c.Name},
		{Key: graphml.Key{Name: "title", Type: graphml.String}, Value: c.Title},
		{Key: graphml.Key{Name: "credit", Type: graphml.String}, Value: c.Credit},
		{Key: graphml.Key{Name: "created_with", Type: graphml.String}, Value: "urbangraph"},
	}, more...)
}

func keys(kind graphml.Type, names ...string) (out []graphml.Key) {
	for _, n := range names {
		out = append(out, graphml.Key{Name: n, Type: kind})
	}
	return out
}

// WriteCity writes the whole graph of a city as GraphML: an undirected graph
// with every node class, for NetworkX, igraph and Gephi, with typed attributes,
// or for OSMnx (load_graphml), which wants them all as strings.
// Nodes are named by their index in the city's node table. x and y are the
// longitude and latitude of a node's centroid, wkt is the shape of a street or
// area; length is an edge's distance in metres, bearing in degrees, geometry
// (WKT) draws it.
func WriteCity(w io.Writer, c *city.City, osmnx bool) error {
	g := graphml.NewWriter(w, graphml.Header{
		Untyped: osmnx,
		Graph:   graphValues(c),
		Nodes:   slices.Concat(keys(graphml.Double, "x", "y"), keys(graphml.Long, "osm_id"), keys(graphml.String, "kind", "name", "category", "type", "address", "tags", "wkt")),
		Edges:   slices.Concat(keys(graphml.Double, "length", "bearing", "overlap"), keys(graphml.Long, "via"), keys(graphml.String, "type", "relation", "geometry")),
	})
	for i := range c.Nodes {
		n := &c.Nodes[i]
		at := c.Centroid(city.NodeID(i))
		tags, err := json.Marshal(n.Tags)
		if err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
		var shape any
		if _, ok := n.Geometry.(orb.Point); !ok {
			shape = wkt.MarshalString(n.Geometry)
		}
		g.Node(strconv.Itoa(i), at[0], at[1], n.OSM, n.Kind.String(), text(n.Name), text(n.Category), text(n.Type), text(n.Address), string(tags), shape)
	}
	for i := range c.Edges {
		e := &c.Edges[i]
		var via, overlap, relation any
		if e.Via != city.None {
			via = int64(e.Via)
		}
		if e.Type == city.Bounds {
			overlap, relation = e.Overlap, e.Relation.String()
		}
		line := orb.LineString{c.Centroid(e.From), c.Centroid(e.To)}
		g.Edge(strconv.Itoa(int(e.From)), strconv.Itoa(int(e.To)), float64(e.Distance), float64(e.Bearing), overlap, via, e.Type.String(), relation, wkt.MarshalString(line))
	}
	return g.Close()
}

// text is an attribute that is left out where it is empty.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// WritePlace writes the subgraph of a place of a city as GraphML, with the
// texts and names of nodes of the portable JSON form; the image is the node that
// the graph's attribute center_node names.
func WritePlace(w io.Writer, p *ugdata.Place, c *city.City) error {
	f := p.File(c)
	g := graphml.NewWriter(w, graphml.Header{
		Graph: graphValues(c,
			graphml.Value{Key: graphml.Key{Name: "center_node", Type: graphml.Long}, Value: f.Center},
			graphml.Value{Key: graphml.Key{Name: "split", Type: graphml.String}, Value: string(p.Split)},
			graphml.Value{Key: graphml.Key{Name: "caption", Type: graphml.String}, Value: p.Caption},
		),
		Nodes: slices.Concat(keys(graphml.Double, "x", "y"), keys(graphml.String, "kind", "node_text")),
		Edges: slices.Concat(keys(graphml.Double, "length", "bearing"), keys(graphml.String, "type")),
	})
	for _, n := range f.Nodes {
		g.Node(strconv.FormatInt(n.ID, 10), n.Coords[0], n.Coords[1], n.Kind, n.Text)
	}
	for _, e := range f.Edges {
		g.Edge(strconv.FormatInt(e.Source, 10), strconv.FormatInt(e.Target, 10), e.Distance, e.Bearing, e.Type)
	}
	return g.Close()
}
