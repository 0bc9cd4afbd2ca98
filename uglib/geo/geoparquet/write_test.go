package geoparquet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
)

type row struct {
	ID       int64  `parquet:"id"`
	Geometry []byte `parquet:"geometry"`
	BBox     BBox   `parquet:"bbox"`
}

func setRow(r *row, g []byte, b BBox) { r.Geometry, r.BBox = g, b }

func TestWrite(t *testing.T) {
	rows := []row{{ID: 1<<53 + 1}, {ID: 2}}
	line := orb.LineString{{-75, 39}, {-74, 38}}
	var buf bytes.Buffer
	if err := Write(&buf, rows, []orb.Geometry{orb.Point{10, 50}, line}, setRow); err != nil {
		t.Fatal(err)
	}
	got, err := parquet.Read[row](bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].ID != 1<<53+1 || got[1].BBox != (BBox{-75, 38, -74, 39}) || got[0].BBox != (BBox{10, 50, 10, 50}) {
		t.Errorf("rows come back as %+v", got)
	}
	if g, err := wkb.Unmarshal(got[1].Geometry); err != nil || !orb.Equal(g, line) {
		t.Errorf("the geometry comes back as %v, %v", g, err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := file.Lookup("geo")
	const want = `{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":"WKB","geometry_types":["LineString","Point"],` +
		`"bbox":[-75,38,10,50],"covering":{"bbox":{"xmax":["bbox","xmax"],"xmin":["bbox","xmin"],"ymax":["bbox","ymax"],"ymin":["bbox","ymin"]}}}}}`
	if text != want {
		t.Errorf("metadata is\n%s\nwant\n%s", text, want)
	}
}

func TestOptional(t *testing.T) {
	type optional struct {
		Geometry []byte `parquet:"geometry,optional"`
		BBox     *BBox  `parquet:"bbox,optional"`
	}
	var buf bytes.Buffer
	err := Write(&buf, make([]optional, 2), []orb.Geometry{nil, orb.Point{1, 2}}, func(r *optional, g []byte, b BBox) { r.Geometry, r.BBox = g, &b })
	if err != nil {
		t.Fatal(err)
	}
	got, err := parquet.Read[optional](bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	if err != nil || len(got) != 2 || got[0].Geometry != nil || got[0].BBox != nil || *got[1].BBox != (BBox{1, 2, 1, 2}) {
		t.Errorf("rows come back as %+v, %v", got, err)
	}
}

func TestRefused(t *testing.T) {
	for _, x := range []struct {
		shapes []orb.Geometry
		want   string
	}{
		{[]orb.Geometry{orb.Point{1, 2}}, "2 rows with 1 geometries"},
		{[]orb.Geometry{orb.Point{1, 2}, nil}, "row 1: it has no geometry"},
		{[]orb.Geometry{orb.LineString{}, orb.Point{1, 2}}, "row 0: its LineString is empty"},
		{[]orb.Geometry{orb.Point{1, math.NaN()}, orb.Point{1, 2}}, "row 0: its Point is empty or holds no numbers"},
	} {
		err := Write(&bytes.Buffer{}, make([]row, 2), x.shapes, setRow)
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v: error is %v, want one with %q", x.shapes, err, x.want)
		}
	}
	type plain struct {
		ID int64 `parquet:"id"`
	}
	if err := Write(&bytes.Buffer{}, []plain{}, nil, func(*plain, []byte, BBox) {}); err == nil {
		t.Error("a row without geometry is taken")
	}
}

func ExampleWrite() {
	type place struct {
		Name     string `parquet:"name"`
		Geometry []byte `parquet:"geometry"`
		BBox     BBox   `parquet:"bbox"`
	}
	var file bytes.Buffer
	err := Write(&file, []place{{Name: "Dover"}}, []orb.Geometry{orb.Point{-75.52, 39.16}}, func(p *place, g []byte, b BBox) { p.Geometry, p.BBox = g, b })
	if err != nil {
		fmt.Println(err)
		return
	}
	f, _ := parquet.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	text, _ := f.Lookup("geo")
	var meta struct {
		Columns map[string]struct{ BBox []float64 }
	}
	_ = json.Unmarshal([]byte(text), &meta)
	fmt.Println(f.NumRows(), meta.Columns["geometry"].BBox)
	// Output: 1 [-75.52 39.16 -75.52 39.16]
}

// A file is the same however its rows come.
func TestParts(t *testing.T) {
	const n = 1000
	file := func(part int) string {
		var buf bytes.Buffer
		w, err := NewWriter(&buf, setRow, parquet.MaxRowsPerRowGroup(300))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < n; i += part {
			var rows []row
			var shapes []orb.Geometry
			for j := i; j < min(n, i+part); j++ {
				rows, shapes = append(rows, row{ID: int64(j)}), append(shapes, orb.Point{float64(j % 180), float64(j % 90)})
			}
			if err := w.Write(rows, shapes); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.String()
	}
	whole := file(n)
	if f, err := parquet.OpenFile(strings.NewReader(whole), int64(len(whole))); err != nil || len(f.RowGroups()) != 4 {
		t.Errorf("%v; want four row groups", err)
	}
	for _, part := range []int{1, 7, 300, 301, 999} {
		if file(part) != whole {
			t.Errorf("parts of %d rows give another file", part)
		}
	}
}
