package city

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// The files of a city's folder.
const (
	cityFile    = "city.json"
	nodesFile   = "nodes.parquet"
	edgesFile   = "edges.parquet"
	sceneryFile = "scenery.parquet"
	regionsFile = "regions.parquet"
)

// layoutVersion is that of the files that Write writes and of the rules by
// which Build makes nodes and edges: raise it when either changes.
const layoutVersion = 4

// header is the content of city.json.
type header struct {
	Format  string     `json:"format"`
	Version int        `json:"version"`
	Name    string     `json:"name"`
	Title   string     `json:"title"`
	Country string     `json:"country,omitempty"`
	Code    string     `json:"country_code,omitempty"`
	Credit  string     `json:"credit"`
	BBox    [4]float64 `json:"bbox"`   // west, south, east, north in degrees
	Origin  orb.Point  `json:"origin"` // of the metric frame
	Nodes   table      `json:"nodes"`
	Edges   table      `json:"edges"`
	Scenery table      `json:"scenery"`
	Regions table      `json:"regions"`
}

// table describes a Parquet file.
type table struct {
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
}

const formatName = "urbangraph city"

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
	Geometry []byte `parquet:"geometry"`
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
// to the foot point of nearest and bounds, between the crossings of along, the
// meeting point of the others.
type edgeRow struct {
	From     int64   `parquet:"from"`
	To       int64   `parquet:"to"`
	Type     string  `parquet:"type,dict"`
	Via      int64   `parquet:"via"` // -1 for none
	Distance float64 `parquet:"distance"`
	Bearing  float64 `parquet:"bearing"`
	AtLon    float64 `parquet:"at_lon"`
	AtLat    float64 `parquet:"at_lat"`
	Geometry []byte  `parquet:"geometry"`
}

// featureRow is a row of scenery.parquet.
type featureRow struct {
	OSM      int64  `parquet:"osm_id"`
	Layer    string `parquet:"layer,dict"`
	Tags     string `parquet:"tags"` // JSON object
	Geometry []byte `parquet:"geometry"`
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
	Geometry []byte  `parquet:"geometry"`
}

// Write writes a city into a folder, which it makes: nodes.parquet,
// edges.parquet, scenery.parquet and regions.parquet in GeoParquet 1.1 (WKB, longitude and
// latitude), and city.json, last. Each file replaces its forerunner only when
// it is whole.
func Write(dir string, c *City) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write city %s: %w", c.Name, err)
	}
	h := header{
		Format: formatName, Version: layoutVersion, Name: c.Name, Title: c.Title, Country: c.Country, Code: c.CountryCode, Credit: c.Credit,
		BBox: [4]float64{c.Bound.Min[0], c.Bound.Min[1], c.Bound.Max[0], c.Bound.Max[1]}, Origin: c.Frame.Origin,
	}
	var err error
	nodes := make([]nodeRow, len(c.Nodes))
	shapes := make([]orb.Geometry, len(c.Nodes))
	for i, n := range c.Nodes {
		tags, err := encodeTags(n.Tags)
		if err != nil {
			return fmt.Errorf("write city %s: node %d: %w", c.Name, i, err)
		}
		nodes[i] = nodeRow{
			ID: int64(i), OSM: n.OSM, Kind: n.Kind.String(), Name: n.Name, Category: n.Category, Type: n.Type, Address: n.Address, Tags: tags,
			adminColumns: adminColumns(c.AdminOf(NodeID(i))),
		}
		for _, s := range n.Streets {
			nodes[i].Streets = append(nodes[i].Streets, int64(s))
		}
		shapes[i] = n.Geometry
	}
	if h.Nodes, err = writeTable(filepath.Join(dir, nodesFile), nodes, shapes, func(r *nodeRow) *[]byte { return &r.Geometry }); err != nil {
		return fmt.Errorf("write city %s: %w", c.Name, err)
	}
	edges := make([]edgeRow, len(c.Edges))
	shapes = make([]orb.Geometry, len(c.Edges))
	for i := range c.Edges {
		e := &c.Edges[i]
		edges[i] = edgeRow{
			From: int64(e.From), To: int64(e.To), Type: e.Type.String(), Via: int64(e.Via),
			Distance: float64(e.Distance), Bearing: float64(e.Bearing), AtLon: e.At[0], AtLat: e.At[1],
		}
		shapes[i] = c.drawEdge(e)
	}
	if h.Edges, err = writeTable(filepath.Join(dir, edgesFile), edges, shapes, func(r *edgeRow) *[]byte { return &r.Geometry }); err != nil {
		return fmt.Errorf("write city %s: %w", c.Name, err)
	}
	features := make([]featureRow, len(c.Scenery))
	shapes = make([]orb.Geometry, len(c.Scenery))
	for i, f := range c.Scenery {
		tags, err := encodeTags(f.Tags)
		if err != nil {
			return fmt.Errorf("write city %s: scenery %d: %w", c.Name, i, err)
		}
		features[i] = featureRow{OSM: f.OSM, Layer: f.Layer, Tags: tags}
		shapes[i] = f.Geometry
	}
	if h.Scenery, err = writeTable(filepath.Join(dir, sceneryFile), features, shapes, func(r *featureRow) *[]byte { return &r.Geometry }); err != nil {
		return fmt.Errorf("write city %s: %w", c.Name, err)
	}
	if h.Regions, err = c.writeRegions(filepath.Join(dir, regionsFile)); err != nil {
		return fmt.Errorf("write city %s: %w", c.Name, err)
	}
	b, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return fmt.Errorf("write city %s: %w", c.Name, err)
	}
	if err := renameio.WriteFile(filepath.Join(dir, cityFile), append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write city %s: %w", c.Name, err)
	}
	return nil
}

