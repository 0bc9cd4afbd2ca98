package geoparquet

import (
	"encoding/json"
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
	if len(rows) != len(shapes) {
		return fmt.Errorf("%d rows with %d geometries", len(rows), len(shapes))
	}
	schema := parquet.SchemaOf(new(R))
	leaf, ok := schema.Lookup(Column)
	if !ok {
		return fmt.Errorf("a row of type %T has no column %q", *new(R), Column)
	}
	types := map[string]bool{}
	bound := orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}}
	for i, g := range shapes {
		if g == nil && leaf.Node.Optional() {
			continue
		}
		if g == nil {
			return fmt.Errorf("row %d has no geometry", i)
		}
		b := g.Bound()
		if b.IsEmpty() || math.IsNaN(b.Min[0]+b.Min[1]+b.Max[0]+b.Max[1]) {
			return fmt.Errorf("row %d: its %s is empty or holds no numbers", i, g.GeoJSONType())
		}
		shape, err := wkb.Marshal(g)
		if err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
		set(&rows[i], shape, BBox{b.Min[0], b.Min[1], b.Max[0], b.Max[1]})
		types[g.GeoJSONType()] = true
		bound = orb.Bound{
			Min: orb.Point{min(bound.Min[0], b.Min[0]), min(bound.Min[1], b.Min[1])},
			Max: orb.Point{max(bound.Max[0], b.Max[0]), max(bound.Max[1], b.Max[1])},
		}
	}
	c := column{Encoding: "WKB", Types: slices.AppendSeq([]string{}, maps.Keys(types))}
	slices.Sort(c.Types)
	if len(types) > 0 {
		c.BBox = []float64{bound.Min[0], bound.Min[1], bound.Max[0], bound.Max[1]}
	}
	if _, ok := schema.Lookup(BoxColumn, "xmin"); ok {
		c.Covering = boxCovering
	}
	meta, err := json.Marshal(metadata{Version: "1.1.0", Primary: Column, Columns: map[string]column{Column: c}})
	if err != nil {
		return err
	}
	o = append([]parquet.WriterOption{parquet.Compression(&parquet.Zstd), parquet.KeyValueMetadata("geo", string(meta))}, o...)
	pw := parquet.NewGenericWriter[R](w, o...)
	if _, err := pw.Write(rows); err != nil {
		return err
	}
	return pw.Close()
}
