package geoparquet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
)

// Names of the columns of a geometry and of its box.
const (
	Column    = "geometry"
	BoxColumn = "bbox"
)

// BBox is the bounding box of a row in degrees. A row type holds it as
// `parquet:"bbox"`.
type BBox struct {
	XMin float64 `parquet:"xmin"` // west
	YMin float64 `parquet:"ymin"` // south
	XMax float64 `parquet:"xmax"` // east
	YMax float64 `parquet:"ymax"` // north
}

// metadata is the value of the key "geo".
type metadata struct {
	Version string            `json:"version"`
	Primary string            `json:"primary_column"`
	Columns map[string]column `json:"columns"`
}

type column struct {
	Encoding string    `json:"encoding"`
	Types    []string  `json:"geometry_types"`
	BBox     []float64 `json:"bbox,omitempty"`
	Covering *covering `json:"covering,omitempty"`
}

type covering struct {
	BBox map[string][2]string `json:"bbox"`
}

var boxCovering = &covering{BBox: map[string][2]string{
	"xmin": {BoxColumn, "xmin"}, "ymin": {BoxColumn, "ymin"}, "xmax": {BoxColumn, "xmax"}, "ymax": {BoxColumn, "ymax"},
}}

// Write writes rows, compressed with Zstandard; shapes[i] is the geometry of
// rows[i], and set puts its WKB and its box into the row. A geometry may be
// missing (nil) where the columns of R are optional: set is then not called.
// An error names the row whose geometry is missing, empty or cannot be written.
func Write[R any](w io.Writer, rows []R, shapes []orb.Geometry, set func(r *R, geometry []byte, box BBox), o ...parquet.WriterOption) error {
	out, err := NewWriter(w, set, o...)
	if err != nil {
		return err
	}
	if err := out.Write(rows, shapes); err != nil {
		return err
	}
	return out.Close()
}

// Writer writes what [Write] writes in parts, so that not all rows need be in
// memory: a row group at a time is, see [parquet.MaxRowsPerRowGroup]. The file
// is the same however the rows are cut into parts.
type Writer[R any] struct {
	out      *parquet.GenericWriter[R]
	set      func(r *R, geometry []byte, box BBox)
	optional bool // a geometry may be missing
	boxes    bool // rows have a box
	rows     int
	types    map[string]bool
	bound    orb.Bound
}

// NewWriter starts a file; set is as in [Write].
func NewWriter[R any](w io.Writer, set func(r *R, geometry []byte, box BBox), o ...parquet.WriterOption) (*Writer[R], error) {
	schema := parquet.SchemaOf(new(R))
	leaf, ok := schema.Lookup(Column)
	if !ok {
		return nil, fmt.Errorf("a row of type %T has no column %q", *new(R), Column)
	}
	_, boxes := schema.Lookup(BoxColumn, "xmin")
	o = append([]parquet.WriterOption{parquet.Compression(&parquet.Zstd)}, o...)
	return &Writer[R]{
		out: parquet.NewGenericWriter[R](w, o...), set: set, optional: leaf.Node.Optional(), boxes: boxes, types: map[string]bool{},
		bound: orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}},
	}, nil
}

// Write appends rows with their geometries, which it puts into them.
func (w *Writer[R]) Write(rows []R, shapes []orb.Geometry) error {
	if len(rows) != len(shapes) {
		return fmt.Errorf("%d rows with %d geometries", len(rows), len(shapes))
	}
	for i, g := range shapes {
		if g == nil && w.optional {
			continue
		}
		if err := w.shape(&rows[i], g); err != nil {
			return fmt.Errorf("row %d: %w", w.rows+i, err)
		}
	}
	w.rows += len(rows)
	_, err := w.out.Write(rows)
	return err
}

func (w *Writer[R]) shape(r *R, g orb.Geometry) error {
	if g == nil {
		return errors.New("it has no geometry")
	}
	b := g.Bound()
	if b.IsEmpty() || math.IsNaN(b.Min[0]+b.Min[1]+b.Max[0]+b.Max[1]) {
		return fmt.Errorf("its %s is empty or holds no numbers", g.GeoJSONType())
	}
	shape, err := wkb.Marshal(g)
	if err != nil {
		return err
	}
	w.set(r, shape, BBox{b.Min[0], b.Min[1], b.Max[0], b.Max[1]})
	w.types[g.GeoJSONType()] = true
	w.bound = orb.Bound{
		Min: orb.Point{min(w.bound.Min[0], b.Min[0]), min(w.bound.Min[1], b.Min[1])},
		Max: orb.Point{max(w.bound.Max[0], b.Max[0]), max(w.bound.Max[1], b.Max[1])},
	}
	return nil
}

// Close ends the file with what its metadata say of the geometries.
func (w *Writer[R]) Close() error {
	c := column{Encoding: "WKB", Types: slices.AppendSeq([]string{}, maps.Keys(w.types))}
	slices.Sort(c.Types)
	if len(w.types) > 0 {
		c.BBox = []float64{w.bound.Min[0], w.bound.Min[1], w.bound.Max[0], w.bound.Max[1]}
	}
	if w.boxes {
		c.Covering = boxCovering
	}
	meta, err := json.Marshal(metadata{Version: "1.1.0", Primary: Column, Columns: map[string]column{Column: c}})
	if err != nil {
		return err
	}
	w.out.SetKeyValueMetadata("geo", string(meta))
	return w.out.Close()
}
