package ugdata

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/geo/geoparquet"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/streetview/imagehash"
)

// Names of the tables of a dataset's folder.
const (
	placesTable  = "places.parquet"
	pathsTable   = "paths.parquet"
	samplesTable = "samples.parquet"
)

// placeRow is a row of places.parquet. Nodes are indices into the city's node
// table; -1 is the image. The edges of the subgraph are five lists of the same
// length.
type placeRow struct {
	ID        int64     `parquet:"id"`
	City      string    `parquet:"city,dict"`
	Split     string    `parquet:"split,dict"`
	Block     uint64    `parquet:"block"` // S2 cell id
	Lon       float64   `parquet:"lon"`
	Lat       float64   `parquet:"lat"`
	Heading   float64   `parquet:"heading"` // degrees clockwise from north
	Image     string    `parquet:"image"`
	Origin    string    `parquet:"origin,dict"`
	Sequence  string    `parquet:"sequence,optional,dict"` // of photographs
	SHA256    string    `parquet:"image_sha256"`           // of the image file, in hex; empty if unknown
	Hash      *string   `parquet:"image_phash,optional"`   // perceptual, 16 hexadecimal digits
	Caption   string    `parquet:"caption"`
	Summary   string    `parquet:"caption_summary"`
	CaptionBy string    `parquet:"caption_by,dict"`
	NamesOnly string    `parquet:"names_only"`
	Nodes     []int32   `parquet:"nodes,list"`
	EdgeFrom  []int32   `parquet:"edge_from,list"` // index into nodes
	EdgeTo    []int32   `parquet:"edge_to,list"`
	EdgeType  []string  `parquet:"edge_type,list"`
	Metres    []float64 `parquet:"edge_metres,list"`
	Bearing   []float64 `parquet:"edge_bearing,list"`

	Geometry []byte          `parquet:"geometry"` // of the image's position
	BBox     geoparquet.BBox `parquet:"bbox"`
}

// pathRow is a row of paths.parquet; paths of a place follow each other.
type pathRow struct {
	PlaceID     int64     `parquet:"place_id"`
	Text        string    `parquet:"text"`
	Plain       string    `parquet:"plain"`
	Summary     string    `parquet:"summary"`
	Entities    string    `parquet:"entities"`
	Destination int32     `parquet:"destination"`
	Hops        int32     `parquet:"hops"`
	Metres      float64   `parquet:"metres"`
	Nodes       []int32   `parquet:"nodes,list"`
	Lon         []float64 `parquet:"line_lon,list"`
	Lat         []float64 `parquet:"line_lat,list"`

	Geometry []byte           `parquet:"geometry,optional"` // of the line; null where it is not known
	BBox     *geoparquet.BBox `parquet:"bbox,optional"`
}

// sampleRow is a row of samples.parquet.
type sampleRow struct {
	PlaceID  int64  `parquet:"place_id"`
	Kind     string `parquet:"kind,dict"`
	Stage    int32  `parquet:"stage"`
	Query    string `parquet:"query"`
	Positive string `parquet:"positive"`
	TextKey  uint64 `parquet:"text_key"`
	PlaceKey uint64 `parquet:"place_key"`
}

