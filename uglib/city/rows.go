package city

import (
	"encoding/json"
	"fmt"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/geo/geoparquet"
	"urbangraph/uglib/osm"
)

// shape is the geometry of a row and its box.
type shape struct {
	Geometry []byte          `parquet:"geometry"`
	BBox     geoparquet.BBox `parquet:"bbox"`
}

func (s *shape) set(geometry []byte, box geoparquet.BBox) { s.Geometry, s.BBox = geometry, box }

// nodeRow is a row of nodes.parquet.
type nodeRow struct {
	ID       int64   `parquet:"id"`
	OSM      int64   `parquet:"osm_id"`
	Kind     string  `parquet:"kind,dict"`
	Name     string  `parquet:"name"`
	Category string  `parquet:"category,dict"`
	Type     string  `parquet:"type,dict"`
	Address  string  `parquet:"address"`
	Tags     string  `parquet:"tags"` // JSON object
	Streets  []int64 `parquet:"streets,list"`
	adminColumns
	streetColumns
	shape
}

// streetColumns are zero of nodes that are no streets.
type streetColumns struct {
	Oneway       int32   `parquet:"oneway"` // 1 along the line only, -1 against it only, 0 both ways
	Layer        int32   `parquet:"layer"`
	Structure    string  `parquet:"structure,dict"` // bridge, tunnel or nothing
	Length       float64 `parquet:"length"`         // metres
	Bearing      float64 `parquet:"bearing"`        // degrees, from the first vertex to the last
	Direction    string  `parquet:"direction,dict"` // the same as one of sixteen winds
	Straightness float64 `parquet:"straightness"`   // 0 to 1
	Turns        int32   `parquet:"turns"`
}

func (c *City) streetColumns(id NodeID) streetColumns {
	n, m := &c.Nodes[id], c.Metrics(id)
	s := streetColumns{
		Oneway: int32(n.Oneway()), Layer: int32(n.Layer()), Length: float64(m.Length), Bearing: float64(m.Bearing), Direction: m.Bearing.Wind16(),
		Straightness: m.Straightness, Turns: int32(m.Turns),
	}
	switch {
	case n.Bridge():
		s.Structure = "bridge"
	case n.Tunnel():
		s.Structure = "tunnel"
	}
	return s
}

// adminColumns are those of [Admin].
type adminColumns struct {
	Country       string `parquet:"country,dict"`
	CountryCode   string `parquet:"country_code,dict"`
	State         string `parquet:"state,dict"`
	County        string `parquet:"county,dict"`
	City          string `parquet:"city,dict"`
	District      string `parquet:"district,dict"`
	Neighbourhood string `parquet:"neighbourhood,dict"`
}

// edgeRow is a row of edges.parquet. Geometry draws the edge: from the point
// to the foot point of nearest, bounds and inside, between the crossings of
// along, the meeting point of the others.
type edgeRow struct {
	From     int64   `parquet:"from"`
	To       int64   `parquet:"to"`
	Type     string  `parquet:"type,dict"`
	Via      int64   `parquet:"via"`      // -1 for none
	Distance float64 `parquet:"distance"` // metres
	Bearing  float64 `parquet:"bearing"`  // degrees clockwise from north
	AtLon    float64 `parquet:"at_lon"`
	AtLat    float64 `parquet:"at_lat"`
	Relation string  `parquet:"relation,dict"` // of an area and a street
	Overlap  float64 `parquet:"overlap"`       // of bounds, 0 to 1
	shape
}

// featureRow is a row of scenery.parquet.
type featureRow struct {
	OSM   int64  `parquet:"osm_id"`
	Layer string `parquet:"layer,dict"`
	Tags  string `parquet:"tags"` // JSON object
	shape
}

// regionRow is a row of regions.parquet.
type regionRow struct {
	OSM      int64   `parquet:"osm_id"`
	Name     string  `parquet:"name"`
	Division string  `parquet:"division,dict"`
	Level    int32   `parquet:"admin_level"`
	Code     string  `parquet:"country_code,dict"`
	ISO      string  `parquet:"iso3166_2"`
	Within   string  `parquet:"is_in"`       // JSON object
	Centre   string  `parquet:"centre,dict"` // of a border that the extract cuts: inside or outside
	Reach    float64 `parquet:"reach"`       // metres; of a label
	shape
}

