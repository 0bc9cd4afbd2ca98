package render

import (
	"bytes"
	"context"
	"flag"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

var regen = flag.Bool("regen", false, "write the pictures in testdata anew; look at them before you commit them")

// village is the city of testdata/village.osm, which testdata/village.py wrote.
var village = sync.OnceValues(func() (*city.City, error) {
	spec, err := city.FromFile("testdata/village.osm", "village", nil)
	if err != nil {
		return nil, err
	}
	return city.Build(context.Background(), spec)
})

func villageWorld(t testing.TB) (*city.City, *World) {
	t.Helper()
	c, err := village()
	if err != nil {
		t.Fatal(err)
	}
	return c, New(c)
}

// at returns the place x metres east and y metres north of the village's
// middle.
func at(x, y float64) orb.Point { return geo.Frame{Origin: orb.Point{10, 50}}.LonLat(orb.Point{x, y}) }

// views of the village, each with what must be seen in it.
var scenes = []struct {
	name    string
	pos     orb.Point
	heading geo.Bearing
	cond    Conditions
}{
	{"shops-and-crossing", at(10, -4), 80, Conditions{Clear, 150}},
	{"junction-with-signals", at(2, -34), 0, Conditions{Overcast, 200}},
	{"shop-front", at(45, -3), 0, Conditions{Clear, 200}},
	{"park-and-school", at(-90, -2), 20, Conditions{Dusk, 280}},
}

// TestGoldenViews compares views with pictures that a person has looked at.
// Floating point may differ between processors in a few pixels along edges.
func TestGoldenViews(t *testing.T) {
	_, w := villageWorld(t)
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			got, err := w.View(Camera{Pos: s.pos, Heading: s.heading, Width: 224, Height: 168}, s.cond, 7)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", s.name+".png")
			if *regen {
				var buf bytes.Buffer
				if err := png.Encode(&buf, got); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatalf("%v; write it with -regen", err)
			}
			defer f.Close()
			want, err := png.Decode(f)
			if err != nil {
				t.Fatal(err)
			}
			if far := differing(got, want, 12); far > 0.003 {
				t.Errorf("%.2f%% of the pixels differ from %s by more than 12 of 255; if that is wanted, look at the view and use -regen", 100*far, path)
			}
		})
	}
}

// differing returns the part of the pixels that differ by more than limit in
// some component.
func differing(a *image.RGBA, b image.Image, limit int) float64 {
	if a.Rect != b.Bounds() {
		return 1
	}
	n := 0
	for y := range a.Rect.Dy() {
		for x := range a.Rect.Dx() {
			r, g, bl, _ := b.At(x, y).RGBA()
			p := a.RGBAAt(x, y)
			if abs(int(p.R)-int(r>>8)) > limit || abs(int(p.G)-int(g>>8)) > limit || abs(int(p.B)-int(bl>>8)) > limit {
				n++
			}
		}
	}
	return float64(n) / float64(a.Rect.Dx()*a.Rect.Dy())
}

// count returns the part of the pixels near a colour.
func count(img *image.RGBA, c rgb, near float64) float64 {
	n := 0
	for i := 0; i < len(img.Pix); i += 4 {
		d := rgb{float32(img.Pix[i]) / 255, float32(img.Pix[i+1]) / 255, float32(img.Pix[i+2]) / 255}
		if math.Abs(float64(d.r-c.r)) < near && math.Abs(float64(d.g-c.g)) < near && math.Abs(float64(d.b-c.b)) < near {
			n++
		}
	}
	return float64(n) / float64(len(img.Pix)/4)
}

