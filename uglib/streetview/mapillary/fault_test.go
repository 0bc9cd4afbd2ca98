package mapillary

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"urbangraph/uglib/internal/streetserver"

	"github.com/paulmach/orb"
)

// TestFaults plays each fault at some requests; all photographs come all the
// same.
func TestFaults(t *testing.T) {
	t.Parallel()
	every := func(n int, kind string, f streetserver.Fault) func() func(streetserver.Call) *streetserver.Fault {
		return func() func(streetserver.Call) *streetserver.Fault {
			seen := 0
			return func(c streetserver.Call) *streetserver.Fault {
				if c.Kind != kind {
					return nil
				}
				if seen++; seen%n == 0 {
					return &f
				}
				return nil
			}
		}
	}
	for name, tc := range map[string]struct {
		fault   func() func(streetserver.Call) *streetserver.Fault
		retries bool
		waits   bool
	}{
		"429 without Retry-After":   {fault: every(3, "images", streetserver.Fault{Status: 429, Body: "slow down"}), waits: true},
		"429 with seconds":          {fault: every(3, "images", streetserver.Fault{Status: 429, RetryAfter: "30"}), waits: true},
		"429 with a date":           {fault: every(3, "images", streetserver.Fault{Status: 429, RetryAfter: "Sat, 01 Jan 2000 00:02:00 GMT"}), waits: true},
		"429 with nonsense":         {fault: every(3, "images", streetserver.Fault{Status: 429, RetryAfter: "soon"}), waits: true},
		"503 with Retry-After":      {fault: every(3, "images", streetserver.Fault{Status: 503, RetryAfter: "7"}), waits: true},
		"application request limit": {fault: every(3, "images", streetserver.Fault{Status: 403, Body: `{"error":{"message":"Application request limit reached","code":4}}`}), waits: true},
		"500":                       {fault: every(5, "images", streetserver.Fault{Status: 500}), retries: true},
		"502":                       {fault: every(3, "images", streetserver.Fault{Status: 502, Body: "<html>bad gateway"}), retries: true},
		"504":                       {fault: every(5, "images", streetserver.Fault{Status: 504}), retries: true},
		"service unavailable":       {fault: every(3, "images", streetserver.Fault{Status: 500, Body: `{"error":{"message":"Service temporarily unavailable","code":2}}`}), retries: true},
		"query timeout":             {fault: every(5, "images", streetserver.Fault{Status: 400, Body: streetserver.QueryTimeout}), retries: true},
		"reduce the data":           {fault: every(5, "images", streetserver.Fault{Status: 500, Body: streetserver.ReduceData}), retries: true},
		"truncated JSON":            {fault: every(3, "images", streetserver.Fault{Half: true}), retries: true},
		"connection cut":            {fault: every(3, "images", streetserver.Fault{Cut: true}), retries: true},
		"slow body":                 {fault: every(4, "images", streetserver.Fault{Stall: time.Hour}), retries: true},
		"slow answer":               {fault: every(4, "images", streetserver.Fault{Delay: time.Hour}), retries: true},
		"late answer":               {fault: every(4, "images", streetserver.Fault{Delay: 50 * time.Second})},
		"HTML in place of JSON":     {fault: every(3, "images", streetserver.Fault{Status: 200, Body: "<html>", Type: "text/html"}), retries: true},
		"truncated image":           {fault: every(3, "file", streetserver.Fault{Half: true}), retries: true},
		"image cut":                 {fault: every(3, "file", streetserver.Fault{Cut: true}), retries: true},
		"slow image":                {fault: every(9, "file", streetserver.Fault{Stall: time.Hour}), retries: true},
		"image 429":                 {fault: every(9, "file", streetserver.Fault{Status: 429, RetryAfter: "5"}), waits: true},
		"image 500":                 {fault: every(3, "file", streetserver.Fault{Status: 500}), retries: true},
		"HTML in place of an image": {fault: every(3, "file", streetserver.Fault{Status: 200, Body: "<html>", Type: "text/html"}), retries: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, 40)
				b.Fault = tc.fault()
				r := b.must(t.Context())
				b.whole(r)
				if tc.retries != (r.Retries > 0) || tc.waits != (r.Waits > 0) {
					t.Errorf("%d retries, %d waits", r.Retries, r.Waits)
				}
			})
		})
	}
}

// TestRetryAfterHoldsAll says that no request is made while the service asked
// to wait, by whichever worker.
func TestRetryAfterHoldsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 40)
		b.options.Rate, b.options.Burst = 100, 1
		var until time.Time
		early, n := 0, 0
		b.Fault = func(c streetserver.Call) *streetserver.Fault {
			if c.At.Before(until) {
				early++
			}
			if n++; n == 2 {
				until = c.At.Add(90 * time.Second)
				return &streetserver.Fault{Status: 429, RetryAfter: "90"}
			}
			return nil
		}
		b.whole(b.must(t.Context()))
		if early > 3 { // those on their way when the answer came
			t.Errorf("%d requests before the wait was over", early)
		}
		if until.IsZero() {
			t.Error("the fault was not played")
		}
	})
}

