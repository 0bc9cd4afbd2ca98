package plots

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Series is a named curve. Low and High, if not nil, are the bounds of a band
// around it and as long as Y. Values that are not finite leave a gap.
type Series struct {
	Name      string
	X, Y      []float64
	Low, High []float64
}

// Steps returns a series whose x is 0, 1, 2, ...
func Steps(name string, y []float64) Series {
	x := make([]float64, len(y))
	for i := range x {
		x[i] = float64(i)
	}
	return Series{Name: name, X: x, Y: y}
}

// LineFigure is a chart of curves.
type LineFigure struct {
	chart
	series []Series
	smooth float64
	logX   bool
	logY   bool
	marks  bool
	level  []level
	yrange *[2]float64
}

type level struct {
	value float64
	name  string
}

// Lines returns a chart of curves.
func Lines(s ...Series) *LineFigure { return &LineFigure{chart: newChart(), series: s} }

// Title sets the heading.
func (f *LineFigure) Title(s string) *LineFigure { f.title = s; return f }

// Subtitle sets the line under the heading.
func (f *LineFigure) Subtitle(s string) *LineFigure { f.subtitle = s; return f }

// Labels names the axes.
func (f *LineFigure) Labels(x, y string) *LineFigure { f.xlabel, f.ylabel = x, y; return f }

// Size sets the size in CSS pixels.
func (f *LineFigure) Size(w, h int) *LineFigure {
	f.width, f.height = float64(w), float64(h)
	return f
}

// Smooth draws each curve of at least 40 values pale, and over it the centred
// moving average in which a value k places before or after weighs weight^k;
// weight is in [0, 1), such as 0.9. Being centred, it does not lag behind.
func (f *LineFigure) Smooth(weight float64) *LineFigure {
	if weight >= 0 && weight < 1 {
		f.smooth = weight
	}
	return f
}

// LogX makes the x axis logarithmic; values of zero or below leave a gap.
func (f *LineFigure) LogX() *LineFigure { f.logX = true; return f }

// LogY makes the y axis logarithmic; values of zero or below leave a gap.
func (f *LineFigure) LogY() *LineFigure { f.logY = true; return f }

// Marks puts a dot on each value.
func (f *LineFigure) Marks() *LineFigure { f.marks = true; return f }

// Level adds a dashed level line, such as chance.
func (f *LineFigure) Level(y float64, name string) *LineFigure {
	f.level = append(f.level, level{y, name})
	return f
}

// YRange sets the range of the y axis.
func (f *LineFigure) YRange(lo, hi float64) *LineFigure { f.yrange = &[2]float64{lo, hi}; return f }

// PNG returns the chart.
func (f *LineFigure) PNG() ([]byte, error) { return f.png(f.draw) }

// SVG returns the chart.
func (f *LineFigure) SVG() ([]byte, error) { return f.svg(f.draw) }

// HTML returns the chart as an image element.
func (f *LineFigure) HTML() (string, error) { return f.html(f.draw) }

// Text says the first and last value of each curve.
func (f *LineFigure) Text() string {
	lines := []string{strings.TrimSpace("Chart: " + f.title)}
	if f.subtitle != "" {
		lines = append(lines, f.subtitle)
	}
	for _, s := range f.series {
		if n := min(len(s.X), len(s.Y)); n > 0 {
			lines = append(lines, fmt.Sprintf("  %s: %s at %s to %s at %s (%d values)", s.Name, brief(s.Y[0]), brief(s.X[0]), brief(s.Y[n-1]), brief(s.X[n-1]), n))
		}
	}
	return strings.Join(lines, "\n")
}

func (f *LineFigure) draw(c draw.Canvas) error {
	p, err := f.plot()
	if err != nil {
		return err
	}
	f.finish(p, c)
	return nil
}

