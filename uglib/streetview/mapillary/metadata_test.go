package mapillary

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadMetadata(t *testing.T) {
	photos, bad, err := ReadMetadata("testdata/mapillary_results_cleaned.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ids(photos), []int64{1933525276802129, 9007199254740993, 104, 8}; !slices.Equal(got, want) {
		t.Errorf("ids %v, want %v", got, want)
	}
	if p := photos[0]; p.City != "singapore" || p.URL != "https://scontent.xx.fbcdn.net/a.jpg" || *p.Compass != 200.9 || *p.Geometry != (Point{103.8198, 1.3521}) {
		t.Errorf("first = %+v", p)
	}
	if p := photos[1]; p.Compass != nil || p.URL != "https://www.mapillary.com/app/?pKey=9007199254740993" {
		t.Errorf("second = %+v", p)
	}
	if p := photos[3]; *p.Compass != 12.5 {
		t.Errorf("last = %+v", p)
	}
	want := []BadRow{{5, "not a point"}, {6, "no geometry"}, {7, "no positive whole number"}, {8, "no id"}, {9, "no JSON object"}}
	if len(bad) != len(want) {
		t.Fatalf("bad rows %v", bad)
	}
	want[0].Reason = "no point on the Earth"
	for i, w := range want {
		if bad[i].Line != w.Line || !strings.Contains(bad[i].Reason, w.Reason) {
			t.Errorf("bad row %+v, want %+v", bad[i], w)
		}
	}
}

func TestReadMetadataErrors(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"":                 "holds no row",
		"\n\n":             "holds no row",
		"not JSON\n{}":     "none of 2 rows stands for a photograph (line 1: no JSON object",
		"[1,2]":            "line 1",
		`{"id":"1"}`:       "photograph 1: it has no geometry",
		"\xff\xfe{\"id\":": "line 1",
	} {
		path := filepath.Join(dir, "rows.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ReadMetadata(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
	if _, _, err := ReadMetadata(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "mapillary_results_cleaned.jsonl") {
		t.Errorf("error %v", err)
	}
	// A line without end is let go, and the next is read.
	good := `{"id":"1","geometry":{"type":"Point","coordinates":[1,2]}}`
	photos, bad, err := readMetadata(strings.NewReader("\ufeff" + good + "\r\n" + strings.Repeat("x", mostLine+10) + "\n" + good))
	if err != nil || len(photos) != 2 || len(bad) != 1 || bad[0].Line != 2 {
		t.Errorf("%d photographs, %v, %v", len(photos), bad, err)
	}
}

// FuzzMetadata says that any file is read row by row.
func FuzzMetadata(f *testing.F) {
	f.Add(read(f, "mapillary_results_cleaned.jsonl"))
	f.Add(read(f, "images.json"))
	f.Add([]byte("\ufeff{\"id\":1,\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]}}\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		photos, bad, err := readMetadata(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(data, []byte("\n")) + 1; len(photos)+len(bad) > n {
			t.Fatalf("%d photographs and %d bad rows in %d lines", len(photos), len(bad), n)
		}
		for _, p := range photos {
			sane(t, p)
		}
		for i, b := range bad {
			if b.Reason == "" || i > 0 && b.Line <= bad[i-1].Line {
				t.Fatalf("bad rows %v", bad)
			}
		}
	})
}

func BenchmarkReadMetadata(b *testing.B) {
	row := []byte(`{"mapillary_id":"1933525276802129","geometry":{"type":"Point","coordinates":[103.8198,1.3521]},"url":"https://scontent.xx.fbcdn.net/a.jpg","city":"singapore","compass_angle":200.9}` + "\n")
	data := bytes.Repeat(row, 10_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		photos, _, err := readMetadata(bytes.NewReader(data))
		if err != nil || len(photos) != 10_000 {
			b.Fatal(len(photos), err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "rows/s")
}