func (c *City) writeNodes(path string) (table, error) {
	rows, shapes := make([]nodeRow, len(c.Nodes)), make([]orb.Geometry, len(c.Nodes))
	for i := range c.Nodes {
		n := &c.Nodes[i]
		tags, err := encodeTags(n.Tags)
		if err != nil {
			return table{}, fmt.Errorf("node %d: %w", i, err)
		}
		rows[i] = nodeRow{
			ID: int64(i), OSM: n.OSM, Kind: n.Kind.String(), Name: n.Name, Category: n.Category, Type: n.Type, Address: n.Address, Tags: tags,
			adminColumns: adminColumns(c.AdminOf(NodeID(i))),
		}
		if n.Kind == Street {
			rows[i].streetColumns = c.streetColumns(NodeID(i))
		}
		for _, s := range n.Streets {
			rows[i].Streets = append(rows[i].Streets, int64(s))
		}
		shapes[i] = n.Geometry
	}
	return writeTable(path, rows, shapes, func(r *nodeRow) *shape { return &r.shape })
}

func (c *City) readNodes(path string, want table) error {
	rows, err := readTable[nodeRow](path, want)
	if err != nil {
		return err
	}
	c.Nodes, c.admin.node = make([]Node, len(rows)), make([]int32, len(rows))
	for i := range rows {
		r := &rows[i]
		n := Node{OSM: r.OSM, Name: r.Name, Category: r.Category, Type: r.Type, Address: r.Address}
		if r.ID != int64(i) {
			return fmt.Errorf("row %d: id %d, where rows are numbered from 0", i, r.ID)
		}
		if n.Kind, err = ParseKind(r.Kind); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
		if n.Tags, err = decodeTags(r.Tags); err != nil {
			return fmt.Errorf("row %d: tags: %w", i, err)
		}
		if n.Geometry, err = decodeShape(r.Geometry); err != nil {
			return fmt.Errorf("row %d: geometry: %w", i, err)
		}
		if !fits(n.Kind, n.Geometry) {
			return fmt.Errorf("row %d: a node of kind %s cannot be a %s", i, n.Kind, n.Geometry.GeoJSONType())
		}
		for _, s := range r.Streets {
			id, err := nodeID(s, len(rows))
			if err != nil {
				return fmt.Errorf("row %d: streets: %w", i, err)
			}
			n.Streets = append(n.Streets, id)
		}
		c.Nodes[i] = n
		c.admin.node[i] = c.admin.intern(Admin(r.adminColumns))
	}
	return nil
}

// fits reports whether a node of this kind may have this geometry.
func fits(k Kind, g orb.Geometry) bool {
	switch g.(type) {
	case orb.Point:
		return k == POI || k == Crossing
	case orb.LineString:
		return k == Street
	case orb.Polygon, orb.MultiPolygon:
		return k == Area
	}
	return false
}

func nodeID(v int64, nodes int) (NodeID, error) {
	if v < 0 || v >= int64(nodes) {
		return None, fmt.Errorf("node %d of %d", v, nodes)
	}
	return NodeID(v), nil
}

func (c *City) writeEdges(path string) (table, error) {
	rows, shapes := make([]edgeRow, len(c.Edges)), make([]orb.Geometry, len(c.Edges))
	for i := range c.Edges {
		e := &c.Edges[i]
		rows[i] = edgeRow{
			From: int64(e.From), To: int64(e.To), Type: e.Type.String(), Via: int64(e.Via),
			Distance: float64(e.Distance), Bearing: float64(e.Bearing), AtLon: e.At[0], AtLat: e.At[1],
			Relation: e.Relation.String(), Overlap: e.Overlap,
		}
		shapes[i] = c.drawEdge(e)
	}
	return writeTable(path, rows, shapes, func(r *edgeRow) *shape { return &r.shape })
}

// drawEdge returns what an edge looks like on a map.
func (c *City) drawEdge(e *Edge) orb.Geometry {
	switch e.Type {
	case Nearest, Bounds, Along, Inside:
		if from := c.Centroid(e.From); from != e.At {
			return orb.LineString{from, e.At}
		}
	}
	return e.At
}