// Write writes the tables of a dataset into a folder: places.parquet and
// paths.parquet, which are GeoParquet files, samples.parquet, and skipped.jsonl,
// the views that are no places. The cities are artefacts of their own and are
// not written. Each file appears whole or not at all.
func Write(dir string, d *Dataset) error {
	t, err := newTableSet(dir)
	if err != nil {
		return err
	}
	defer t.cleanup()
	for _, step := range []func() error{
		func() error { return t.add(d.Places) },
		func() error { return t.pairs(d.Samples, d.Places) },
		func() error { return t.skip(d.Skipped) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return t.close()
}

func newPlaceRow(p *Place) placeRow {
	r := placeRow{
		ID: p.ID, City: p.City, Split: string(p.Split), Block: p.Block, Lon: p.Pos[0], Lat: p.Pos[1], Heading: float64(p.Heading),
		Image: p.Image, Origin: string(p.Origin), Caption: p.Caption, Summary: p.Summary, CaptionBy: p.CaptionBy, NamesOnly: p.NamesOnly, Nodes: ints(p.Graph.Nodes),
	}
	r.Sequence, r.SHA256 = p.Sequence, p.ImageSHA256
	if p.ImageHash != 0 {
		hash := p.ImageHash.String()
		r.Hash = &hash
	}
	for _, e := range p.Graph.Edges {
		r.EdgeFrom, r.EdgeTo, r.EdgeType = append(r.EdgeFrom, e.From), append(r.EdgeTo, e.To), append(r.EdgeType, e.Type.String())
		r.Metres, r.Bearing = append(r.Metres, float64(e.Distance)), append(r.Bearing, float64(e.Bearing))
	}
	return r
}

func newPathRow(place int64, p Path) pathRow {
	r := pathRow{
		PlaceID: place, Text: p.Text, Plain: p.Plain, Summary: p.Summary, Entities: p.Entities, Destination: int32(p.Destination),
		Hops: int32(p.Hops), Metres: float64(p.Length), Nodes: ints(p.Nodes),
	}
	for _, q := range p.Line {
		r.Lon, r.Lat = append(r.Lon, q[0]), append(r.Lat, q[1])
	}
	return r
}

// Read reads the tables that [Write] wrote. The dataset has no cities: they
// are opened apart.
func Read(dir string) (*Dataset, error) {
	d := &Dataset{Cities: map[string]*city.City{}}
	places, err := readTable[placeRow](filepath.Join(dir, placesTable))
	if err != nil {
		return nil, err
	}
	index := make(map[int64]int, len(places))
	for i, r := range places {
		p, err := r.place()
		if err != nil {
			return nil, fmt.Errorf("ugdata: %s, row %d: %w", placesTable, i, err)
		}
		if _, ok := index[p.ID]; ok {
			return nil, fmt.Errorf("ugdata: %s, row %d: place %d comes twice", placesTable, i, p.ID)
		}
		index[p.ID] = i
		d.Places = append(d.Places, p)
	}
	paths, err := readTable[pathRow](filepath.Join(dir, pathsTable))
	if err != nil {
		return nil, err
	}
	for i, r := range paths {
		at, ok := index[r.PlaceID]
		if !ok || len(r.Lon) != len(r.Lat) {
			return nil, fmt.Errorf("ugdata: %s, row %d: no place %d, or a line of %d longitudes and %d latitudes", pathsTable, i, r.PlaceID, len(r.Lon), len(r.Lat))
		}
		d.Places[at].Paths = append(d.Places[at].Paths, r.path())
	}
	samples, err := readTable[sampleRow](filepath.Join(dir, samplesTable))
	if err != nil {
		return nil, err
	}
	for i, r := range samples {
		at, ok := index[r.PlaceID]
		if !ok {
			return nil, fmt.Errorf("ugdata: %s, row %d: no place %d", samplesTable, i, r.PlaceID)
		}
		d.Samples = append(d.Samples, Sample{at, PairKind(r.Kind), int(r.Stage), r.Query, r.Positive, r.TextKey, r.PlaceKey})
	}
	d.Skipped, err = readSkipped(filepath.Join(dir, skippedFile))
	return d, err
}

func (r placeRow) place() (Place, error) {
	p := Place{
		ID: r.ID, City: r.City, Split: Split(r.Split), Block: r.Block, Pos: orb.Point{r.Lon, r.Lat}, Heading: geo.Bearing(r.Heading),
		Image: r.Image, Origin: streetview.Origin(r.Origin), Caption: r.Caption, Summary: r.Summary, CaptionBy: r.CaptionBy, NamesOnly: r.NamesOnly, Graph: Subgraph{Nodes: ids(r.Nodes)},
	}
	p.Sequence, p.ImageSHA256 = r.Sequence, r.SHA256
	if r.Hash != nil {
		var err error
		if p.ImageHash, err = imagehash.Parse(*r.Hash); err != nil {
			return p, err
		}
	}
	n := len(r.EdgeFrom)
	if len(r.EdgeTo) != n || len(r.EdgeType) != n || len(r.Metres) != n || len(r.Bearing) != n {
		return p, errors.New("the lists of edges differ in length")
	}
	for i := range n {
		t, err := city.ParseEdgeType(r.EdgeType[i])
		if err != nil {
			return p, err
		}
		if m := int32(len(r.Nodes)); r.EdgeFrom[i] < 0 || r.EdgeFrom[i] >= m || r.EdgeTo[i] < 0 || r.EdgeTo[i] >= m {
			return p, fmt.Errorf("edge %d joins nodes %d and %d of %d", i, r.EdgeFrom[i], r.EdgeTo[i], m)
		}
		p.Graph.Edges = append(p.Graph.Edges, SubEdge{r.EdgeFrom[i], r.EdgeTo[i], t, geo.Metres(r.Metres[i]), geo.Bearing(r.Bearing[i])})
	}
	return p, nil
}

func (r pathRow) path() Path {
	p := Path{
		Text: r.Text, Plain: r.Plain, Summary: r.Summary, Entities: r.Entities, Destination: city.NodeID(r.Destination),
		Hops: int(r.Hops), Length: geo.Metres(r.Metres), Nodes: ids(r.Nodes),
	}
	for i := range r.Lon {
		p.Line = append(p.Line, orb.Point{r.Lon[i], r.Lat[i]})
	}
	return p
}

func ints(ids []city.NodeID) []int32 {
	out := make([]int32, len(ids))
	for i, id := range ids {
		out[i] = int32(id)
	}
	return out
}

func ids(ints []int32) []city.NodeID {
	out := make([]city.NodeID, len(ints))
	for i, n := range ints {
		out[i] = city.NodeID(n)
	}
	return out
}

func writeTable[R any](path string, rows []R) error {
	return writeFile(path, func(f io.Writer) error {
		w := parquet.NewGenericWriter[R](f, parquet.Compression(&parquet.Zstd))
		if _, err := w.Write(rows); err != nil {
			return err
		}
		return w.Close()
	})
}

// writeFile writes a file whole or not at all.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("ugdata: %w", err)
	}
	defer f.Cleanup()
	if err = write(f); err == nil {
		err = f.CloseAtomicallyReplace()
	}
	if err != nil {
		return fmt.Errorf("ugdata: write %s: %w", path, err)
	}
	return nil
}

// readTable reads all rows of a Parquet file.
func readTable[R any](path string) ([]R, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("ugdata: %s is missing; is %s the folder of a dataset?", path, filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("ugdata: %w", err)
	}
	rows, err := geoparquet.ReadRows[R](data)
	if err != nil {
		return nil, fmt.Errorf("ugdata: %s is damaged: %w; build the dataset again", path, err)
	}
	return rows, nil
}
