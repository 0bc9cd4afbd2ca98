package sidecar

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// TestWrittenByOthers reads what testdata/tables.py wrote with pandas, the csv
// module and GeoPandas.
func TestWrittenByOthers(t *testing.T) {
	noon := time.Date(2024, 5, 17, 11, 45, 59, 0, time.UTC)
	want := []Row{
		{File: "a.jpg", ID: 1234567890123456789, Pos: orb.Point{-75.5484, 39.7447}, HasPos: true, Heading: 271.5, HasHeading: true, Taken: noon},
		{File: "sub/Ünïcødé 写真.png", ID: 9007199254740993, Pos: orb.Point{151.215347, -33.857083}, HasPos: true, Taken: noon},
		{File: "c.webp", ID: 700000000000003, Pos: orb.Point{1.5218, 42.5063}, HasPos: true, HasHeading: true},
	}
	for name, firstLine := range map[string]int{"pandas.csv": 2, "spreadsheet.tsv": 2, "europe.csv": 2, "geopandas.geojson": 1} {
		table, err := Read(filepath.Join("testdata", name))
		if err != nil || len(table.Problems) > 0 || len(table.Rows) != len(want) {
			t.Errorf("%s: %+v, %v", name, table, err)
			continue
		}
		for i, got := range table.Rows {
			w := want[i]
			w.Line = firstLine + i
			if name == "europe.csv" {
				w.Taken = noon
			}
			if got != w {
				t.Errorf("%s: row %d is %+v, want %+v", name, i, got, w)
			}
		}
	}
}

func read(text, ending string) (*Table, error) {
	t := &Table{Path: "table" + ending}
	return t, formats[ending](t, strings.NewReader(text))
}