func (f *LineFigure) plot() (*plot.Plot, error) {
	p := f.blank()
	p.Add(grid(true))
	any := false
	for i, s := range f.series {
		if len(s.X) != len(s.Y) || (s.Low != nil && len(s.Low) != len(s.Y)) || (s.High != nil && len(s.High) != len(s.Y)) {
			return nil, fmt.Errorf("plots: series %q has %d x, %d y, %d low and %d high values: they must be as many", s.Name, len(s.X), len(s.Y), len(s.Low), len(s.High))
		}
		drawn, err := f.curve(p, s, seriesColour(i))
		if err != nil {
			return nil, fmt.Errorf("plots: series %q: %w", s.Name, err)
		}
		any = any || drawn
	}
	if !any {
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
		if f.logX || f.logY {
			p.X.Min, p.Y.Min = 0.1, 0.1
		}
	}
	for _, l := range f.level {
		if err := addLevel(p, l.name, l.value, p.X.Min, p.X.Max); err != nil {
			return nil, err
		}
	}
	if f.yrange != nil {
		p.Y.Min, p.Y.Max = f.yrange[0], f.yrange[1]
	} else if p.Y.Min == p.Y.Max {
		p.Y.Min, p.Y.Max = p.Y.Min-0.5, p.Y.Max+0.5
	}
	if p.X.Min == p.X.Max {
		p.X.Min, p.X.Max = p.X.Min-0.5, p.X.Max+0.5
	}
	f.placeLegend(p)
	if f.logX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	if f.logY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	return p, nil
}

// placeLegend puts the legend into the corner that holds the fewest values.
func (f *LineFigure) placeLegend(p *plot.Plot) {
	at := func(v, lo, hi float64, log bool) float64 {
		if log {
			v, lo, hi = math.Log(v), math.Log(lo), math.Log(hi)
		}
		return (v - lo) / (hi - lo)
	}
	var held [4]float64 // left bottom, right bottom, left top, right top
	for _, s := range f.series {
		for i := range s.X {
			x, y := at(s.X[i], p.X.Min, p.X.Max, f.logX), at(s.Y[i], p.Y.Min, p.Y.Max, f.logY)
			corner, inX, inY := 0, x < 0.4, y < 0.3
			if x > 0.6 {
				corner, inX = corner+1, true
			}
			if y > 0.7 {
				corner, inY = corner+2, true
			}
			if inX && inY {
				held[corner] += 1 / float64(len(s.X))
			}
		}
	}
	best := 3
	for _, c := range []int{2, 1, 0} {
		if held[c] < held[best]-0.02 {
			best = c
		}
	}
	p.Legend.Top, p.Legend.Left = best >= 2, best%2 == 0
	if p.Legend.Left {
		p.Legend.XOffs = 8
	}
	if !p.Legend.Top {
		p.Legend.YOffs = 6
	}
}

func addLevel(p *plot.Plot, name string, y, x0, x1 float64) error {
	l, err := plotter.NewLine(plotter.XYs{{X: x0, Y: y}, {X: x1, Y: y}})
	if err != nil {
		return fmt.Errorf("plots: level %q: %w", name, err)
	}
	l.LineStyle = draw.LineStyle{Color: ink, Width: 1.1, Dashes: []vg.Length{5, 3}}
	p.Add(l)
	if name != "" {
		p.Legend.Add(name, l)
	}
	return nil
}