// drawEdge returns what an edge looks like on a map.
func (c *City) drawEdge(e *Edge) orb.Geometry {
	switch e.Type {
	case Nearest, Bounds, Along:
		if from := c.Centroid(e.From); from != e.At {
			return orb.LineString{from, e.At}
		}
	}
	return e.At
}

// Read reads the folder that [Write] wrote.
func Read(dir string) (*City, error) {
	path := filepath.Join(dir, cityFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read city: %s holds no %s: it is not the folder of a city; build it with `ug city`", dir, cityFile)
	}
	if err != nil {
		return nil, fmt.Errorf("read city: %w", err)
	}
	var h header
	if err := json.Unmarshal(b, &h); err != nil {
		return nil, fmt.Errorf("read city: %s: %w; build it again", path, err)
	}
	if h.Format != formatName || h.Version != layoutVersion {
		return nil, fmt.Errorf("read city: %s is %q version %d, where %q version %d is expected; build it again", path, h.Format, h.Version, formatName, layoutVersion)
	}
	c := &City{
		Name: h.Name, Title: h.Title, Country: h.Country, CountryCode: h.Code, Credit: h.Credit,
		Bound: orb.Bound{Min: orb.Point{h.BBox[0], h.BBox[1]}, Max: orb.Point{h.BBox[2], h.BBox[3]}},
		Frame: geo.Frame{Origin: h.Origin},
	}
	for _, part := range []struct {
		file string
		want table
		read func(path string, want table) error
	}{
		{nodesFile, h.Nodes, c.readNodes},
		{edgesFile, h.Edges, c.readEdges},
		{sceneryFile, h.Scenery, c.readScenery},
		{regionsFile, h.Regions, c.readRegions},
	} {
		path := filepath.Join(dir, part.file)
		if err := part.read(path, part.want); err != nil {
			return nil, fmt.Errorf("read city: %s: %w; build it again", path, err)
		}
	}
	return c, nil
}

func (c *City) readNodes(path string, want table) error {
	rows, err := readTable[nodeRow](path, want)
	if err != nil {
		return err
	}
	c.Nodes, c.admin.node = make([]Node, len(rows)), make([]int32, len(rows))
	for i, r := range rows {
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

func (c *City) readEdges(path string, want table) error {
	rows, err := readTable[edgeRow](path, want)
	if err != nil {
		return err
	}
	c.Edges = make([]Edge, len(rows))
	for i, r := range rows {
		e := Edge{Via: None, Distance: geo.Metres(r.Distance), Bearing: geo.Bearing(r.Bearing), At: orb.Point{r.AtLon, r.AtLat}}
		if e.Type, err = ParseEdgeType(r.Type); err != nil {
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

func (c *City) readScenery(path string, want table) error {
	rows, err := readTable[featureRow](path, want)
	if err != nil {
		return err
	}
	c.Scenery = make([]Feature, len(rows))
	for i, r := range rows {
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