func (c *City) readEdges(path string, want table) error {
	rows, err := readTable[edgeRow](path, want)
	if err != nil {
		return err
	}
	c.Edges = make([]Edge, len(rows))
	for i := range rows {
		r := &rows[i]
		e := Edge{
			Via: None, Distance: geo.Metres(r.Distance), Bearing: geo.Bearing(r.Bearing), At: orb.Point{r.AtLon, r.AtLat}, Overlap: r.Overlap,
		}
		if e.Type, err = ParseEdgeType(r.Type); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
		if e.Relation, err = ParseRelation(r.Relation); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
		if e.From, err = nodeID(r.From, len(c.Nodes)); err != nil {
			return fmt.Errorf("row %d: from: %w", i, err)
		}
		if e.To, err = nodeID(r.To, len(c.Nodes)); err != nil {
			return fmt.Errorf("row %d: to: %w", i, err)
		}
		if r.Via != int64(None) {
			if e.Via, err = nodeID(r.Via, len(c.Nodes)); err != nil {
				return fmt.Errorf("row %d: via: %w", i, err)
			}
		}
		c.Edges[i] = e
	}
	return nil
}

func (c *City) writeScenery(path string) (table, error) {
	rows, shapes := make([]featureRow, len(c.Scenery)), make([]orb.Geometry, len(c.Scenery))
	for i, f := range c.Scenery {
		tags, err := encodeTags(f.Tags)
		if err != nil {
			return table{}, fmt.Errorf("scenery %d: %w", i, err)
		}
		rows[i] = featureRow{OSM: f.OSM, Layer: f.Layer, Tags: tags}
		shapes[i] = f.Geometry
	}
	return writeTable(path, rows, shapes, func(r *featureRow) *shape { return &r.shape })
}

func (c *City) readScenery(path string, want table) error {
	rows, err := readTable[featureRow](path, want)
	if err != nil {
		return err
	}
	c.Scenery = make([]Feature, len(rows))
	for i := range rows {
		r := &rows[i]
		f := Feature{OSM: r.OSM, Layer: r.Layer}
		if f.Tags, err = decodeTags(r.Tags); err != nil {
			return fmt.Errorf("row %d: tags: %w", i, err)
		}
		if f.Geometry, err = decodeShape(r.Geometry); err != nil {
			return fmt.Errorf("row %d: geometry: %w", i, err)
		}
		c.Scenery[i] = f
	}
	return nil
}

// sides are the values of the column centre. It is no column of Booleans since
// the Parquet library leaves what was there before in their last byte, so that
// the same table would not always be the same file.
var sides = map[bool]string{true: "inside", false: "outside"}

func (c *City) writeRegions(path string) (table, error) {
	rows, shapes := make([]regionRow, len(c.Regions)), make([]orb.Geometry, len(c.Regions))
	for i := range c.Regions {
		r := &c.Regions[i]
		within, err := json.Marshal(r.Within)
		if err != nil {
			return table{}, fmt.Errorf("region %d: %w", i, err)
		}
		rows[i] = regionRow{
			OSM: r.OSM, Name: r.Name, Division: r.Division.String(), Level: int32(r.Level), Code: r.Country, ISO: r.ISO,
			Within: string(within), Reach: float64(r.Reach),
		}
		if _, lines := r.Geometry.(orb.MultiLineString); lines {
			rows[i].Centre = sides[r.Centre]
		}
		shapes[i] = r.Geometry
	}
	return writeTable(path, rows, shapes, func(r *regionRow) *shape { return &r.shape })
}

func (c *City) readRegions(path string, want table) error {
	rows, err := readTable[regionRow](path, want)
	if err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		o := Region{OSM: r.OSM, Name: r.Name, Level: int(r.Level), Country: r.Code, ISO: r.ISO, Centre: r.Centre == sides[true], Reach: geo.Metres(r.Reach)}
		var ok bool
		if o.Division, ok = osm.ParseDivision(r.Division); !ok {
			return fmt.Errorf("row %d: unknown division %q", i, r.Division)
		}
		if err := json.Unmarshal([]byte(r.Within), &o.Within); err != nil {
			return fmt.Errorf("row %d: is_in: %w", i, err)
		}
		if o.Geometry, err = decodeShape(r.Geometry); err != nil {
			return fmt.Errorf("row %d: geometry: %w", i, err)
		}
		switch o.Geometry.(type) {
		case orb.Polygon, orb.MultiPolygon, orb.MultiLineString, orb.Point:
		default:
			return fmt.Errorf("row %d: a region cannot be a %s", i, o.Geometry.GeoJSONType())
		}
		c.Regions = append(c.Regions, o)
	}
	return nil
}
