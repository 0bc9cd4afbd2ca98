package plots

import (
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Interval is a value with its confidence interval; equal bounds draw none.
type Interval struct{ Value, Low, High float64 }

// Group is one system's values, one for each category.
type Group struct {
	Name   string
	Values []Interval
}

// BarFigure is a chart of grouped bars with intervals.
type BarFigure struct {
	chart
	categories []string
	groups     []Group
	chance     []float64
	percent    bool
}

// Bars returns a chart with a bar for each group at each category, such as a
// model at Hit@1, Hit@3 and Hit@5.
func Bars(categories []string, groups ...Group) *BarFigure {
	return &BarFigure{chart: newChart(), categories: categories, groups: groups}
}

// Title sets the heading.
func (f *BarFigure) Title(s string) *BarFigure { f.title = s; return f }

// Subtitle sets the line under the heading, such as the number of queries.
func (f *BarFigure) Subtitle(s string) *BarFigure { f.subtitle = s; return f }

// Labels names the axes.
func (f *BarFigure) Labels(x, y string) *BarFigure { f.xlabel, f.ylabel = x, y; return f }

// Size sets the size in CSS pixels.
func (f *BarFigure) Size(w, h int) *BarFigure { f.width, f.height = float64(w), float64(h); return f }

// Chance adds a dashed line over each category at the value that guessing
// reaches.
func (f *BarFigure) Chance(values ...float64) *BarFigure { f.chance = values; return f }

// Percent shows fractions in [0, 1] as percentages.
func (f *BarFigure) Percent() *BarFigure { f.percent = true; return f }

// PNG returns the chart.
func (f *BarFigure) PNG() ([]byte, error) { return f.png(f.draw) }

// SVG returns the chart.
func (f *BarFigure) SVG() ([]byte, error) { return f.svg(f.draw) }

// HTML returns the chart as an image element.
func (f *BarFigure) HTML() (string, error) { return f.html(f.draw) }

func (f *BarFigure) scale() (factor float64, unit string) {
	if f.percent {
		return 100, "%"
	}
	return 1, ""
}

// Text lists the values with their intervals.
func (f *BarFigure) Text() string {
	k, unit := f.scale()
	lines := []string{strings.TrimSpace("Chart: " + f.title)}
	if f.subtitle != "" {
		lines = append(lines, f.subtitle)
	}
	for _, g := range f.groups {
		var parts []string
		for i, v := range g.Values {
			if i >= len(f.categories) {
				break
			}
			s := fmt.Sprintf("%s %s%s", f.categories[i], brief(v.Value*k), unit)
			if v.High > v.Low {
				s += fmt.Sprintf(" [%s, %s]", brief(v.Low*k), brief(v.High*k))
			}
			parts = append(parts, s)
		}
		lines = append(lines, "  "+g.Name+": "+strings.Join(parts, ", "))
	}
	if len(f.chance) > 0 {
		var parts []string
		for _, v := range f.chance {
			parts = append(parts, brief(v*k)+unit)
		}
		lines = append(lines, "  chance: "+strings.Join(parts, ", "))
	}
	return strings.Join(lines, "\n")
}

func (f *BarFigure) draw(c draw.Canvas) error {
	n := len(f.categories)
	if n == 0 {
		return fmt.Errorf("plots: bars %q have no categories", f.title)
	}
	for _, g := range f.groups {
		if len(g.Values) != n {
			return fmt.Errorf("plots: group %q has %d values for %d categories", g.Name, len(g.Values), n)
		}
	}
	if len(f.chance) != 0 && len(f.chance) != n {
		return fmt.Errorf("plots: %d chance values for %d categories", len(f.chance), n)
	}
	p := f.blank()
	p.X.Tick.Marker = names(f.categories)
	p.X.Tick.LineStyle.Width = 0
	p.X.Padding = 0
	p.Add(grid(false))
	k, _ := f.scale()
	top := 0.0
	width := 0.78 / float64(max(len(f.groups), 1)) // of a bar, where a category is 1 wide
	for i, g := range f.groups {
		b := &barSet{colour: seriesColour(i), width: width, factor: k,
			offset: (float64(i) - float64(len(f.groups)-1)/2) * width, values: g.Values, label: len(f.groups)*n <= 16}
		p.Add(b)
		if g.Name != "" {
			p.Legend.Add(g.Name, b)
		}
		for _, v := range g.Values {
			if finite(v.Value) {
				top = max(top, v.Value*k)
			}
			if finite(v.High) {
				top = max(top, v.High*k)
			}
		}
	}
	for i, v := range f.chance {
		top = max(top, v*k)
		name := ""
		if i == 0 {
			name = "Chance"
		}
		if err := addLevel(p, name, v*k, float64(i)-0.46, float64(i)+0.46); err != nil {
			return err
		}
	}
	if top <= 0 {
		top = 1
	}
	p.X.Min, p.X.Max = -0.55, float64(n)-0.45
	p.Y.Min, p.Y.Max = 0, top*1.12
	if entries := float64(len(f.groups)); entries > 0 {
		p.Y.Max = top * (1.12 + 0.055*entries) // keeps the bars clear of the legend
	}
	p.Legend.Left = true
	p.Legend.XOffs = 6
	if f.percent {
		p.Y.Tick.Marker = percentTicks{}
	}
	f.finish(p, c)
	return nil
}

// names are tick labels at 0, 1, 2, ...
type names []string

func (n names) Ticks(lo, hi float64) []plot.Tick {
	var out []plot.Tick
	for i, s := range n {
		if v := float64(i); v >= lo && v <= hi {
			out = append(out, plot.Tick{Value: v, Label: s})
		}
	}
	return out
}

// percentTicks end at 100.
type percentTicks struct{}

func (percentTicks) Ticks(lo, hi float64) []plot.Tick {
	var out []plot.Tick
	for _, t := range (ticks{}).Ticks(lo, hi) {
		if t.Value <= 100+1e-9 {
			t.Label += "%"
			out = append(out, t)
		}
	}
	return out
}

// barSet draws the bars of one group.
type barSet struct {
	colour        color.NRGBA
	width, offset float64
	factor        float64
	values        []Interval
	label         bool
}

func (b *barSet) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	whisker := draw.LineStyle{Color: ink, Width: 1.1}
	sty := p.X.Tick.Label
	sty.Font = sans(10.5, false)
	sty.Color = ink
	sty.XAlign, sty.YAlign = draw.XCenter, draw.YBottom
	for i, v := range b.values {
		if !finite(v.Value) {
			continue
		}
		mid := float64(i) + b.offset
		x0, x1, xm := tx(mid-b.width*0.46), tx(mid+b.width*0.46), tx(mid)
		y0, y1 := ty(0), ty(v.Value*b.factor)
		c.FillPolygon(b.colour, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
		above := y1
		if v.High > v.Low && finite(v.Low) && finite(v.High) {
			lo, hi := ty(v.Low*b.factor), ty(v.High*b.factor)
			const cap = 3
			c.StrokeLine2(whisker, xm, lo, xm, hi)
			c.StrokeLine2(whisker, xm-cap, lo, xm+cap, lo)
			c.StrokeLine2(whisker, xm-cap, hi, xm+cap, hi)
			above = max(above, hi)
		}
		if b.label {
			c.FillText(sty, vg.Point{X: xm, Y: above + 2}, barLabel(v.Value*b.factor, b.factor))
		}
	}
}

func barLabel(v, factor float64) string {
	if factor == 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return brief(v)
}

// DataRange keeps the bars inside the axes.
func (b *barSet) DataRange() (xmin, xmax, ymin, ymax float64) {
	for _, v := range b.values {
		ymax = max(ymax, v.Value*b.factor, v.High*b.factor)
	}
	return -0.5, float64(len(b.values)) - 0.5, 0, ymax
}

// Thumbnail is the sign in the legend.
func (b *barSet) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(b.colour, []vg.Point{{X: c.Min.X, Y: c.Min.Y}, {X: c.Max.X, Y: c.Min.Y}, {X: c.Max.X, Y: c.Max.Y}, {X: c.Min.X, Y: c.Max.Y}})
}

var _ plot.Plotter = (*barSet)(nil)
var _ plot.DataRanger = (*barSet)(nil)
var _ plot.Thumbnailer = (*barSet)(nil)
var _ plot.Ticker = names(nil)
