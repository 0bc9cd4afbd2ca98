package mapillary

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"urbangraph/uglib/internal/streetserver"

	"github.com/paulmach/orb"
)

func TestCollect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 60)
		r := b.must(t.Context())
		b.whole(r)
		if r.Found != 60 || r.Boxes != 12 || r.Splits != 0 || r.Retries != 0 || r.Thinned != 0 {
			t.Errorf("result %+v", r)
		}
		p := r.Photos[0]
		pos, _ := p.Pos(false)
		original, _ := p.Pos(true)
		if d := pos[0] - original[0]; d < 0.9e-5 || d > 1.1e-5 {
			t.Errorf("corrected position %v, original %v", pos, original)
		}
		heading, _ := p.Heading(false)
		if was, _ := p.Heading(true); heading != was+1 {
			t.Errorf("corrected heading %v, original %v", heading, was)
		}
		if p.Creator != "anna" || p.Attribution != "anna on Mapillary, CC BY-SA 4.0" || p.Licence != Licence || p.URL != "https://www.mapillary.com/app/?pKey=100000000000001" ||
			p.City != "hamburg" || !p.Taken().Equal(b.Photos[0].Taken) || p.Width != 4000 || p.Make != "GoPro" || p.Sequence == "" || p.CreatorID != "101" {
			t.Errorf("row %+v", p)
		}
		for _, name := range []string{"search.jsonl", "downloads.jsonl", ImageDir} {
			if !b.kept[name] {
				t.Errorf("%s does not outlive an interruption", name)
			}
		}
		// The rows are such as the reference reads.
		var row struct {
			ID       string `json:"mapillary_id"`
			Geometry struct {
				Type        string
				Coordinates [2]float64
			}
			URL   string
			City  string
			Angle *float64 `json:"compass_angle"`
		}
		data, _ := os.ReadFile(filepath.Join(b.dir, PhotosFile))
		line, _, _ := bytes.Cut(data, []byte("\n"))
		if err := json.Unmarshal(line, &row); err != nil || row.ID != "100000000000001" || row.Geometry.Type != "Point" || row.URL == "" || row.City != "hamburg" || row.Angle == nil {
			t.Errorf("%s: %+v, %v", line, row, err)
		}
		for _, c := range b.Calls("images") {
			if c.Header.Get("Authorization") != "OAuth "+token || !strings.Contains(c.URL, "limit=2000") || !strings.Contains(c.URL, "is_pano=false") {
				t.Errorf("request %s, %v", c.URL, c.Header)
			}
		}
	})
}

// TestOptionalFields says that a photograph is taken whatever of its fields is
// missing or unreadable, but the position.
func TestOptionalFields(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 40)
		i := 0
		fields := []string{"computed_geometry", "compass_angle", "computed_compass_angle", "captured_at", "camera_type", "is_pano", "width", "height", "make", "sequence", "creator"}
		values := []any{nil, "", "?", -1.5, []int{}, map[string]any{}, true, "1e999"}
		b.Alter = func(m map[string]any) {
			for k, f := range fields {
				if i%2 == 0 {
					delete(m, f)
				} else if f != "is_pano" || values[(i/2+k)%len(values)] != true {
					m[f] = values[(i/2+k)%len(values)]
				}
			}
			i++
		}
		b.whole(b.must(t.Context()))
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 40)
		values := []any{nil, "", map[string]any{"type": "Point", "coordinates": []float64{53.5, 190}}, map[string]any{"type": "Polygon"}, 7}
		i := 0
		b.Alter = func(m map[string]any) {
			delete(m, "computed_geometry")
			if i++; i%4 == 0 {
				m["geometry"] = values[i/4%len(values)]
			}
		}
		r := b.must(t.Context())
		if len(r.Photos) != 30 || r.Left["no position"] != 10 {
			t.Errorf("%d photographs, left %v", len(r.Photos), r.Left)
		}
	})
}

// TestExactIDs says that ids above 2^53 are kept, from strings and numbers.
func TestExactIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 4)
		for i, id := range []int64{9007199254740993, 9223372036854775807, 123456789012345678, 7} {
			b.Photos[i].ID = id
		}
		n := 0
		b.Alter = func(m map[string]any) {
			if n++; n%2 == 0 {
				id, _ := strconv.ParseInt(m["id"].(string), 10, 64)
				m["id"] = id
			}
		}
		b.whole(b.must(t.Context()))
	})
	synctest.Test(t, func(t *testing.T) { // what is no id is let go
		b := newBench(t, 8)
		wrong := []any{nil, "", "abc", -4, "92233720368547758080", 1.5}
		i := 0
		b.Alter = func(m map[string]any) {
			if i < len(wrong) {
				m["id"] = wrong[i]
			}
			i++
		}
		if r := b.must(t.Context()); len(r.Photos) != 2 {
			t.Errorf("%d photographs", len(r.Photos))
		}
	})
}

func TestRepeatedIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 60)
		b.Spill = 0.002
		r := b.must(t.Context())
		b.whole(r)
		if r.Repeated == 0 || r.Found != 60 {
			t.Errorf("%d found, %d repeated", r.Found, r.Repeated)
		}
	})
}

// TestDoneAtOnce says that what was collected is not collected again, unless a
// file is gone.
func TestDoneAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 40)
		b.Photos[3].Withdrawn = true
		first := b.must(t.Context())
		before := len(b.Calls(""))
		again := b.must(t.Context())
		if n := len(b.Calls("")) - before; n > 0 || again.Resumed != 39 || again.Found != 40 || len(again.Missing) != 1 || !slices.Equal(ids(again.Photos), ids(first.Photos)) {
			t.Errorf("%d requests, result %+v", n, again)
		}
		b.files(again)
		b.query.Max = 10 // another query
		if r := b.must(t.Context()); len(r.Photos) != 10 {
			t.Errorf("%d photographs", len(r.Photos))
		}
		b.query.Max = 0
		b.must(t.Context())
		if err := os.Remove(filepath.Join(b.dir, ImageDir, first.Photos[0].File)); err != nil {
			t.Fatal(err)
		}
		r := b.must(t.Context())
		b.files(r)
		if len(r.Photos) != 39 {
			t.Errorf("%d photographs", len(r.Photos))
		}
	})
}

// TestKilled stops a run after each of some numbers of requests, with and
// without a half line at the end of the journals, until it is done. No box is
// searched and no file is fetched twice.
func TestKilled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 60)
		b.Fault = func(c streetserver.Call) *streetserver.Fault {
			if c.Kind == "images" && width(t, c) > 0.008 && strings.Contains(c.URL, "bbox=9.9") {
				return &streetserver.Fault{Status: 400, Body: streetserver.QueryTimeout}
			}
			return nil
		}
		play := b.Fault
		runs := 0
		for {
			if runs++; runs > 40 {
				t.Fatal("it does not end")
			}
			ctx, kill := context.WithCancel(t.Context())
			n := 0
			b.Fault = func(c streetserver.Call) *streetserver.Fault {
				if n++; n == 9 {
					kill()
				}
				return play(c)
			}
			r, err := b.collect(ctx)
			kill()
			if err == nil {
				b.whole(r)
				if r.Resumed == 0 {
					t.Error("nothing was resumed")
				}
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			for i, name := range []string{"search.jsonl", "downloads.jsonl"} {
				path := filepath.Join(b.dir, name)
				f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
				if errors.Is(err, fs.ErrNotExist) && i == 1 {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				half := []string{"", `{"photo":{"mapillary_id":"9`, "\x00\x00\x00\n", `{"done":"99,99"`}[runs%4]
				_, err = f.WriteString(half)
				if err := errors.Join(err, f.Close()); err != nil {
					t.Fatal(err)
				}
			}
			half := filepath.Join(b.dir, ImageDir, ".100000000000001.jpg123")
			if os.WriteFile(half, []byte("half"), 0o644) != nil && runs > 5 {
				t.Log("no images yet")
			}
		}
		boxes, files := map[string]int{}, map[string]int{}
		for _, c := range b.Calls("images") {
			boxes[c.URL]++
		}
		for _, c := range b.Calls("file") {
			files[c.URL]++
		}
		// What was on its way when the run stopped is asked for again.
		if n := len(b.Calls("images")) - len(boxes); n > 6*runs {
			t.Errorf("%d searches for %d boxes in %d runs", len(b.Calls("images")), len(boxes), runs)
		}
		if n := len(b.Calls("file")) - len(files); n > 9*runs {
			t.Errorf("%d requests for %d files in %d runs", len(b.Calls("file")), len(files), runs)
		}
	})
}

// TestAcrossTheMeridian says that an area across 180 degrees is searched on
// both sides.
func TestAcrossTheMeridian(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0)
		b.area = orb.Bound{Min: orb.Point{179.99, -16.82}, Max: orb.Point{180.01, -16.80}}
		west := photos(10, orb.Bound{Min: orb.Point{179.99, -16.82}, Max: orb.Point{179.9999, -16.80}})
		east := photos(10, orb.Bound{Min: orb.Point{-180, -16.82}, Max: orb.Point{-179.9901, -16.80}})
		for i := range east {
			east[i].ID++
		}
		b.Photos = append(west, east...)
		b.whole(b.must(t.Context()))
	})
}

func TestNothingThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0)
		if _, err := b.collect(t.Context()); err == nil || !strings.Contains(err.Error(), "Mapillary has no photographs in 9.97,53.54,10.003,53.563") {
			t.Errorf("error %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 6)
		b.query.Since = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		b.Alter = func(m map[string]any) { delete(m, "captured_at") }
		b.Lock(func() {
			for i := range b.Photos {
				b.Photos[i].Taken = b.query.Since
			}
		})
		if _, err := b.collect(t.Context()); err == nil || !strings.Contains(err.Error(), "6 unknown time") {
			t.Errorf("error %v", err)
		}
	})
}
