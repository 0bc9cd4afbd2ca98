package kartaview

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/internal/streetserver"
)

func TestCollect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 200)
		start := time.Now()
		r := b.must(t.Context())
		b.whole(r)
		p := r.Photos[0]
		pos, _ := p.Pos(false)
		original, _ := p.Pos(true)
		if d := pos[0] - original[0]; d < 0.9e-5 || d > 1.1e-5 {
			t.Errorf("matched position %v, original %v", pos, original)
		}
		if p.ID() != 8000000001000001 || p.MapillaryID != 0 || p.Creator != "dewi" || p.Attribution != "dewi on KartaView, CC BY-SA 4.0" || p.Licence != Licence ||
			p.URL != "https://kartaview.org/details/77/3/track-info" || p.City != "singapore" || p.Width != 3840 || p.CameraType != "PLANE" || !p.Taken().Equal(b.Photos[0].Taken) {
			t.Errorf("row %+v", p)
		}
		if lists, details := len(b.Calls("list")), len(b.Calls("details")); lists != 6 || details != 2 {
			t.Errorf("%d lists, %d details", lists, details)
		}
		if d := time.Since(start); d > 2*time.Minute {
			t.Errorf("8 requests and 200 files took %v", d)
		}
	})
}

// TestHourly says that no hour sees more requests than are allowed.
func TestHourly(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		token string
		most  int
	}{"without a token": {"", 100}, "with one": {token, 1000}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, 3)
				b.Token, b.options.Token = tc.token, NewSecret(tc.token)
				splits := 0
				b.Fault = func(c streetserver.Call) *streetserver.Fault { // many small boxes
					if splits < tc.most/2 && c.Kind == "list" && radius(c) > 60 {
						splits++
						return &streetserver.Fault{Status: 400, Body: streetserver.Envelope(690, "server error")}
					}
					return nil
				}
				b.whole(b.must(t.Context()))
				calls := append(b.Calls("list"), b.Calls("details")...)
				first := 0
				most := 0
				for i := range calls[:len(calls)-1] {
					for calls[i].At.Sub(calls[first].At) >= time.Hour {
						first++
					}
					most = max(most, i-first+1)
				}
				if most > tc.most || most < tc.most/5 {
					t.Errorf("%d of %d requests in an hour, %d are allowed", most, len(calls), tc.most)
				}
			})
		})
	}
}

// radius returns that of a list, metres.
func radius(c streetserver.Call) float64 {
	form, _ := url.ParseQuery(c.Form)
	r, _ := strconv.ParseFloat(form.Get("radius"), 64)
	return r
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		kind  string
		fault streetserver.Fault
		waits bool
	}{
		"429":                      {"list", streetserver.Fault{Status: 429, RetryAfter: "600"}, true},
		"429 in the envelope":      {"list", streetserver.Fault{Status: 200, Body: streetserver.Envelope(429, "too many requests")}, true},
		"apiCode 690":              {"list", streetserver.Fault{Status: 400, Body: streetserver.Envelope(690, "server error")}, false},
		"apiCode 408":              {"list", streetserver.Fault{Status: 200, Body: streetserver.Envelope(408, "Query timeout")}, false},
		"500":                      {"list", streetserver.Fault{Status: 500}, false},
		"502":                      {"list", streetserver.Fault{Status: 502, Body: "<html>"}, false},
		"504":                      {"list", streetserver.Fault{Status: 504}, false},
		"truncated JSON":           {"list", streetserver.Fault{Half: true}, false},
		"connection cut":           {"list", streetserver.Fault{Cut: true}, false},
		"slow body":                {"list", streetserver.Fault{Stall: time.Hour}, false},
		"details 500":              {"details", streetserver.Fault{Status: 500}, false},
		"details overloaded":       {"details", streetserver.Fault{Status: 400, Body: streetserver.Envelope(690, "server error")}, false},
		"details truncated":        {"details", streetserver.Fault{Half: true}, false},
		"details slow":             {"details", streetserver.Fault{Stall: time.Hour}, false},
		"truncated image":          {"file", streetserver.Fault{Half: true}, false},
		"image of another type":    {"file", streetserver.Fault{Status: 200, Body: "<html>", Type: "text/html"}, false},
		"image as octets, no loss": {"file", streetserver.Fault{Type: "application/octet-stream"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, 30)
				b.options.Rate, b.options.Burst = 1, 1
				n := 0
				b.Fault = func(c streetserver.Call) *streetserver.Fault {
					if c.Kind != tc.kind {
						return nil
					}
					if n++; n%4 == 1 {
						return &tc.fault
					}
					return nil
				}
				r := b.must(t.Context())
				b.whole(r)
				if n < 2 && tc.kind != "file" || tc.waits != (r.Waits > 0) {
					t.Errorf("%d requests, %d waits", n, r.Waits)
				}
			})
		})
	}
}

