package exchange

import (
	"context"
	_ "embed"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/ugdata/npz"
)

//go:embed load_pyg.py
var pygLoader []byte

// kindNames are the classes of nodes, the image first; a node's class is its
// place here.
var kindNames = []string{"image", city.Street.String(), city.Crossing.String(), city.POI.String(), city.Area.String()}

// writePyG writes graphs.npz and load_pyg.py, which says what the arrays are.
func writePyG(ctx context.Context, dir string, d *ugdata.Dataset) error {
	a := newPyGArrays(d)
	task := progress.Start(ctx, "gather graphs", len(d.Places))
	defer task.Done()
	for i := range d.Places {
		if err := ctx.Err(); err != nil {
			return err
		}
		a.add(&d.Places[i], d.Cities[d.Places[i].City])
		task.Add(1)
	}
	if err := writeFile(filepath.Join(dir, "graphs.npz"), a.write); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "load_pyg.py"), func(w io.Writer) error {
		_, err := w.Write(pygLoader)
		return err
	})
}

// pygArrays are the arrays of graphs.npz. The graphs stand one after the other;
// what is known of a node of a city is kept once, in the table.
type pygArrays struct {
	cities []string
	rows   map[string]map[city.NodeID]int32 // of the table

	placeID        []int64
	city, split    []int16
	lonlat         []float64
	heading        []float32
	caption        []string
	nodeAt, edgeAt []int64 // where a graph's nodes and edges begin; one more at the end

	node     []int32   // row of the table
	pos      []float32 // metres east and north of the image
	from, to []int32   // within the graph
	edgeType []int8
	metres   []float32
	bearing  []float32 // degrees

	tableKind   []int8
	tableID     []int64 // index in the city's node table, -1 for an image
	tableOSM    []int64
	tableLonLat []float64 // NaN for an image
	tableText   []string
}

func newPyGArrays(d *ugdata.Dataset) *pygArrays {
	a := &pygArrays{
		cities: slices.Sorted(maps.Keys(d.Cities)), rows: map[string]map[city.NodeID]int32{},
		nodeAt: []int64{0}, edgeAt: []int64{0},
	}
	a.tableKind, a.tableID, a.tableOSM = []int8{0}, []int64{-1}, []int64{0}
	a.tableLonLat, a.tableText = []float64{math.NaN(), math.NaN()}, []string{ugdata.NodeText(nil, city.None)}
	for _, name := range a.cities {
		a.rows[name] = map[city.NodeID]int32{city.None: 0}
	}
	return a
}

func (a *pygArrays) add(p *ugdata.Place, c *city.City) {
	a.placeID = append(a.placeID, p.ID)
	a.city = append(a.city, int16(slices.Index(a.cities, p.City)))
	a.split = append(a.split, int16(slices.Index(ugdata.Splits, p.Split)))
	a.lonlat = append(a.lonlat, p.Pos[0], p.Pos[1])
	a.heading = append(a.heading, float32(p.Heading))
	a.caption = append(a.caption, p.Caption)
	frame := geo.Frame{Origin: p.Pos}
	for _, id := range p.Graph.Nodes {
		a.node = append(a.node, a.row(p.City, c, id))
		xy := [2]float64{}
		if id != city.None {
			xy = frame.Local(c.Centroid(id))
		}
		a.pos = append(a.pos, float32(xy[0]), float32(xy[1]))
	}
	for _, e := range p.Graph.Edges {
		a.from, a.to = append(a.from, e.From), append(a.to, e.To)
		a.edgeType = append(a.edgeType, int8(e.Type))
		a.metres, a.bearing = append(a.metres, float32(e.Distance)), append(a.bearing, float32(e.Bearing))
	}
	a.nodeAt, a.edgeAt = append(a.nodeAt, int64(len(a.node))), append(a.edgeAt, int64(len(a.from)))
}

// row returns the row of a node in the table, and adds it where it is new.
func (a *pygArrays) row(name string, c *city.City, id city.NodeID) int32 {
	if row, ok := a.rows[name][id]; ok {
		return row
	}
	row := int32(len(a.tableID))
	a.rows[name][id] = row
	at := c.Centroid(id)
	a.tableKind = append(a.tableKind, int8(slices.Index(kindNames, c.Nodes[id].Kind.String())))
	a.tableID, a.tableOSM = append(a.tableID, int64(id)), append(a.tableOSM, c.Nodes[id].OSM)
	a.tableLonLat, a.tableText = append(a.tableLonLat, at[0], at[1]), append(a.tableText, ugdata.NodeText(c, id))
	return row
}

func (a *pygArrays) write(w io.Writer) error {
	var splits, types []string
	for _, s := range ugdata.Splits {
		splits = append(splits, string(s))
	}
	for t := range city.NumEdgeTypes {
		types = append(types, city.EdgeType(t).String())
	}
	f := npz.NewWriter(w)
	npz.AddTexts(f, "cities", a.cities)
	npz.AddTexts(f, "splits", splits)
	npz.AddTexts(f, "kinds", kindNames)
	npz.AddTexts(f, "edge_types", types)
	npz.Add(f, "place_id", a.placeID)
	npz.Add(f, "city", a.city)
	npz.Add(f, "split", a.split)
	npz.Add(f, "lonlat", a.lonlat, len(a.placeID), 2)
	npz.Add(f, "heading", a.heading)
	npz.AddTexts(f, "caption", a.caption)
	npz.Add(f, "node_at", a.nodeAt)
	npz.Add(f, "edge_at", a.edgeAt)
	npz.Add(f, "node", a.node)
	npz.Add(f, "pos", a.pos, len(a.node), 2)
	npz.Add(f, "edge_from", a.from)
	npz.Add(f, "edge_to", a.to)
	npz.Add(f, "edge_type", a.edgeType)
	npz.Add(f, "edge_metres", a.metres)
	npz.Add(f, "edge_bearing", a.bearing)
	npz.Add(f, "table_kind", a.tableKind)
	npz.Add(f, "table_id", a.tableID)
	npz.Add(f, "table_osm_id", a.tableOSM)
	npz.Add(f, "table_lonlat", a.tableLonLat, len(a.tableID), 2)
	npz.AddTexts(f, "table_text", a.tableText)
	return f.Close()
}