// TestSplits says that a box that is too much is split until it is answered.
func TestSplits(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]streetserver.Fault{
		"query timeout": {Status: 400, Body: streetserver.QueryTimeout},
		"500":           {Status: 500},
		"504":           {Status: 504},
		"reduce":        {Status: 500, Body: streetserver.ReduceData},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, 60)
				b.Fault = func(c streetserver.Call) *streetserver.Fault {
					if c.Kind == "images" && width(t, c) > 0.003 {
						return &tc
					}
					return nil
				}
				r := b.must(t.Context())
				b.whole(r)
				if want := 9*5 + 3; r.Splits != want { // 9 boxes to quarters of quarters, and the 3 at the eastern rim, a hair wider than 0.003, once
					t.Errorf("%d splits, want %d", r.Splits, want)
				}
			})
		})
	}
}

// TestFullBox says that a box with as many images as an answer can hold is
// split, and that one too small for that is reported.
func TestFullBox(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0)
		b.options.Rate, b.options.ImageRate = 1000, 10000
		b.Photos = photos(2500, orb.Bound{Min: orb.Point{9.981, 53.541}, Max: orb.Point{9.989, 53.549}})
		b.query.Max = 30
		r := b.must(t.Context())
		if r.Found != 2500 || r.Splits != 1 || len(r.Photos) != 30 || r.Thinned != 2470 || len(r.Full) != 0 {
			t.Errorf("found %d, splits %d, taken %d, thinned %d, full %v", r.Found, r.Splits, len(r.Photos), r.Thinned, r.Full)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 0)
		b.options.Rate, b.options.ImageRate = 1000, 10000
		b.area = orb.Bound{Min: orb.Point{9.98, 53.54}, Max: orb.Point{9.99, 53.55}}
		b.Photos = photos(2500, orb.Bound{Min: orb.Point{9.98501, 53.54501}, Max: orb.Point{9.98501001, 53.54501001}}) // a camera that stands still
		b.query.Max = 3
		r := b.must(t.Context())
		if r.Found != 2000 || len(r.Full) != 1 || len(r.Photos) != 3 {
			t.Errorf("found %d, full %v, taken %d", r.Found, r.Full, len(r.Photos))
		}
	})
}

// TestUnknownField says that a field that the API has given up is left out,
// unless there is no photograph without it.
func TestUnknownField(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 40)
		b.Refuse = map[string]bool{"camera_type": true, "make": true, "model": true}
		b.whole(b.must(t.Context()))
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 40)
		b.Refuse = map[string]bool{"thumb_2048_url": true}
		if _, err := b.collect(t.Context()); err == nil || !strings.Contains(err.Error(), "thumb_2048_url") {
			t.Errorf("error %v", err)
		}
	})
}

// TestExpired says that addresses of files that have run out are asked for
// again by id.
func TestExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 40)
		files := 0
		b.Fault = func(c streetserver.Call) *streetserver.Fault {
			if c.Kind == "file" {
				if files++; files == 11 {
					b.Epoch++
				}
			}
			return nil
		}
		r := b.must(t.Context())
		b.whole(r)
		if n := len(b.Calls("id")); n != 30 {
			t.Errorf("%d photographs were asked for again, want 30", n)
		}
	})
}

// TestMissing says that what cannot be had is listed, and no more than that.
func TestMissing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 40)
		b.Photos[3].Withdrawn = true
		damaged, small := b.Photos[5].ID, b.Photos[7].ID
		b.Fault = func(c streetserver.Call) *streetserver.Fault {
			switch {
			case c.Kind == "file" && strings.Contains(c.URL, strconv.FormatInt(damaged, 10)):
				return &streetserver.Fault{Half: true}
			case c.Kind == "file" && strings.Contains(c.URL, strconv.FormatInt(small, 10)):
				return &streetserver.Fault{Status: 200, Type: "image/gif", Body: "GIF89a\x01\x00\x01\x00\x80\x00\x00"}
			}
			return nil
		}
		r := b.must(t.Context())
		if len(r.Photos) != 37 || len(r.Missing) != 3 {
			t.Fatalf("%d photographs, missing %v", len(r.Photos), r.Missing)
		}
		b.files(r)
		for i, want := range []string{"no longer", "cannot be decoded", "cannot be decoded"} {
			if !strings.Contains(r.Missing[i].Reason, want) {
				t.Errorf("missing %+v, want %q", r.Missing[i], want)
			}
		}
		if !strings.Contains(r.Missing[1].Reason, "after 6 tries") {
			t.Errorf("reason %q", r.Missing[1].Reason)
		}
	})
}