// TestSplits says that a box that is too much, or that holds more than five
// pages, is split.
func TestSplits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 60)
		b.options.Rate = 10
		b.Fault = func(c streetserver.Call) *streetserver.Fault {
			if c.Kind == "list" && radius(c) > 150 {
				return &streetserver.Fault{Status: 400, Body: streetserver.Envelope(408, "Query timeout")}
			}
			return nil
		}
		r := b.must(t.Context())
		b.whole(r)
		if r.Splits < 20 || r.Repeated == 0 {
			t.Errorf("%d splits, %d repeated", r.Splits, r.Repeated)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0)
		b.options.Rate = 100
		b.Photos = photos(6500, orb.Bound{Min: orb.Point{103.8405, 1.2805}, Max: orb.Point{103.8445, 1.2845}})
		b.query.Max = 10
		r := b.must(t.Context())
		if r.Found != 6500 || r.Splits == 0 || len(r.Photos) != 10 {
			t.Errorf("found %d, splits %d, taken %d", r.Found, r.Splits, len(r.Photos))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0)
		b.options.Rate = 100
		b.Photos = photos(2500, orb.Bound{Min: orb.Point{103.842, 1.282}, Max: orb.Point{103.843, 1.283}})
		b.query.Max = 10
		if r := b.must(t.Context()); r.Found != 2500 || r.Splits != 0 || len(b.Calls("list")) != 8 { // 3 pages of the first box
			t.Errorf("found %d, splits %d, %d lists", r.Found, r.Splits, len(b.Calls("list")))
		}
	})
}

// TestWithdrawn says that what is not public and active is left out, and
// listed.
func TestWithdrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 30)
		b.Photos[4].Withdrawn = true
		r := b.must(t.Context())
		if len(r.Photos) != 29 || len(r.Missing) != 1 || r.Missing[0].ID != 8e15+b.Photos[4].ID {
			t.Errorf("%d photographs, missing %v", len(r.Photos), r.Missing)
		}
		for _, c := range b.Calls("file") {
			if strings.Contains(c.URL, strconv.FormatInt(b.Photos[4].ID, 10)) {
				t.Error("the file of a withdrawn photograph is fetched")
			}
		}
	})
}

func TestExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 30)
		b.options.Rate = 10
		files := 0
		b.Fault = func(c streetserver.Call) *streetserver.Fault {
			if c.Kind == "file" {
				if files++; files == 5 {
					b.Epoch++
				}
			}
			return nil
		}
		b.whole(b.must(t.Context()))
	})
}

func TestAccountNeeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 30)
		b.Token = "another"
		b.options.Token = NewSecret(token)
		_, err := b.collect(t.Context())
		if err == nil || !strings.Contains(err.Error(), "apiCode 401") || !strings.Contains(err.Error(), TokenVariable) {
			t.Errorf("error %v", err)
		}
	})
}

