package streetview

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview/exif"
	"urbangraph/uglib/streetview/render"
)

// village is the made-up city that render/testdata/village.py writes.
func village(t testing.TB) city.Spec {
	t.Helper()
	spec, err := city.FromFile("render/testdata/village.osm", "village", nil)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

var built = sync.OnceValues(func() (*city.City, error) {
	spec, err := city.FromFile("render/testdata/village.osm", "village", nil)
	if err != nil {
		return nil, err
	}
	return city.Build(context.Background(), spec)
})

func villageCity(t testing.TB) *city.City {
	t.Helper()
	c, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func inStore(t testing.TB) context.Context {
	return store.With(context.Background(), store.At(t.TempDir()))
}

// at returns the place x metres east and y metres north of the village's
// middle.
func at(x, y float64) orb.Point { return geo.Frame{Origin: orb.Point{10, 50}}.LonLat(orb.Point{x, y}) }

func TestRenderedSet(t *testing.T) {
	ctx, spec := inStore(t), Render(village(t), 24)
	c, set, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Views) != 24 || len(set.Skipped) != 0 {
		t.Fatalf("%d views and %d skipped files, want 24 and none", len(set.Views), len(set.Skipped))
	}
	stands := map[int64]shot{}
	for _, s := range spec.shots(c.Name, render.New(c).Stands(c.Bound, 24, spec.Seed)) {
		stands[s.id] = s
	}
	sameStreet := 0
	for _, v := range set.Views {
		s, ok := stands[v.ID]
		if !ok || v.ID < 1e15 || v.ID >= 1e16 {
			t.Fatalf("view %d is none of the stands, or has not 16 digits", v.ID)
		}
		if math.Abs(v.Pos[0]-s.Pos[0]) > 1e-9 || math.Abs(v.Pos[1]-s.Pos[1]) > 1e-9 || math.Abs(v.Heading.Diff(s.Heading)) > 1e-4 || !v.HasHeading || !v.Taken.Equal(s.taken) {
			t.Errorf("view %d is read back as %+v, was drawn at %+v", v.ID, v, s)
		}
		if v.Origin != Rendered {
			t.Errorf("view %d has origin %q", v.ID, v.Origin)
		}
		if v.Street == city.None || v.Distance > 12 {
			t.Errorf("view %d is anchored to street %d at %v", v.ID, v.Street, v.Distance)
		}
		if v.Street == s.Street {
			sameStreet++
		}
		data, err := os.ReadFile(set.Path(v))
		if err != nil {
			t.Fatal(err)
		}
		meta, err := exif.Read(bytes.NewReader(data))
		if err != nil || !strings.Contains(meta.Description, "not a photograph") || !strings.Contains(meta.Description, "OpenStreetMap contributors, ODbL") {
			t.Errorf("view %d says %q of itself, %v", v.ID, meta.Description, err)
		}
		img, err := set.Image(v)
		if err != nil || img.Bounds() != image.Rect(0, 0, 448, 336) {
			t.Errorf("view %d: %v, %v", v.ID, img, err)
		}
	}
	if sameStreet < 20 {
		t.Errorf("%d of 24 views are anchored to the street that they were drawn on, want at least 20", sameStreet)
	}

	_, again, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Views) != 24 || again.Views[3] != set.Views[3] || again.Dir != set.Dir {
		t.Error("the set is another one when it is opened again")
	}
}

// TestSameFilesOnAnyNumberOfProcessors draws a set with one and with two.
func TestSameFilesOnAnyNumberOfProcessors(t *testing.T) {
	c, spec := villageCity(t), Render(village(t), 16)
	spec.Width, spec.Height = 160, 120
	draw := func(procs int) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		dir := t.TempDir()
		if err := spec.draw(context.Background(), c, dir); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	one, two := draw(1), draw(2)
	files, err := imageFiles(one)
	if err != nil || len(files) != 16 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		a, errA := os.ReadFile(filepath.Join(one, f))
		b, errB := os.ReadFile(filepath.Join(two, f))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs between 1 and 2 processors (%v, %v)", f, errA, errB)
		}
	}
}

func TestStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(inStore(t))
	cancel()
	if err := Render(village(t), 16).draw(ctx, villageCity(t), t.TempDir()); err == nil {
		t.Error("a cancelled drawing ends without an error")
	}
}