// TestErrors reads tables that cannot be read at all, and says what the error
// must name.
func TestErrors(t *testing.T) {
	for _, tt := range []struct{ ending, text, want string }{
		{".csv", "", "is empty"},
		{".csv", "a,b,c\n1,2,3\n", "no column names the image (its columns are: a, b, c)"},
		{".csv", "file,lat\na.jpg,1\n", "no column is the longitude"},
		{".csv", "file,colour\na.jpg,1\n", "no column says where"},
		{".csv", "file,lat,latitude,lon\n", `both column "lat" and column "latitude" may be the latitude`},
		{".csv", "file,lat,lon\na.jpg,\"1\"2,3\n", "line 2, byte 9"},
		{".csv", "f\x00i\x00l\x00e\x00,\x00", "zero byte"},
		{".geojson", "", "cut off"},
		{".geojson", "[1]", "[ stands where { is due"},
		{".geojson", `{"type":"Feature"}`, "not FeatureCollection"},
		{".geojson", `{"type":"FeatureCollection"}`, `no member "features"`},
		{".geojson", `{"features":{}}`, "{ stands where [ is due"},
		{".geojson", `{"features":[{"type":"Feature"`, "cut off"},
		{".geojson", `{"crs":{"properties":{"name":"urn:ogc:def:crs:EPSG::3857"}},"features":[]}`, "ogr2ogr"},
	} {
		table, err := read(tt.text, tt.ending)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), table.Path) {
			t.Errorf("%q: error %v, want one with %q", tt.text, err, tt.want)
		}
	}
	if _, err := Read("table.xlsx"); err == nil || !strings.Contains(err.Error(), "neither CSV") {
		t.Errorf("a spreadsheet: %v", err)
	}
	if _, err := Read("nowhere.csv"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestProblems reads rows with one thing wrong: each is told of with its line
// and cure, the row after it is kept.
func TestProblems(t *testing.T) {
	for _, tt := range []struct{ row, want string }{
		{"a.jpg,,95,10,,", "latitude 95 is not within -90 to 90"},
		{"a.jpg,,139.7,35.6,,", "the two are swapped"},
		{"a.jpg,,10,190,,", "write -170"},
		{"a.jpg,,10,-181,,", "write 179"},
		{"a.jpg,,5000000,600000,,", "EPSG:4326"},
		{"a.jpg,,0,0,,", "without a fix"},
		{"a.jpg,,10,,,", "lacks its longitude"},
		{"a.jpg,,here,10,,", `latitude "here" is no angle`},
		{"a.jpg,,10,inf,,", `longitude "inf" is no angle`},
		{"a.jpg,,-10S,10,,", "both a sign and a hemisphere"},
		{"a.jpg,,10 75 0,10,,", "no minutes or seconds"},
		{"a.jpg,,1,2,400,", `heading "400"`},
		{"a.jpg,,1,2,north,", `heading "north"`},
		{"a.jpg,,1,2,,yesterday", `time "yesterday"`},
		{"a.jpg,,1,2,,12345", `time "12345"`},
		{"a.jpg,,1,2,,2024-13-01", `time "2024-13-01"`},
		{"a.jpg,,1,2,,999999999999999999999", "Unix time in milliseconds"},
		{"a.jpg,1.23457E+15,1,2,,", "export the column as text"},
		{"a.jpg,9223372036854775808,1,2,,", "9223372036854775807"},
		{"a.jpg,-5,1,2,,", `id "-5"`},
		{",,1,2,,", "names no image"},
		{"a.jpg,,1,2", "it has 4 fields where the header has 6"},
	} {
		table, err := read("file,id,lat,lon,heading,time\n"+tt.row+"\nb.jpg,,1,2,,\n", ".csv")
		if err != nil || len(table.Problems) != 1 || len(table.Rows) != 1 || table.Rows[0].Line != 3 {
			t.Errorf("%q: %+v, %v", tt.row, table, err)
			continue
		}
		p := table.Problems[0]
		if p.Line != 2 || !strings.Contains(p.Text, tt.want) || !strings.Contains(p.Text, "table.csv, line 2") {
			t.Errorf("%q: %+v, want one with %q", tt.row, p, tt.want)
		}
		if p.File != strings.Split(tt.row, ",")[0] {
			t.Errorf("%q: the problem is of %q", tt.row, p.File)
		}
	}
	for _, tt := range []struct{ feature, want string }{
		{`{"type":"Feature","properties":{"file":"a.jpg"},"geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]}}`, "its geometry is a LineString"},
		{`{"type":"Feature","properties":{"file":"a.jpg"},"geometry":{"type":"Point","coordinates":["x"]}}`, "are no longitude and latitude"},
		{`{"type":"Feature","properties":{"file":"a.jpg"},"geometry":{"type":"Point","coordinates":[181,2]}}`, "write -179"},
		{`{"type":"Feature","properties":{"file":"a.jpg","lat":1,"latitude":2},"geometry":null}`, "rename one"},
		{`{"type":"Feature","properties":null,"geometry":{"type":"Point","coordinates":[1,2]}}`, "names no image"},
		{`{"type":"Point"}`, "not Feature"},
		{`17`, "no feature"},
	} {
		table, err := read(`{"type":"FeatureCollection","features":[`+tt.feature+`,{"type":"Feature","id":"9007199254740993","properties":{},"geometry":{"type":"Point","coordinates":[1,2,30]}}]}`, ".geojson")
		if err != nil || len(table.Problems) != 1 || len(table.Rows) != 1 || table.Rows[0].ID != 9007199254740993 {
			t.Errorf("%s: %+v, %v", tt.feature, table, err)
			continue
		}
		if p := table.Problems[0]; p.Line != 1 || !strings.Contains(p.Text, tt.want) || !strings.Contains(p.Text, "feature 1 at byte") {
			t.Errorf("%s: %+v, want one with %q", tt.feature, p, tt.want)
		}
	}
}

// TestGeometryWins reads a feature whose properties say something else.
func TestGeometryWins(t *testing.T) {
	table, err := read(`{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"file":"a.jpg","lat":"n. n.","y":7,"x":8},"geometry":{"type":"Point","coordinates":[1,2]}},`+
		`{"type":"Feature","properties":{"file":"b.jpg","y":7,"x":8},"geometry":null}]}`, ".geojson")
	if err != nil || len(table.Problems) > 0 || table.Rows[0].Pos != (orb.Point{1, 2}) || table.Rows[1].Pos != (orb.Point{8, 7}) {
		t.Errorf("%+v, %v", table, err)
	}
}

func TestColumns(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Row
	}{
		{"image,y,x\na,2,1\n", Row{File: "a", Pos: orb.Point{1, 2}, HasPos: true}},
		{"Path;GPS Latitude;GPS-Longitude\n.\\sub\\a.jpg;2,5;1\n", Row{File: "sub/a.jpg", Pos: orb.Point{1, 2.5}, HasPos: true}},
		{"file|lat|lng|x|y\na|2|1|600|400\n", Row{File: "a", Pos: orb.Point{1, 2}, HasPos: true}}, // x and y are of the picture
		{"id\tcompass_angle\tcomputed_compass_angle\n5\t10\t20\n", Row{ID: 5, Heading: 20, HasHeading: true}},
		{"SourceFile,GPSLatitude,GPSLongitude,GPSImgDirection,DateTimeOriginal\n./a.jpg,\"39 deg 44' 26.50\"\" N\",\"75 deg 32' 53.16\"\" W\",359.5,2024:05:17 13:45:59\n",
			Row{File: "a.jpg", Pos: orb.Point{-(75 + 32/60. + 53.16/3600), 39 + 44/60. + 26.5/3600}, HasPos: true, Heading: 359.5, HasHeading: true, Taken: time.Date(2024, 5, 17, 13, 45, 59, 0, time.UTC)}},
		{"file,time\na,1715946359000\n", Row{File: "a", Taken: time.Unix(1715946359, 0).UTC()}},
		{"file,time\na,1715946359\n", Row{File: "a", Taken: time.Unix(1715946359, 0).UTC()}},
		{"file,time\na,1.715946359e12\n", Row{File: "a", Taken: time.Unix(1715946359, 0).UTC()}},
		{"file,time\na,2024-05-17T13:45:59.5+0200\n", Row{File: "a", Taken: time.Date(2024, 5, 17, 11, 45, 59, 5e8, time.UTC)}},
		{"file,time\na,2024-05-17\n", Row{File: "a", Taken: time.Date(2024, 5, 17, 0, 0, 0, 0, time.UTC)}},
		{"file,lat,lon,heading\na,N/A,null,\n", Row{File: "a"}},
		{"file,lat,lon,heading\na,1S,2w,-90\n", Row{File: "a", Pos: orb.Point{-2, -1}, HasPos: true, Heading: 270, HasHeading: true}},
		{"\ufefffile,lat,lon\na,90,-180\n", Row{File: "a", Pos: orb.Point{-180, 90}, HasPos: true}},
	} {
		table, err := read(tt.text, ".csv")
		if err != nil || len(table.Rows) != 1 || len(table.Problems) > 0 {
			t.Errorf("%q: %+v, %v", tt.text, table, err)
			continue
		}
		if tt.want.Line = 2; table.Rows[0] != tt.want {
			t.Errorf("%q: %+v, want %+v", tt.text, table.Rows[0], tt.want)
		}
	}
}

