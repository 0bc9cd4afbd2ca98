package kartaview

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/internal/streetserver"
)

const token = "kv-deadbeefcafe"

// area is about 1.3 kilometres across.
var area = orb.Bound{Min: orb.Point{103.84, 1.28}, Max: orb.Point{103.852, 1.29}}

func photos(n int, in orb.Bound) []streetserver.Photo {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([]streetserver.Photo, n)
	for i := range all {
		all[i] = streetserver.Photo{
			ID:  1000001 + int64(i)*17,
			Lon: in.Min[0] + r.Float64()*(in.Max[0]-in.Min[0]), Lat: in.Min[1] + r.Float64()*(in.Max[1]-in.Min[1]),
			Heading: float64(r.IntN(359)), Taken: time.Date(2020, 1, 1+i%500, 9, 0, 0, 0, time.UTC), Creator: "dewi", Shift: 1e-5,
		}
	}
	return all
}

// bench runs Collect against a server in fake time.
type bench struct {
	*streetserver.Server
	t       *testing.T
	dir     string
	query   Query
	options Options
}

func newBench(t *testing.T, n int) *bench {
	return &bench{t: t, dir: t.TempDir(), Server: &streetserver.Server{Photos: photos(n, area)}}
}

func (b *bench) collect(ctx context.Context) (*Result, error) {
	b.t.Helper()
	client, base, stop := b.Pipe()
	defer stop()
	o := b.options
	o.HTTP, o.BaseURL = client, base
	r, err := Collect(With(ctx, o), b.query, area, "singapore", b.dir, func(string) {})
	for _, c := range b.Calls("") {
		if strings.Contains(c.URL+c.Form, "deadbeef") || c.Kind == "file" && c.Header.Get("X-Auth-Token") != "" {
			b.t.Errorf("the token goes out with %s", c.URL)
		}
	}
	if err != nil && strings.Contains(err.Error(), "deadbeef") {
		b.t.Errorf("the token is in the error %v", err)
	}
	return r, err
}

func (b *bench) must(ctx context.Context) *Result {
	b.t.Helper()
	r, err := b.collect(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// whole checks that the result is every photograph, each with its file.
func (b *bench) whole(r *Result) {
	b.t.Helper()
	var want, got []int64
	for _, p := range b.Photos {
		want = append(want, 8e15+p.ID)
	}
	for _, p := range r.Photos {
		got = append(got, p.ID())
		data, err := os.ReadFile(filepath.Join(b.dir, ImageDir, p.File))
		if err != nil || !bytes.Equal(data, streetserver.Picture(int64(p.KartaViewID))) || p.ImageURL != "" {
			b.t.Fatalf("file of %d: %d bytes, %v", p.ID(), len(data), err)
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) || len(r.Missing)+len(r.Failed)+len(r.Full) > 0 {
		b.t.Fatalf("%d photographs, want %d; missing %v, failed %v, full %v", len(got), len(want), r.Missing, r.Failed, r.Full)
	}
}
