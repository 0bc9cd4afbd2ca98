package plots

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"

	"urbangraph/plots/internal/golden"
)

// charts are one of each kind, with fixed data.
func charts() map[string]Figure {
	var loss []float64
	for i := range 120 {
		loss = append(loss, 3*math.Exp(-float64(i)/30)+0.4+0.15*math.Sin(float64(i*i)))
	}
	val := Series{Name: "val loss", X: []float64{0, 40, 80, 119}, Y: []float64{3.2, 1.5, 0.9, 0.7}, Low: []float64{3, 1.3, 0.8, 0.6}, High: []float64{3.4, 1.7, 1, 0.8}}
	iv := func(v float64) Interval { return Interval{v, v - 0.05, v + 0.06} }
	return map[string]Figure{
		"lines":  Lines(Steps("train loss", loss), val).Smooth(0.8).Title("Loss").Subtitle("seed 1").Labels("Step", "InfoNCE").Size(360, 240),
		"curves": Curves(Steps("train loss", loss), val, Steps("margin", loss)).Title("Stage 1").Size(480, 220),
		"bars": Bars([]string{"Hit@1", "Hit@5"}, Group{"Stage 1", []Interval{iv(.2), iv(.5)}}, Group{"Stage 2", []Interval{iv(.4), iv(.7)}}).
			Chance(.05, .25).Percent().Title("Geolocation").Subtitle("262 places").Labels("", "Queries").Size(360, 260),
		"histogram": Histogram("Degree", []float64{1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 6}, 0).Title("Degrees").Size(320, 220),
		"log":       Lines(Series{Name: "a", X: []float64{1, 10, 100}, Y: []float64{0.1, 0, 10}}).LogX().LogY().Marks().Level(1, "Chance").Size(320, 220),
	}
}

func TestChartsAreTheGolden(t *testing.T) {
	for name, f := range charts() {
		data, err := f.PNG()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		golden.Check(t, name, data, 0.01)
	}
}

func TestChartForms(t *testing.T) {
	for name, f := range charts() {
		svg, err := f.SVG()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d := xml.NewDecoder(bytes.NewReader(svg))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: SVG: %v", name, err)
				break
			}
		}
		html, err := f.HTML()
		if err != nil || !strings.HasPrefix(html, "<img alt=") || !strings.Contains(html, "data:image/png;base64,") {
			t.Errorf("%s: HTML %.80q (%v)", name, html, err)
		}
		if f.Text() == "" {
			t.Errorf("%s: no text", name)
		}
	}
}

func TestDrawnBarsAreAsHighAsTheValues(t *testing.T) {
	f := Bars([]string{"a", "b"}, Group{"", []Interval{{Value: 1}, {Value: 2}}}).Size(300, 200)
	data, err := f.PNG()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	// Pixels of the bar's colour in the left and in the right half.
	var n [2]int
	b := img.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			if r, g, bl, _ := img.At(x, y).RGBA(); uint8(r>>8) == blue.R && uint8(g>>8) == blue.G && uint8(bl>>8) == blue.B {
				n[2*x/b.Dx()]++
			}
		}
	}
	if ratio := float64(n[1]) / float64(n[0]); ratio < 1.95 || ratio > 2.05 {
		t.Errorf("bars cover %v pixels: ratio %.3f, want 2", n, ratio)
	}
}

