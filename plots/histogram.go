package plots

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// HistogramFigure is a histogram.
type HistogramFigure struct {
	chart
	name   string
	values []float64
	bins   int
	logY   bool
}

// Histogram returns a histogram of values, such as node degrees or caption
// lengths; values that are not finite are left out. bins of 0 or less chooses:
// one bin a value where they are few whole numbers, else by the rule of
// Freedman and Diaconis (1981), at most 60.
func Histogram(name string, values []float64, bins int) *HistogramFigure {
	f := &HistogramFigure{chart: newChart(), name: name, bins: bins}
	for _, v := range values {
		if finite(v) {
			f.values = append(f.values, v)
		}
	}
	slices.Sort(f.values)
	f.title, f.xlabel, f.ylabel = "", name, "Count"
	return f
}

// Title sets the heading.
func (f *HistogramFigure) Title(s string) *HistogramFigure { f.title = s; return f }

// Subtitle sets the line under the heading.
func (f *HistogramFigure) Subtitle(s string) *HistogramFigure { f.subtitle = s; return f }

// Labels names the axes.
func (f *HistogramFigure) Labels(x, y string) *HistogramFigure { f.xlabel, f.ylabel = x, y; return f }

// Size sets the size in CSS pixels.
func (f *HistogramFigure) Size(w, h int) *HistogramFigure {
	f.width, f.height = float64(w), float64(h)
	return f
}

// LogY makes the axis of counts logarithmic.
func (f *HistogramFigure) LogY() *HistogramFigure { f.logY = true; return f }

// PNG returns the chart.
func (f *HistogramFigure) PNG() ([]byte, error) { return f.png(f.draw) }

// SVG returns the chart.
func (f *HistogramFigure) SVG() ([]byte, error) { return f.svg(f.draw) }

// HTML returns the chart as an image element.
func (f *HistogramFigure) HTML() (string, error) { return f.html(f.draw) }

func (f *HistogramFigure) quantile(q float64) float64 {
	if len(f.values) == 0 {
		return math.NaN()
	}
	at := q * float64(len(f.values)-1)
	i := min(int(at), len(f.values)-2)
	if i < 0 {
		return f.values[0]
	}
	return f.values[i] + (at-float64(i))*(f.values[i+1]-f.values[i])
}

// Text says number, median, range and mean.
func (f *HistogramFigure) Text() string {
	title := f.title
	if title == "" {
		title = f.name
	}
	s := strings.TrimSpace("Histogram: " + title)
	if len(f.values) == 0 {
		return s + "\n  no values"
	}
	sum := 0.0
	for _, v := range f.values {
		sum += v
	}
	n := len(f.values)
	return s + fmt.Sprintf("\n  %s values, median %s, mean %s, from %s to %s", count(n),
		brief(f.quantile(0.5)), brief(sum/float64(n)), brief(f.values[0]), brief(f.values[n-1]))
}

// edges returns the bounds of the bins.
func (f *HistogramFigure) edges() []float64 {
	if len(f.values) == 0 {
		return []float64{0, 1}
	}
	lo, hi := f.values[0], f.values[len(f.values)-1]
	whole := !slices.ContainsFunc(f.values, func(v float64) bool { return v != math.Trunc(v) })
	n := f.bins
	if n <= 0 && whole && hi-lo <= 40 {
		n = int(hi-lo) + 1
		out := make([]float64, n+1)
		for i := range out {
			out[i] = lo - 0.5 + float64(i)
		}
		return out
	}
	if hi == lo {
		return []float64{lo - 0.5, lo + 0.5}
	}
	if n <= 0 {
		n = 30
		if w := 2 * (f.quantile(0.75) - f.quantile(0.25)) / math.Cbrt(float64(len(f.values))); w > 0 {
			n = int(math.Ceil((hi - lo) / w))
		}
		n = min(max(n, 5), 60)
	}
	out := make([]float64, n+1)
	for i := range out {
		out[i] = lo + (hi-lo)*float64(i)/float64(n)
	}
	out[n] = hi
	return out
}

// counts returns the number of values in each bin; a bin holds its lower bound,
// the last one also its upper.
func (f *HistogramFigure) counts(edges []float64) []int {
	out := make([]int, len(edges)-1)
	for _, v := range f.values {
		i, found := slices.BinarySearch(edges, v)
		if !found || i == len(out) {
			i--
		}
		out[min(max(i, 0), len(out)-1)]++
	}
	return out
}

func (f *HistogramFigure) draw(c draw.Canvas) error {
	edges := f.edges()
	counts := f.counts(edges)
	p := f.blank()
	p.Add(grid(false))
	h := &columns{edges: edges, counts: counts}
	p.Add(h)
	p.X.Min, p.X.Max = edges[0], edges[len(edges)-1]
	p.Y.Min = 0
	p.Y.Max = float64(max(slices.Max(counts), 1)) * 1.06
	if f.logY {
		p.Y.Min = 0.8
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	f.finish(p, c)
	return nil
}

// columns draws the bins.
type columns struct {
	edges  []float64
	counts []int
}

func (h *columns) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	line := draw.LineStyle{Color: white, Width: 0.8}
	for i, n := range h.counts {
		if float64(n) <= p.Y.Min {
			continue
		}
		x0, x1, y0, y1 := tx(h.edges[i]), tx(h.edges[i+1]), ty(p.Y.Min), ty(float64(n))
		box := []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
		c.FillPolygon(blue, box)
		c.StrokeLines(line, append(box, box[0]))
	}
}
