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
	"urbangraph/uglib/osm"
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
const layoutVersion = 6

// header is the content of city.json.
type header struct {
	Format  string      `json:"format"`
	Version int         `json:"version"`
	Name    string      `json:"name"`
	Title   string      `json:"title"`
	Country string      `json:"country,omitempty"`
	Code    string      `json:"country_code,omitempty"`
	Credit  string      `json:"credit"`
	BBox    [4]float64  `json:"bbox"`   // west, south, east, north in degrees; east is beyond 180 across that meridian
	Origin  orb.Point   `json:"origin"` // of the metric frame
	Nodes   table       `json:"nodes"`
	Edges   table       `json:"edges"`
	Scenery table       `json:"scenery"`
	Regions table       `json:"regions"`
	Faults  []osm.Fault `json:"faults,omitempty"`
}

// table describes a Parquet file.
type table struct {
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
}

const formatName = "urbangraph city"

// Write writes a city into a folder, which it makes: nodes.parquet,
// edges.parquet, scenery.parquet and regions.parquet in GeoParquet 1.1 (package
// geoparquet), and city.json, last. Each file replaces its forerunner only when
// it is whole. The same city always gives the same bytes.
func Write(dir string, c *City) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write city %s: %w", c.Name, err)
	}
	h := header{
		Format: formatName, Version: layoutVersion, Name: c.Name, Title: c.Title, Country: c.Country, Code: c.CountryCode, Credit: c.Credit,
		BBox: [4]float64{c.Bound.Min[0], c.Bound.Min[1], c.Bound.Max[0], c.Bound.Max[1]}, Origin: c.Frame.Origin, Faults: c.Faults,
	}
	for _, part := range []struct {
		file  string
		table *table
		write func(path string) (table, error)
	}{
		{nodesFile, &h.Nodes, c.writeNodes},
		{edgesFile, &h.Edges, c.writeEdges},
		{sceneryFile, &h.Scenery, c.writeScenery},
		{regionsFile, &h.Regions, c.writeRegions},
	} {
		var err error
		if *part.table, err = part.write(filepath.Join(dir, part.file)); err != nil {
			return fmt.Errorf("write city %s: %s: %w", c.Name, part.file, err)
		}
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

// Read reads the folder that [Write] wrote.
func Read(dir string) (*City, error) {
	c := &City{}
	if err := c.read(dir); err != nil {
		return nil, err
	}
	return c, nil
}

// read fills an empty city from the folder.
func (c *City) read(dir string) error {
	path := filepath.Join(dir, cityFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read city: %s holds no %s: it is not the folder of a city; build it with `ug city`", dir, cityFile)
	}
	if err != nil {
		return fmt.Errorf("read city: %w", err)
	}
	var h header
	if err := json.Unmarshal(b, &h); err != nil {
		return fmt.Errorf("read city: %s: %w; build it again", path, err)
	}
	if h.Format != formatName || h.Version != layoutVersion {
		return fmt.Errorf("read city: %s is %q version %d, where %q version %d is expected; build it again", path, h.Format, h.Version, formatName, layoutVersion)
	}
	c.Name, c.Title, c.Country, c.CountryCode, c.Credit, c.Faults = h.Name, h.Title, h.Country, h.Code, h.Credit, h.Faults
	c.Bound = orb.Bound{Min: orb.Point{h.BBox[0], h.BBox[1]}, Max: orb.Point{h.BBox[2], h.BBox[3]}}
	c.Frame = geo.Frame{Origin: h.Origin}
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
			return fmt.Errorf("read city: %s: %w; build it again", path, err)
		}
	}
	c.dir, err = filepath.Abs(dir)
	return err
}

// KeptAs returns the reference by which [City.Reopen] finds the city again, in another cell of a notebook:
// the folder that it was read from. A city that was made in memory has none.
func (c *City) KeptAs() (reference []byte, err error) {
	if c.dir == "" {
		return nil, fmt.Errorf("city %s was not read from a folder; open it with city.Open, or write and read it", c.Name)
	}
	return []byte(c.dir), nil
}

// Reopen reads the city of a reference into an empty one. What was changed in the city since it was read is
// not there: its parts are not to be changed.
func (c *City) Reopen(reference []byte) error { return c.read(string(reference)) }