func TestWrongChartsAreErrors(t *testing.T) {
	for name, f := range map[string]Figure{
		"short y":       Lines(Series{Name: "s", X: []float64{1, 2}, Y: []float64{1}}),
		"short band":    Lines(Series{Name: "s", X: []float64{1}, Y: []float64{1}, Low: []float64{}, High: []float64{1}}),
		"no categories": Bars(nil),
		"missing bars":  Bars([]string{"a", "b"}, Group{"g", []Interval{{Value: 1}}}),
		"chance":        Bars([]string{"a"}, Group{"g", []Interval{{Value: 1}}}).Chance(1, 2),
		"size":          Lines(Steps("s", []float64{1, 2})).Size(0, 10),
		"huge":          Lines(Steps("s", []float64{1, 2})).Size(100000, 10),
	} {
		if _, err := f.PNG(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOddDataAreDrawn(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, f := range map[string]Figure{
		"nothing":         Lines(),
		"empty series":    Lines(Series{Name: "s"}),
		"one value":       Lines(Steps("s", []float64{3})),
		"level only":      Lines().Level(0.5, "chance"),
		"constant":        Lines(Steps("s", []float64{2, 2, 2})).Smooth(0.9),
		"not finite":      Lines(Steps("s", []float64{nan, 1, inf, 2, nan})),
		"all not finite":  Lines(Steps("s", []float64{nan, nan})).LogY(),
		"log of negative": Lines(Steps("s", []float64{-1, -2})).LogY().LogX(),
		"no curves":       Curves(),
		"bar not finite":  Bars([]string{"a"}, Group{"g", []Interval{{nan, nan, inf}}}),
		"zero bars":       Bars([]string{"a"}, Group{"g", []Interval{{}}}),
		"no groups":       Bars([]string{"a"}),
		"no values":       Histogram("x", nil, 0),
		"same values":     Histogram("x", []float64{0.5, 0.5}, 0).LogY(),
		"one bin":         Histogram("x", []float64{1, 2.5}, 1),
		"wide values":     Histogram("x", []float64{-1e300, 1e300}, 0),
	} {
		if _, err := f.PNG(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSmoothedIsTheWeightedMean(t *testing.T) {
	const w = 0.7
	pts := plotter.XYs{{X: 0, Y: 1}, {X: 1, Y: 5}, {X: 2, Y: 2}, {X: 3, Y: 8}}
	got := smoothed(pts, w)
	for i := range pts {
		sum, norm := 0.0, 0.0
		for j := range pts {
			k := math.Pow(w, math.Abs(float64(i-j)))
			sum += k * pts[j].Y
			norm += k
		}
		if want := sum / norm; math.Abs(got[i].Y-want) > 1e-12 || got[i].X != pts[i].X {
			t.Errorf("value %d is %v, want %g", i, got[i], want)
		}
	}
}

func TestThinKeepsPeaks(t *testing.T) {
	pts := make(plotter.XYs, 10000)
	for i := range pts {
		pts[i].X = float64(i)
	}
	pts[4321].Y, pts[777].Y = 9, -9
	got := thin(pts, 100)
	if len(got) > 102 {
		t.Errorf("%d points are left", len(got))
	}
	lo, hi := 0.0, 0.0
	for i, p := range got {
		lo, hi = min(lo, p.Y), max(hi, p.Y)
		if i > 0 && p.X <= got[i-1].X {
			t.Fatalf("point %d is out of order", i)
		}
	}
	if lo != -9 || hi != 9 || got[0].X != 0 || got[len(got)-1].X != 9999 {
		t.Errorf("range %g to %g, ends %v and %v", lo, hi, got[0], got[len(got)-1])
	}
}

func TestTicksAreRound(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   string
	}{
		{0, 1, "0 0.2 0.4 0.6 0.8 1.0"}, {0, 100, "0 20 40 60 80 100"}, {-0.03, 0.62, "0 0.1 0.2 0.3 0.4 0.5 0.6"},
		{0, 12000, "0 2000 4000 6000 8000 10,000 12,000"}, {3, 3, "3"},
	} {
		var got []string
		for _, k := range (ticks{}).Ticks(c.lo, c.hi) {
			got = append(got, k.Label)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("ticks of %g to %g: %s, want %s", c.lo, c.hi, s, c.want)
		}
	}
}

func TestHistogramCountsEachValueOnce(t *testing.T) {
	f := Histogram("x", []float64{0, 0.1, 0.25, 0.5, 0.5, 0.75, 1, math.NaN()}, 4)
	e := f.edges()
	if len(e) != 5 || e[0] != 0 || e[4] != 1 {
		t.Errorf("edges %v", e)
	}
	got := f.counts(e)
	for i, want := range []int{2, 1, 2, 2} { // a value on an edge belongs to the bin above, the last one to the last bin
		if got[i] != want {
			t.Errorf("counts %v", got)
			break
		}
	}
	if s := f.Text(); !strings.Contains(s, "7 values, median 0.5, mean 0.443, from 0 to 1") {
		t.Errorf("text: %s", s)
	}
}

func TestTablesHaveNoPicture(t *testing.T) {
	for _, f := range []Figure{Table(nil, nil), Sheet(nil, nil)} {
		if _, err := f.PNG(); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%T: PNG: %v", f, err)
		}
		if _, err := f.SVG(); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%T: SVG: %v", f, err)
		}
	}
}