// TestAnglesRoundTrip writes angles in the three ways that are read.
func TestAnglesRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		a := rng.Float64()*360 - 180
		letter := "E"
		if a < 0 {
			letter = "W"
		}
		whole, frac := math.Modf(math.Abs(a))
		minutes, frac := math.Modf(frac * 60)
		for _, s := range []string{
			strconv.FormatFloat(a, 'g', -1, 64),
			fmt.Sprintf("%s%v", letter, math.Abs(a)),
			fmt.Sprintf("%v° %v' %.7f\"%s", whole, minutes, frac*59.99999, letter),
		} {
			got, err := parseAngle(s, "EW", false)
			if err != nil || math.Abs(got-a) > 1e-6 {
				t.Fatalf("%q is read as %v, %v, want %v", s, got, err, a)
			}
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	touch := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	touch("notes.csv")
	touch("a.jpg")
	if got, err := Find(dir); got != "" || err != nil {
		t.Errorf("found %q, %v in a folder without a sidecar", got, err)
	}
	touch("Images.CSV")
	if got, err := Find(dir); got != filepath.Join(dir, "Images.CSV") || err != nil {
		t.Errorf("found %q, %v", got, err)
	}
	touch("positions.geojson")
	if _, err := Find(dir); err == nil || !strings.Contains(err.Error(), "Images.CSV") || !strings.Contains(err.Error(), "positions.geojson") {
		t.Errorf("two sidecars: %v", err)
	}
}

// check fails the test for a table that no reader may return.
func check(t *testing.T, table *Table) {
	t.Helper()
	for _, r := range table.Rows {
		switch {
		case r.HasPos && !(math.Abs(r.Pos[0]) <= 180 && math.Abs(r.Pos[1]) <= 90 && r.Pos != orb.Point{}),
			r.HasHeading && !(r.Heading >= 0 && r.Heading < 360),
			!r.HasPos && r.Pos != orb.Point{}, !r.HasHeading && r.Heading != geo.Bearing(0),
			r.ID < 0, r.ID == 0 && r.File == "", r.Line < 1,
			!r.Taken.IsZero() && (r.Taken.Year() < 1826 || r.Taken.Year() > 2200):
			t.Fatalf("row %+v", r)
		}
	}
	for _, p := range table.Problems {
		if p.Line < 1 || !strings.Contains(p.Text, table.Path) {
			t.Fatalf("problem %+v", p)
		}
	}
}

func fuzz(f *testing.F, ending string, seeds ...string) {
	for _, name := range seeds {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		table, err := read(text, ending)
		if err != nil && !strings.Contains(err.Error(), table.Path) {
			t.Fatalf("error %v does not name the table", err)
		}
		check(t, table)
	})
}

func FuzzCSV(f *testing.F) {
	f.Add("file,lat,lon,heading,time\na.jpg,39°44'26\"N,75 32 53 W,-90,20240517T114559Z\n")
	fuzz(f, ".csv", "pandas.csv", "europe.csv", "spreadsheet.tsv")
}

func FuzzGeoJSON(f *testing.F) { fuzz(f, ".geojson", "geopandas.geojson") }

func BenchmarkCSV(b *testing.B) {
	var s strings.Builder
	s.WriteString("file,id,lat,lon,heading,captured_at\n")
	for i := range 100000 {
		fmt.Fprintf(&s, "IMG_%06d.jpg,%d,%v,%v,%v,%d\n", i, 1e15+int64(i), 39.7+float64(i)*1e-6, -75.5, i%360, 1715946359000+int64(i))
	}
	b.SetBytes(int64(s.Len()))
	for b.Loop() {
		table := &Table{Path: "b.csv"}
		if err := readCSV(table, strings.NewReader(s.String())); err != nil || len(table.Rows) != 100000 {
			b.Fatal(len(table.Rows), err)
		}
	}
}