// curve adds one series and reports whether it holds any value.
func (f *LineFigure) curve(p *plot.Plot, s Series, c color.NRGBA) (bool, error) {
	ok := func(i int) bool {
		return finite(s.X[i]) && finite(s.Y[i]) && (!f.logX || s.X[i] > 0) && (!f.logY || s.Y[i] > 0)
	}
	if err := f.band(p, s, c, ok); err != nil {
		return false, err
	}
	width := vg.Length(1.8)
	raw := c
	smooth := f.smooth > 0 && len(s.X) >= 40
	if smooth {
		raw, width = alpha(c, 0.3), 1
	}
	var first *plotter.Line
	for _, run := range runs(len(s.X), ok) {
		pts := make(plotter.XYs, 0, run[1]-run[0])
		for i := run[0]; i < run[1]; i++ {
			pts = append(pts, plotter.XY{X: s.X[i], Y: s.Y[i]})
		}
		if f.marks || len(pts) == 1 {
			sc, err := plotter.NewScatter(pts)
			if err != nil {
				return false, err
			}
			sc.GlyphStyle = draw.GlyphStyle{Color: raw, Radius: 2.6, Shape: draw.CircleGlyph{}}
			p.Add(sc)
		}
		l, err := plotter.NewLine(thin(pts, 1200))
		if err != nil {
			return false, err
		}
		l.LineStyle = draw.LineStyle{Color: raw, Width: width}
		p.Add(l)
		if smooth {
			if l, err = plotter.NewLine(thin(smoothed(pts, f.smooth), 1200)); err != nil {
				return false, err
			}
			l.LineStyle = draw.LineStyle{Color: c, Width: 2}
			p.Add(l)
		}
		if first == nil {
			first = l
		}
	}
	if first != nil && s.Name != "" && (len(f.series) > 1 || len(f.level) > 0 || f.ylabel == "") {
		p.Legend.Add(s.Name, first)
	}
	return first != nil, nil
}

func (f *LineFigure) band(p *plot.Plot, s Series, c color.NRGBA, ok func(int) bool) error {
	if s.Low == nil || s.High == nil {
		return nil
	}
	inside := func(i int) bool {
		return ok(i) && finite(s.Low[i]) && finite(s.High[i]) && (!f.logY || s.Low[i] > 0)
	}
	for _, run := range runs(len(s.X), inside) {
		var pts plotter.XYs
		for i := run[0]; i < run[1]; i++ {
			pts = append(pts, plotter.XY{X: s.X[i], Y: s.High[i]})
		}
		for i := run[1] - 1; i >= run[0]; i-- {
			pts = append(pts, plotter.XY{X: s.X[i], Y: s.Low[i]})
		}
		poly, err := plotter.NewPolygon(pts)
		if err != nil {
			return err
		}
		poly.Color = alpha(c, 0.16)
		poly.LineStyle.Width = 0
		p.Add(poly)
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// runs returns the half-open ranges of indices for which ok holds.
func runs(n int, ok func(int) bool) [][2]int {
	var out [][2]int
	for i := 0; i < n; i++ {
		if !ok(i) {
			continue
		}
		j := i
		for j < n && ok(j) {
			j++
		}
		out = append(out, [2]int{i, j})
		i = j
	}
	return out
}

// smoothed is the weighted mean of all values, in which the one k places away
// weighs weight^k. It is the sum of a pass forward and a pass backward.
func smoothed(pts plotter.XYs, weight float64) plotter.XYs {
	out := make(plotter.XYs, len(pts))
	norm := make([]float64, len(pts))
	sum, n := 0.0, 0.0
	for i, q := range pts {
		sum, n = sum*weight+q.Y, n*weight+1
		out[i], norm[i] = plotter.XY{X: q.X, Y: sum}, n
	}
	sum, n = 0, 0
	for i := len(pts) - 1; i >= 0; i-- {
		out[i].Y = (out[i].Y + sum*weight) / (norm[i] + n*weight)
		sum, n = sum*weight+pts[i].Y, n*weight+1
	}
	return out
}

// thin keeps at most about n points: the least and the greatest of each of n/2
// stretches, so that peaks stay.
func thin(pts plotter.XYs, n int) plotter.XYs {
	if len(pts) <= n {
		return pts
	}
	out := make(plotter.XYs, 0, n+2)
	out = append(out, pts[0])
	stretches := n / 2
	for k := range stretches {
		lo, hi := 1+k*(len(pts)-2)/stretches, 1+(k+1)*(len(pts)-2)/stretches
		if lo >= hi {
			continue
		}
		a, b := lo, lo
		for i := lo; i < hi; i++ {
			if pts[i].Y < pts[a].Y {
				a = i
			}
			if pts[i].Y > pts[b].Y {
				b = i
			}
		}
		out = append(out, pts[min(a, b)])
		if a != b {
			out = append(out, pts[max(a, b)])
		}
	}
	return append(out, pts[len(pts)-1])
}