// TestWhatIsSeen checks that things are where geometry says: straight ahead,
// at the right size, and gone when the camera looks away.
func TestWhatIsSeen(t *testing.T) {
	_, w := villageWorld(t)
	noon := Conditions{Clear, 180}
	view := func(p orb.Point, heading geo.Bearing) *image.RGBA {
		img, err := w.View(Camera{Pos: p, Heading: heading}, noon, 1)
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	red := hex(styleFood.Paper)
	if to, from := count(view(at(22, -3), 0), red, 0.13), count(view(at(22, -3), 180), red, 0.13); to < 0.02 || from > 0.001 {
		t.Errorf("a restaurant's sign fills %.4f of the view towards it and %.4f of the view away; want more than 0.02 and none", to, from)
	}
	green := hex(styleHealth.Paper)
	if part := count(view(at(66, -3), 0), green, 0.13); part < 0.02 {
		t.Errorf("a pharmacy's sign fills %.4f of the view towards it, want more than 0.02", part)
	}
	if part := count(view(at(-150, -20), 10), park.colour, 0.12); part < 0.02 {
		t.Errorf("the park fills %.4f of the view towards it, want more than 0.02", part)
	}
	// Bars of the crossing at (40, 0), seen from 6 m before it.
	zebra, plainRoad := count(view(at(34, -3.5), 90), white.colour, 0.1), count(view(at(-200, -3.5), 270), white.colour, 0.1)
	if zebra < 2*plainRoad || zebra < 0.01 {
		t.Errorf("white fills %.4f of the view of a crossing and %.4f of that of plain road; want twice as much", zebra, plainRoad)
	}
}

// TestHeightOnTheCanvas checks the projection: a wall of height z at depth d
// ends f·(z − eye)/d above the horizon.
func TestHeightOnTheCanvas(t *testing.T) {
	c := &city.City{Frame: geo.Frame{Origin: orb.Point{10, 50}}, Scenery: []city.Feature{{
		OSM: 1, Layer: "building", Tags: map[string]string{"building": "yes", "height": "12", "building:colour": "#ff0000", "roof:shape": "flat"},
		Geometry: orb.Polygon{{at(-10, 20), at(10, 20), at(10, 30), at(-10, 30), at(-10, 20)}},
	}}}
	img, err := New(c).View(Camera{Pos: at(0, 0), Width: 400, Height: 400}, Conditions{Clear, 180}, 1)
	if err != nil {
		t.Fatal(err)
	}
	top := 0
	for ; top < 400; top++ {
		if p := img.RGBAAt(200-37, top); p.R > 2*p.B && p.R > 2*p.G {
			break
		}
	}
	// 90 degrees over 400 pixels: f = 200; horizon at 0.52·400 = 208.
	want := 208 - 200*(12-DefaultEyeHeight)/20
	if math.Abs(float64(top)-want) > 1 {
		t.Errorf("the wall's top is in row %d, want %.1f", top, want)
	}
	left := 0
	for ; left < 400; left++ {
		if p := img.RGBAAt(left, 180); p.R > 2*p.B && p.R > 2*p.G {
			break
		}
	}
	if want := 200 - 200*10/20; abs(left-want) > 1 {
		t.Errorf("the wall's left end is in column %d, want %d", left, want)
	}
}

// TestSameViewTwice checks that a view depends on nothing but its arguments,
// also when many are drawn at the same time and painters are used again.
func TestSameViewTwice(t *testing.T) {
	c, w := villageWorld(t)
	other := New(c)
	draw := func(w *World, i int) []byte {
		s := scenes[i%len(scenes)]
		img, err := w.View(Camera{Pos: s.pos, Heading: s.heading, Width: 96 + 16*(i%3), Height: 72}, s.cond, uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		return img.Pix
	}
	want := make([][]byte, 24)
	for i := range want {
		want[i] = draw(w, i)
	}
	var group sync.WaitGroup
	for i := range want {
		group.Go(func() {
			if !bytes.Equal(draw(other, i), want[i]) {
				t.Errorf("view %d of another world of the same city, drawn beside others, differs", i)
			}
		})
	}
	group.Wait()
}

func TestConditions(t *testing.T) {
	day := func(h int) time.Time { return time.Date(2025, 6, 1, h, 0, 0, 0, time.UTC) }
	if got := ConditionsAt(1, day(12)).Sun; got != 180 {
		t.Errorf("at noon the sun stands at %v degrees, want 180", got)
	}
	if got := ConditionsAt(1, day(18)); got.Weather != Dusk || got.Sun != 270 {
		t.Errorf("at 18 o'clock: %v, sun %v; want dusk, 270", got.Weather, got.Sun)
	}
	overcast := 0
	for seed := range uint64(3000) {
		if ConditionsAt(seed, day(9)).Weather == Overcast {
			overcast++
		}
	}
	if overcast < 900 || overcast > 1100 {
		t.Errorf("%d of 3000 seeds are overcast, want about 1000", overcast)
	}
}

func TestCameraErrors(t *testing.T) {
	_, w := villageWorld(t)
	for _, cam := range []Camera{{Width: 4}, {Height: 100000}, {FOV: 179}, {FOV: -3}, {EyeHeight: -1}} {
		if _, err := w.View(cam, Conditions{}, 1); err == nil {
			t.Errorf("camera %+v draws without an error", cam)
		}
	}
}

// FuzzView draws from anywhere in any direction: it may show anything, but
// must not fail.
func FuzzView(f *testing.F) {
	_, w := villageWorld(f)
	f.Add(0.0, 0.0, 0.0, 2.2, 90.0)
	f.Add(20.0, 12.0, 271.0, 0.5, 150.0) // in the plane of a wall
	f.Add(-26.0, -48.0, 45.0, 30.0, 10.0)
	f.Fuzz(func(t *testing.T, x, y, heading, eye, fov float64) {
		if math.IsNaN(x+y+heading) || math.Abs(x)+math.Abs(y) > 1e5 || math.Abs(heading) > 1e6 {
			return
		}
		cam := Camera{Pos: at(x, y), Heading: geo.NormalBearing(heading), EyeHeight: eye, FOV: fov, Width: 64, Height: 48}
		if img, err := w.View(cam, Conditions{}, 1); err == nil && len(img.Pix) != 64*48*4 {
			t.Fatalf("%d bytes", len(img.Pix))
		}
	})
}

func BenchmarkView(b *testing.B) {
	_, w := villageWorld(b)
	b.ReportAllocs()
	for i := range b.N {
		s := scenes[i%len(scenes)]
		if _, err := w.View(Camera{Pos: s.pos, Heading: s.heading}, s.cond, 1); err != nil {
			b.Fatal(err)
		}
	}
}
