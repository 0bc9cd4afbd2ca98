package mapillary

import (
	"bytes"
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/internal/streetserver"

	"github.com/paulmach/orb"
)

const token = "MLY|4242|deadbeefcafe"

// area is about 3 by 2 kilometres.

var area = orb.Bound{Min: orb.Point{9.97, 53.54}, Max: orb.Point{10.003, 53.563}}

// photos makes n photographs in an area.

func photos(n int, in orb.Bound) []streetserver.Photo {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([]streetserver.Photo, n)
	for i := range all {
		all[i] = streetserver.Photo{
			ID:  100000000000001 + int64(i)*7919,
			Lon: in.Min[0] + r.Float64()*(in.Max[0]-in.Min[0]), Lat: in.Min[1] + r.Float64()*(in.Max[1]-in.Min[1]),
			Heading: float64(r.IntN(359)), Taken: time.Date(2020, 1, 1+i, 9, 0, 0, 0, time.UTC), Creator: []string{"anna", "ben", "مها"}[i%3],
		}
		if i%2 == 0 {
			all[i].Shift = 1e-5
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
	area    orb.Bound
	options Options
	kept    map[string]bool
}

func newBench(t *testing.T, n int) *bench {
	return &bench{
		t: t, dir: t.TempDir(), area: area, kept: map[string]bool{},
		Server: &streetserver.Server{Token: token, Photos: photos(n, area)}, options: Options{Token: NewSecret(token)},
	}
}

func (b *bench) collect(ctx context.Context) (*Result, error) {
	b.t.Helper()
	client, base, stop := b.Pipe()
	defer stop()
	o := b.options
	o.HTTP, o.BaseURL = client, base
	r, err := Collect(With(ctx, o), b.query, b.area, "hamburg", b.dir, func(name string) { b.kept[name] = true })
	b.noSecrets(err)
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

// noSecrets checks that the token stands in no URL, no error and no file.

func (b *bench) noSecrets(err error) {
	b.t.Helper()
	part := "deadbeefcafe"
	for _, c := range b.Calls("") {
		if strings.Contains(c.URL+c.Form, part) {
			b.t.Fatalf("the token is in the request %s", c.URL)
		}
		if c.Kind == "file" && c.Header.Get("Authorization") != "" {
			b.t.Fatalf("the token goes out with the request for a file")
		}
	}
	if err != nil && strings.Contains(err.Error(), part) {
		b.t.Fatalf("the token is in the error %v", err)
	}
	walk := filepath.WalkDir(b.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(part)) {
			b.t.Fatalf("the token is in %s", path)
		}
		return err
	})
	if walk != nil {
		b.t.Fatal(walk)
	}
}

// whole checks that the result is every photograph, each with its file.

func (b *bench) whole(r *Result) {
	b.t.Helper()
	var want []int64
	for _, p := range b.Photos {
		want = append(want, p.ID)
	}
	slices.Sort(want)
	if got := ids(r.Photos); !slices.Equal(got, want) {
		b.t.Fatalf("%d photographs, want %d", len(got), len(want))
	}
	if len(r.Missing) > 0 || len(r.Failed) > 0 || len(r.Full) > 0 {
		b.t.Fatalf("missing %v, failed %v, full %v", r.Missing, r.Failed, r.Full)
	}
	b.files(r)
}

// files checks the image files and the rows of a result.

func (b *bench) files(r *Result) {
	b.t.Helper()
	for _, p := range r.Photos {
		data, err := os.ReadFile(filepath.Join(b.dir, ImageDir, p.File))
		if err != nil || !bytes.Equal(data, streetserver.Picture(p.ID())) {
			b.t.Fatalf("file of %d: %d bytes, %v", p.ID(), len(data), err)
		}
		if p.Bytes != int64(len(data)) || p.ImageWidth != 96 || p.ImageHeight != 64 || len(p.SHA256) != 64 || p.ImageURL != "" {
			b.t.Fatalf("row %+v", p)
		}
	}
	rows, bad, err := ReadMetadata(filepath.Join(b.dir, PhotosFile))
	if err != nil || len(bad) > 0 || !slices.Equal(ids(rows), ids(r.Photos)) {
		b.t.Fatalf("%s: %d rows, %v, %v", PhotosFile, len(rows), bad, err)
	}
	here, err := os.ReadDir(filepath.Join(b.dir, ImageDir))
	if err != nil || len(here) != len(r.Photos) {
		b.t.Fatalf("%d files for %d photographs, %v", len(here), len(r.Photos), err)
	}
	top, err := os.ReadDir(b.dir)
	if err != nil || len(top) != 3 {
		b.t.Fatalf("the folder holds %v, want %s, %s and %s", top, ImageDir, PhotosFile, ResultFile)
	}
}

func ids(photos []Photo) []int64 {
	var all []int64
	for i := range photos {
		all = append(all, photos[i].ID())
	}
	return all
}

// box returns that of a search, degrees.
func box(t *testing.T, c streetserver.Call) orb.Bound {
	_, rest, _ := strings.Cut(c.URL, "bbox=")
	rest, _, _ = strings.Cut(rest, "&")
	b, err := geo.ParseBound(strings.ReplaceAll(rest, "%2C", ","))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// width returns the width of the box of a search, degrees.
func width(t *testing.T, c streetserver.Call) float64 {
	b := box(t, c)
	return b.Max[0] - b.Min[0]
}