// photo writes a JPEG file with an EXIF block.
func photo(t testing.TB, path string, m exif.Meta) {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, 12, 8)), nil); err != nil {
		t.Fatal(err)
	}
	data, err := exif.Insert(buf.Bytes(), m)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, data)
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWrongSpecs(t *testing.T) {
	good := Render(village(t), 3)
	for name, change := range map[string]func(*Spec){
		"no views":       func(s *Spec) { s.Count = 0 },
		"quality":        func(s *Spec) { s.Quality = 0 },
		"origin":         func(s *Spec) { s.Origin = "dream" },
		"reach":          func(s *Spec) { s.Reach = 0 },
		"size":           func(s *Spec) { s.Width = 3 },
		"field of view":  func(s *Spec) { s.FOV = 200 },
		"unknown folder": func(s *Spec) { s.Origin, s.Dir = Photo, "" },
	} {
		s := good
		change(&s)
		if _, _, err := Open(inStore(t), s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestDecodeFile(t *testing.T) {
	// A picture of 3 by 2 pixels whose orientations all show the same thing once upright.
	src := image.NewRGBA(image.Rect(0, 0, 3, 2))
	for i := range 6 {
		src.Set(i%3, i/3, color.RGBA{uint8(40 * i), 0, 0, 255})
	}
	// Red/40 of the upright picture, row by row (TIFF 6.0, tag Orientation).
	for orientation, want := range map[int][]uint8{
		0: {0, 1, 2, 3, 4, 5}, 1: {0, 1, 2, 3, 4, 5}, 2: {2, 1, 0, 5, 4, 3}, 3: {5, 4, 3, 2, 1, 0}, 4: {3, 4, 5, 0, 1, 2},
		5: {0, 3, 1, 4, 2, 5}, 6: {3, 0, 4, 1, 5, 2}, 7: {5, 2, 4, 1, 3, 0}, 8: {2, 5, 1, 4, 0, 3},
	} {
		got := upright(src, orientation)
		if wide := got.Bounds().Dx(); wide != 3 && orientation < 5 || wide != 2 && orientation >= 5 {
			t.Errorf("orientation %d is %d wide", orientation, wide)
		}
		for i, w := range want {
			x, y := i%got.Bounds().Dx(), i/got.Bounds().Dx()
			if r, _, _, _ := got.At(x, y).RGBA(); uint8(r>>8)/40 != w {
				t.Errorf("orientation %d: pixel %d is %d, want %d", orientation, i, uint8(r>>8)/40, w)
			}
		}
	}
	// Pillow's file of 12 by 8 pixels has orientation 6: its first row, blue, is the right column.
	for _, name := range []string{"photo.jpg", "photo.png", "photo.webp"} {
		img, err := DecodeFile(filepath.Join("exif", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if img.Bounds() != image.Rect(0, 0, 8, 12) {
			t.Errorf("%s is %v once upright, want 8 by 12", name, img.Bounds())
		}
		if name == "photo.jpg" {
			continue // JPEG smears colours over so few pixels
		}
		if r, _, b, _ := img.At(7, 5).RGBA(); b>>8 < 200 || r>>8 > 50 {
			t.Errorf("%s: the right column is %v, want blue", name, img.At(7, 5))
		}
	}
	bad := filepath.Join(t.TempDir(), "bad.jpg")
	write(t, bad, []byte("no picture"))
	if _, err := DecodeFile(bad); err == nil || !strings.Contains(err.Error(), bad) {
		t.Errorf("error %v does not name the file", err)
	}
}

func TestDamagedTable(t *testing.T) {
	dir := t.TempDir()
	set := &Set{Views: []View{{ID: 1e15, File: "a.jpg", Origin: Photo, Pos: at(0, 0), Street: city.None}}, Skipped: []Skipped{{"b.jpg", NoPosition, ""}}}
	if err := writeSet(dir, set); err != nil {
		t.Fatal(err)
	}
	got, err := readSet(dir)
	if err != nil || got.Views[0] != set.Views[0] || got.Skipped[0] != set.Skipped[0] {
		t.Errorf("read back %+v, %v", got, err)
	}
	path := filepath.Join(dir, viewsFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, data[:len(data)/2])
	if _, err := readSet(dir); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("half a table: %v", err)
	}
}

func FuzzDecodeViews(f *testing.F) {
	spec, err := Folder(village(f), "testdata/photos")
	if err != nil {
		f.Fatal(err)
	}
	_, photos, err := Open(inStore(f), spec)
	if err != nil {
		f.Fatal(err)
	}
	for _, views := range [][]View{
		photos.Views,
		{{ID: 1e15, File: "a.jpg", Origin: Photo, Pos: at(0, 0), Heading: 3, HasHeading: true, Street: 2}},
		nil,
	} {
		dir := f.TempDir()
		if err := writeSet(dir, &Set{Views: views}); err != nil {
			f.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, viewsFile))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		views, err := decodeViews(data)
		if err == nil && len(views) > len(data) {
			t.Fatalf("%d views in %d bytes", len(views), len(data))
		}
	})
}

// BenchmarkDraw draws views of Wilmington, 448 by 336 pixels, and encodes them,
// on all cores.
func BenchmarkDraw(b *testing.B) {
	spec, err := city.Builtin("wilmington")
	if err != nil {
		b.Fatal(err)
	}
	c, err := city.Build(context.Background(), spec)
	if err != nil {
		b.Fatal(err)
	}
	views := Render(spec, 200)
	dir := b.TempDir()
	for b.Loop() {
		if err := views.draw(context.Background(), c, dir); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*views.Count)/b.Elapsed().Seconds(), "views/s")
}

// BenchmarkLook reads a photograph of 12 megapixels that lies on its side, as
// telephones make them, with and without its perceptual hash.
func BenchmarkLook(b *testing.B) {
	src := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range src.Y {
		src.Y[i] = uint8(128 + 90*math.Sin(float64(i%4000)/97)*math.Cos(float64(i/4000)/61) + rng.NormFloat64()*6)
	}
	for i := range src.Cb {
		src.Cb[i], src.Cr[i] = 120, 135
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, src, &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	data, err := exif.Insert(buf.Bytes(), exif.Meta{Pos: at(0, 0), HasPos: true, Orientation: 6})
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	write(b, filepath.Join(dir, "a.jpg"), data)
	c, f := villageCity(b), found{file: "a.jpg", origin: Photo}
	for _, hashed := range []bool{true, false} {
		b.Run(map[bool]string{true: "hashed", false: "plain"}[hashed], func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if l := look(c, dir, &f, hashed); l.skip.File != "" {
					b.Fatal(l.skip)
				}
			}
		})
	}
}
