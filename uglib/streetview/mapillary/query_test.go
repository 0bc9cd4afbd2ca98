package mapillary

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"urbangraph/uglib/internal/streetserver"

	"github.com/paulmach/orb"
)

// TestLimits says that each limit is kept, and told to the service where it
// knows it.
func TestLimits(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2020, 1, n, 0, 0, 0, 0, time.UTC) }
	for name, tc := range map[string]struct {
		set  func(q *Query)
		want int
		url  string
	}{
		"since":        {func(q *Query) { q.Since = day(31) }, 30, "start_captured_at=2020-01-31T00%3A00%3A00Z"},
		"until":        {func(q *Query) { q.Until = day(11) }, 10, "end_captured_at=2020-01-11T00%3A00%3A00Z"},
		"creator":      {func(q *Query) { q.Creator = "مها" }, 20, "creator_username=%D9%85%D9%87%D8%A7"},
		"organization": {func(q *Query) { q.Organization = 9007199254740993 }, 60, "organization_id=9007199254740993"},
		"sequences":    {func(q *Query) { q.Sequences = []string{"a-B_1", "c"} }, 60, "sequence_ids=a-B_1%2Cc"},
		"panoramas":    {func(q *Query) { q.Panoramas = WithPanoramas }, 63, "fields="},
		"only":         {func(q *Query) { q.Panoramas = OnlyPanoramas }, 3, "is_pano=true"},
		"max":          {func(q *Query) { q.Max = 7 }, 7, ""},
		"size":         {func(q *Query) { q.Size = 1024; q.Max = 2 }, 2, "thumb_1024_url"},
		"bound":        {func(q *Query) { q.Bound = orb.Bound{Min: orb.Point{9, 53.54}, Max: orb.Point{9.98, 60}} }, 23, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, 60)
				pano := photos(3, area)
				for i := range pano {
					pano[i].ID, pano[i].Pano = pano[i].ID+1, true
				}
				b.Photos = append(b.Photos, pano...)
				tc.set(&b.query)
				r := b.must(t.Context())
				if name == "bound" {
					tc.want = 0
					for _, p := range b.Photos[:60] {
						if p.Lon+p.Shift <= 9.98 && p.Lon <= 9.98 {
							tc.want++
						}
					}
				}
				if len(r.Photos) != tc.want {
					t.Errorf("%d photographs, want %d", len(r.Photos), tc.want)
				}
				if c := b.Calls("images")[0]; !strings.Contains(c.URL, tc.url) {
					t.Errorf("request %s lacks %s", c.URL, tc.url)
				}
				if name == "panoramas" && strings.Contains(b.Calls("images")[0].URL, "is_pano=") {
					t.Error("panoramas are asked for alone")
				}
			})
		})
	}
}

// TestPolite says that the rate and the number of requests at the same time
// are kept.
func TestPolite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 40)
		b.options.Rate, b.options.Burst, b.options.Parallel = 2, 1, 3
		b.options.ImageRate, b.options.ImageParallel = 5, 2
		b.Fault = func(streetserver.Call) *streetserver.Fault { return &streetserver.Fault{Delay: 900 * time.Millisecond} }
		start := time.Now()
		b.whole(b.must(t.Context()))
		calls := b.Calls("images")
		for i := 1; i < len(calls); i++ {
			if d := calls[i].At.Sub(calls[i-1].At); d < 490*time.Millisecond {
				t.Errorf("%v between two searches", d)
			}
		}
		if b.Peak() > 3 {
			t.Errorf("%d requests at the same time", b.Peak())
		}
		if d := time.Since(start); d < 23*time.Second || d > 40*time.Second { // 12 searches by 0.5 s, 40 files of 0.9 s by twos
			t.Errorf("it took %v", d)
		}
	})
}