// TestChangedAPI says that an answer of another shape is an error, not an
// empty set.
func TestChangedAPI(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no list":     `{"status":{"apiCode":600},"photos":[]}`,
		"no envelope": `{"photos":[]}`,
		"an array":    `[]`,
		"a string":    `"ok"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, 30)
				b.options.Rate = 10
				b.Fault = func(streetserver.Call) *streetserver.Fault { return &streetserver.Fault{Status: 200, Body: body} }
				if _, err := b.collect(t.Context()); err == nil || !strings.Contains(err.Error(), "KartaView") {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// TestEnvelopes says that the shapes of a list that were seen are read.
func TestEnvelopes(t *testing.T) {
	t.Parallel()
	item := `{"id":"1000001","lat":"1.285","lng":"103.845","heading":"","shot_date":null,"username":"u","sequence_id":5,"sequence_index":"0"}`
	for name, body := range map[string]string{
		"total in a list":  `{"status":{"apiCode":"600"},"currentPageItems":[` + item + `],"totalFilteredItems":["1"]}`,
		"total as text":    `{"status":{"apiCode":600},"currentPageItems":[` + item + `],"totalFilteredItems":"1"}`,
		"total as number":  `{"status":{"apiCode":600},"currentPageItems":[` + item + `],"totalFilteredItems":1}`,
		"no total":         `{"status":{"apiCode":600},"currentPageItems":[` + item + `]}`,
		"inside osv":       `{"status":{"apiCode":600},"osv":{"currentPageItems":[` + item + `],"totalFilteredItems":["1"]}}`,
		"damaged items":    `{"status":{"apiCode":600},"currentPageItems":[7,null,{"id":0},{"id":"x"},{"id":"9999999999999999"},` + item + `],"totalFilteredItems":["6"]}`,
		"position missing": `{"status":{"apiCode":600},"currentPageItems":[{"id":"2","lat":"0","lng":"0"},` + item + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, 1)
				b.Photos[0].Lon, b.Photos[0].Lat, b.Photos[0].Taken = 103.845, 1.285, time.Time{}
				b.Fault = func(c streetserver.Call) *streetserver.Fault {
					if c.Kind == "list" {
						return &streetserver.Fault{Status: 200, Body: body}
					}
					return nil
				}
				r := b.must(t.Context())
				if len(r.Photos) != 1 || !r.Photos[0].Taken().IsZero() || r.Photos[0].Sequence != "5" {
					t.Errorf("result %+v", r)
				}
			})
		})
	}
}

func TestKilled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 60)
		b.options.Rate = 10
		for run := 1; ; run++ {
			ctx, kill := context.WithCancel(t.Context())
			n := 0
			b.Fault = func(streetserver.Call) *streetserver.Fault {
				if n++; n == 7 {
					kill()
				}
				return nil
			}
			r, err := b.collect(ctx)
			kill()
			if err == nil {
				b.whole(r)
				break
			}
			if !errors.Is(err, context.Canceled) || run > 30 {
				t.Fatal(err)
			}
		}
	})
}

func TestTimes(t *testing.T) {
	for _, tc := range []struct{ shot, added, want string }{
		{"2016-03-23 09:33:51.000", "2016-04-01 00:00:00", "2016-03-23T09:33:51Z"},
		{"2016-03-23 09:33:51", "", "2016-03-23T09:33:51Z"},
		{"2025-11-19 10:00:00", "2025-11-19 10:00:00", ""}, // that of the upload
		{"2025-11-19 10:03:00", "2025-11-19 10:00:00", ""},
		{"0000-00-00 00:00:00", "2025-11-19 10:00:00", ""},
		{"", "", ""},
		{"soon", "2025-11-19 10:00:00", ""},
	} {
		got := ""
		if ms := taken(tc.shot, tc.added); ms != 0 {
			got = time.UnixMilli(ms).UTC().Format(time.RFC3339)
		}
		if got != tc.want {
			t.Errorf("taken(%q, %q) = %q, want %q", tc.shot, tc.added, got, tc.want)
		}
	}
}

func TestFileURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://cdn.kartaview.org/pr:sharp/aHR0":                             "https://cdn.kartaview.org/pr:sharp/aHR0",
		"https://kartaview.org/storage13/files/photo/2022/10/28/proc/1_2.jpg": "https://storage13.openstreetcam.org/files/photo/2022/10/28/proc/1_2.jpg",
		"storage3/files/photo/x.jpg":                                          "https://storage3.openstreetcam.org/files/photo/x.jpg",
		"https://cdn.kartaview.org/{{sizeprefix}}/x.jpg":                      "",
		"https://x/[[sizeprefix]]/y.jpg":                                      "",
		"":                                                                    "",
		"files/x.jpg":                                                         "",
		"file:///etc/passwd":                                                  "",
		"https://user:pass@x/y.jpg":                                           "",
		"javascript:alert(1)":                                                 "",
	} {
		if got := fileURL(in); got != want {
			t.Errorf("fileURL(%q) = %q, want %q", in, got, want)
		}
	}
}
