package geo

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"
)

func close(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

// place returns a random point between 80 degrees south and north.
func place(r *rand.Rand) orb.Point { return orb.Point{r.Float64()*360 - 180, r.Float64()*160 - 80} }

func TestDistance(t *testing.T) {
	// A degree of a great circle on a sphere of 6371 km is 111194.93 m.
	for _, c := range []struct {
		name string
		a, b orb.Point
		want float64
	}{
		{"same", orb.Point{-75.5, 39.7}, orb.Point{-75.5, 39.7}, 0},
		{"a degree of latitude", orb.Point{10, 0}, orb.Point{10, 1}, 111194.927},
		{"a degree of the equator", orb.Point{0, 0}, orb.Point{1, 0}, 111194.927},
		{"half-way round", orb.Point{0, 0}, orb.Point{180, 0}, math.Pi * 6371000},
		{"over the date line", orb.Point{179.5, 0}, orb.Point{-179.5, 0}, 111194.927},
		{"Paris to London", orb.Point{2.3522, 48.8566}, orb.Point{-0.1278, 51.5074}, 343556},
	} {
		if got := float64(Distance(c.a, c.b)); !close(got, c.want, 1) {
			t.Errorf("%s: %.3f m, want %.3f", c.name, got, c.want)
		}
	}
}

func TestDistanceIsAMetric(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		a, b, c := place(r), place(r), place(r)
		if d, e := Distance(a, b), Distance(b, a); d < 0 || !close(float64(d), float64(e), 1e-6) {
			t.Fatalf("from %v to %v: %v there, %v back", a, b, d, e)
		}
		if Distance(a, c) > Distance(a, b)+Distance(b, c)+1e-3 {
			t.Fatalf("%v %v %v: the way round is shorter", a, b, c)
		}
	}
}

func TestBearingTo(t *testing.T) {
	for _, c := range []struct {
		a, b orb.Point
		want Bearing
	}{
		{orb.Point{0, 0}, orb.Point{0, 1}, 0},
		{orb.Point{0, 0}, orb.Point{1, 0}, 90},
		{orb.Point{0, 1}, orb.Point{0, 0}, 180},
		{orb.Point{1, 0}, orb.Point{0, 0}, 270},
		{orb.Point{5, 5}, orb.Point{5, 5}, 0},
		{orb.Point{0, 60}, orb.Point{0.001, 60.0005}, 45},
	} {
		if got := c.a; !close(BearingTo(got, c.b).Diff(c.want), 0, 0.01) {
			t.Errorf("%v to %v: %v, want %v", c.a, c.b, BearingTo(c.a, c.b), c.want)
		}
	}
}

func TestNormalBearing(t *testing.T) {
	for _, c := range []struct {
		in   float64
		want Bearing
	}{{0, 0}, {360, 0}, {-1, 359}, {725, 5}, {-720, 0}, {-1e-18, 0}, {359.5, 359.5}} {
		if got := NormalBearing(c.in); got != c.want || math.Signbit(float64(got)) {
			t.Errorf("NormalBearing(%g) = %v, want %v", c.in, got, c.want)
		}
	}
}

func TestBearingDiff(t *testing.T) {
	for _, c := range []struct {
		from, to Bearing
		want     float64
	}{{0, 90, 90}, {90, 0, -90}, {350, 10, 20}, {10, 350, -20}, {0, 180, 180}, {180, 0, 180}, {1, 181, 180}} {
		if got := c.from.Diff(c.to); got != c.want {
			t.Errorf("%v.Diff(%v) = %v, want %v", c.from, c.to, got, c.want)
		}
	}
	r := rand.New(rand.NewPCG(2, 2))
	for range 1000 {
		b, turn := NormalBearing(r.Float64()*360), r.Float64()*359-179.5
		if got := b.Diff(NormalBearing(float64(b) + turn)); !close(got, turn, 1e-9) {
			t.Fatalf("a turn of %v from %v reads %v", turn, b, got)
		}
		if got := b.Reverse().Reverse(); !close(b.Diff(got), 0, 1e-9) {
			t.Fatalf("%v reversed twice is %v", b, got)
		}
	}
}

func TestWinds(t *testing.T) {
	for _, c := range []struct {
		b           Bearing
		eight, word string
		sixteen     string
	}{
		{0, "N", "north", "N"},
		{22.5, "N", "north", "NNE"},
		{22.6, "NE", "northeast", "NNE"},
		{67.5, "NE", "northeast", "ENE"},
		{135, "SE", "southeast", "SE"},
		{247.4, "SW", "southwest", "WSW"},
		{292.5, "W", "west", "WNW"},
		{337.5, "N", "north", "NNW"},
		{348.75, "N", "north", "N"},
		{359.7, "N", "north", "N"},
	} {
		if c.b.Wind8() != c.eight || c.b.Word8() != c.word || c.b.Wind16() != c.sixteen {
			t.Errorf("%v: %s %s %s, want %s %s %s", c.b, c.b.Wind8(), c.b.Word8(), c.b.Wind16(), c.eight, c.word, c.sixteen)
		}
	}
}

func TestFrame(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 2000 {
		f := Frame{Origin: orb.Point{r.Float64()*340 - 170, r.Float64()*120 - 60}}
		at := func() orb.Point { return f.LonLat(orb.Point{r.Float64()*6000 - 3000, r.Float64()*6000 - 3000}) }
		p, q := at(), at()
		back := f.LonLat(f.Local(p))
		if !close(back[0], p[0], 1e-12) || !close(back[1], p[1], 1e-12) {
			t.Fatalf("%v there and back is %v", p, back)
		}
		a, b := f.Local(p), f.Local(q)
		flat, round := math.Hypot(a[0]-b[0], a[1]-b[1]), float64(Distance(p, q))
		if !close(flat, round, 0.002*round+1e-6) {
			t.Fatalf("around %v: %v to %v is %.3f m in the frame, %.3f m on the sphere", f.Origin, p, q, flat, round)
		}
	}
}

func TestMetresString(t *testing.T) {
	for _, c := range []struct {
		m    Metres
		want string
	}{{0, "0.0 m"}, {12.34, "12.3 m"}, {999.9, "999.9 m"}, {1000, "1.00 km"}, {15300, "15.30 km"}} {
		if got := c.m.String(); got != c.want {
			t.Errorf("%g: %q, want %q", float64(c.m), got, c.want)
		}
	}
}