// TestTooMuchMissing says that more failures than are let pass are an error,
// and that the next run fetches only what is missing.
func TestTooMuchMissing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 40)
		b.Fault = func(c streetserver.Call) *streetserver.Fault {
			if id := fileID(c); id%5 == 0 && c.Kind == "file" {
				return &streetserver.Fault{Half: true}
			}
			return nil
		}
		_, err := b.collect(t.Context())
		if err == nil || !strings.Contains(err.Error(), "8 of 40 failed") || !strings.Contains(err.Error(), "the same command goes on") {
			t.Fatalf("error %v", err)
		}
		before := len(b.Calls(""))
		b.Lock(func() { b.Fault = nil })
		r := b.must(t.Context())
		b.whole(r)
		if n := len(b.Calls("")) - before; n != 8 || r.Resumed != 32 {
			t.Errorf("%d requests, %d resumed", n, r.Resumed)
		}
	})
}

func fileID(c streetserver.Call) int64 {
	name, _, _ := strings.Cut(strings.TrimPrefix(c.URL, "/file/"), ".")
	id, _ := strconv.ParseInt(name, 10, 64)
	return id
}

// TestFailedBoxes says the same of boxes.
func TestFailedBoxes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 60)
		bad := "bbox=9.98%2C53.54%2C"
		fault := func(c streetserver.Call) *streetserver.Fault {
			if strings.Contains(c.URL, bad) {
				return &streetserver.Fault{Status: 502}
			}
			return nil
		}
		b.Fault = fault
		b.options.Tolerance = -1
		_, err := b.collect(t.Context())
		if err == nil || !strings.Contains(err.Error(), "1 boxes with 13% of the area") || !strings.Contains(err.Error(), "HTTP 502") {
			t.Fatalf("error %v", err)
		}
		b.options.Tolerance = 0.2
		r := b.must(t.Context())
		if len(r.Failed) != 1 || r.Failed[0].Box != "9.98,53.54,9.99,53.55" || len(r.Photos) == 60 || len(r.Photos) < 40 {
			t.Errorf("%d photographs, failed %v", len(r.Photos), r.Failed)
		}
	})
}

// TestBadSpot says that a place that is too much however small it is costs its
// neighbourhood, not the run, and that the next run tries it alone.
func TestBadSpot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 200)
		b.options.Rate = 100
		spot := orb.Point{9.98512, 53.54513}
		b.Fault = func(c streetserver.Call) *streetserver.Fault {
			if c.Kind == "images" && box(t, c).Contains(spot) {
				return &streetserver.Fault{Status: 400, Body: streetserver.QueryTimeout}
			}
			return nil
		}
		r := b.must(t.Context())
		if len(r.Failed) != 1 || r.Splits != 7 || len(r.Photos) != 200 {
			t.Errorf("%d photographs, splits %d, failed %v", len(r.Photos), r.Splits, r.Failed)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 200)
		b.options.Rate = 100
		wide := orb.Bound{Min: orb.Point{9.9801, 53.5401}, Max: orb.Point{9.9899, 53.5499}} // most of a tile
		b.Fault = func(c streetserver.Call) *streetserver.Fault {
			if c.Kind == "images" && box(t, c).Intersects(wide) && width(t, c) < 0.0099 {
				return &streetserver.Fault{Status: 502}
			}
			if c.Kind == "images" && box(t, c).Intersects(wide) {
				return &streetserver.Fault{Status: 400, Body: streetserver.QueryTimeout}
			}
			return nil
		}
		b.options.Tolerance = -1
		if _, err := b.collect(t.Context()); err == nil || !strings.Contains(err.Error(), "of the area were not answered") {
			t.Fatalf("error %v", err)
		}
		before := len(b.Calls("images"))
		b.Lock(func() { b.Fault = nil })
		r := b.must(t.Context())
		b.whole(r)
		if n := len(b.Calls("images")) - before; n > 40 {
			t.Errorf("%d searches in the second run", n)
		}
	})
}

// TestOutOfReach says that a service that does not answer at all ends the run
// soon.
func TestOutOfReach(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]streetserver.Fault{"502": {Status: 502}, "query timeout": {Status: 400, Body: streetserver.QueryTimeout}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, 60)
				b.Fault = func(streetserver.Call) *streetserver.Fault { return &fault }
				_, err := b.collect(t.Context())
				if err == nil || !strings.Contains(err.Error(), "Mapillary") {
					t.Errorf("error %v", err)
				}
				if n := len(b.Calls("")); n > 700 { // 8 tiles, each down to its smallest box
					t.Errorf("%d requests", n)
				}
			})
		})
	}
}

// TestWrongToken says that a refusal ends the run at once, whatever its status.
func TestWrongToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 60)
		b.Token = "MLY|another"
		_, err := b.collect(t.Context())
		if err == nil || !strings.Contains(err.Error(), "the access token is not valid") || !strings.Contains(err.Error(), "[secret]") {
			t.Fatalf("error %v", err)
		}
		if n := len(b.Calls("")); n > 4 {
			t.Errorf("%d requests", n)
		}
	})
}