func TestToken(t *testing.T) {
	t.Setenv(TokenVariable, "")
	t.Setenv(TokenVariable+"_FILE", "")
	collect := func(o Options) error {
		_, err := Collect(With(t.Context(), o), Query{}, area, "x", t.TempDir(), func(string) {})
		return err
	}
	if err := collect(Options{}); err == nil || !strings.Contains(err.Error(), TokenVariable) {
		t.Errorf("without a token: %v", err)
	}
	file := filepath.Join(t.TempDir(), "token")
	for text, want := range map[string]string{"": "is empty", " \n": "is empty", "a b": "blanks", "a\nb": "blanks", "  " + token + "\n": ""} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := FindToken(file)
		if want == "" && (err != nil || s != NewSecret(token)) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", text, err)
		}
	}
	t.Setenv(TokenVariable+"_FILE", file)
	if _, err := FindToken(""); err != nil && !strings.Contains(err.Error(), file) {
		t.Error(err)
	}
	if _, err := FindToken(file + "x"); err == nil || !strings.Contains(err.Error(), TokenVariable) {
		t.Errorf("error %v", err)
	}
	t.Setenv(TokenVariable, "a\tb")
	if _, err := FindToken(""); err == nil || strings.Contains(err.Error(), "a\tb") || !strings.Contains(err.Error(), "$"+TokenVariable) {
		t.Errorf("error %v", err)
	}
	for _, format := range []string{"%v", "%s", "%q", "%+v", "%#v", "%x", "%d"} {
		if got := fmt.Sprintf(format, Options{Token: NewSecret(token)}); strings.Contains(got, "dead") || strings.Contains(got, fmt.Sprintf("%x", "dead")) {
			t.Errorf("%s prints %s", format, got)
		}
	}
	if data, err := json.Marshal(Options{Token: NewSecret(token)}); err == nil && bytes.Contains(data, []byte("dead")) {
		t.Errorf("JSON %s", data)
	}
	for _, base := range []string{"http://graph.mapillary.com", "ftp://x", "graph.mapillary.com", "https://user:pass@x", "https://x?access_token=1"} {
		if err := collect(Options{BaseURL: base, Token: NewSecret(token)}); err == nil {
			t.Errorf("the address %s is taken", base)
		}
	}
}

// TestLargeAreas says that a country begins with larger boxes, within what the
// API allows, and that the Earth is refused before any request.
func TestLargeAreas(t *testing.T) {
	t.Parallel()
	square := func(side float64) orb.Bound { return orb.Bound{Max: orb.Point{side, side}} }
	for degrees, want := range map[float64]float64{0.1: 0.01, 0.6: 0.01, 1: 0.02, 3: 0.08, 80: 0.08} {
		if got := sideFor(square(degrees)); got != want || got*got >= 0.01 {
			t.Errorf("boxes of an area of %g degrees have the side %g, want %g", degrees, got, want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 3)
		b.area = orb.Bound{Min: orb.Point{-180, -90}, Max: orb.Point{180, 90}}
		if _, err := b.collect(t.Context()); err == nil || !strings.Contains(err.Error(), "give a smaller box") || len(b.Calls("")) > 0 {
			t.Errorf("error %v after %d requests", err, len(b.Calls("")))
		}
	})
}

func TestQueryCheck(t *testing.T) {
	for want, q := range map[string]Query{
		"512 pixels":    {Size: 512},
		"no id":         {Sequences: []string{"a b"}},
		"at most -1":    {Limits: Limits{Max: -1}},
		"-2 in a cell":  {Limits: Limits{PerCell: -2}},
		"no level 31":   {Limits: Limits{CellLevel: 31}},
		"-1 m apart":    {Limits: Limits{Spacing: -1}},
		"panoramas":     {Limits: Limits{Panoramas: "some"}},
		"2021-01-01":    {Limits: Limits{Since: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"bounding box ": {Limits: Limits{Bound: orb.Bound{Min: orb.Point{3, 3}, Max: orb.Point{2, 4}}}},
	} {
		if err := q.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if err := (Query{Size: -1}).Check(); err != nil {
		t.Error(err)
	}
}
