package plots

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strconv"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"urbangraph/plots/carto"
)

// chart is what all charts share: labels, size, and the house style. A point
// of gonum/plot is a CSS pixel.
type chart struct {
	title, subtitle string
	xlabel, ylabel  string
	width, height   float64
}

func newChart() chart { return chart{width: 640, height: 380} }

func sans(size float64, bold bool) font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Length(size)}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return f
}

// blank returns an empty plot in the house style.
func (c *chart) blank() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = sans(12.5, false)
		a.Label.TextStyle.Color = ink
		a.Label.Padding = 4
		a.Tick.Label.Font = sans(11.5, false)
		a.Tick.Label.Color = muted
		a.Tick.LineStyle.Color = grey
		a.Tick.LineStyle.Width = 0.7
		a.Tick.Length = 4
		a.LineStyle.Color = grey
		a.LineStyle.Width = 0.9
		a.Tick.Marker = ticks{}
	}
	p.X.Label.Text, p.Y.Label.Text = c.xlabel, c.ylabel
	p.X.Padding, p.Y.Padding = 4, 4
	p.Legend.TextStyle.Font = sans(11.5, false)
	p.Legend.TextStyle.Color = ink
	p.Legend.ThumbnailWidth = 22
	p.Legend.Padding = 3
	p.Legend.Top = true
	p.Legend.XOffs, p.Legend.YOffs = -6, -4
	return p
}

// grid returns pale lines at the ticks of one or both axes.
func grid(vertical bool) *plotter.Grid {
	g := plotter.NewGrid()
	line := draw.LineStyle{Color: color.NRGBA{0xe4, 0xe6, 0xe9, 0xff}, Width: 0.8}
	g.Horizontal = line
	g.Vertical = line
	if !vertical {
		g.Vertical.Color = nil
	}
	return g
}

// ticks are round numbers, four to seven of them, without minor marks.
type ticks struct{}

func (ticks) Ticks(lo, hi float64) []plot.Tick {
	if !(hi > lo) || math.IsInf(lo, 0) || math.IsInf(hi, 0) {
		return []plot.Tick{{Value: lo, Label: brief(lo)}}
	}
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/4)))
	for _, m := range []float64{5, 2} {
		if (hi-lo)/(step*m) >= 3.5 {
			step *= m
			break
		}
	}
	digits := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	var out []plot.Tick
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+step*1e-9; i++ {
		v := i * step
		label := strconv.FormatFloat(v, 'f', digits, 64)
		if math.Abs(v) >= 1e4 {
			label = count(int(math.Round(v)))
		}
		if digits > 4 || math.Abs(v) >= 1e7 {
			label = strconv.FormatFloat(v, 'g', 3, 64)
		}
		if i == 0 {
			label = "0"
		}
		out = append(out, plot.Tick{Value: v, Label: label})
	}
	return out
}

// logTicks marks powers of ten and, over a short range, their 2 and 5 fold.
type logTicks struct{}

func (logTicks) Ticks(lo, hi float64) []plot.Tick {
	if !(lo > 0) || !(hi > lo) {
		return []plot.Tick{{Value: lo, Label: brief(lo)}}
	}
	steps := []float64{1}
	if math.Log10(hi/lo) < 3 {
		steps = []float64{1, 2, 5}
	}
	var out []plot.Tick
	for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
		for _, m := range steps {
			if v := m * math.Pow(10, e); v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
				out = append(out, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 3, 64)})
			}
		}
	}
	return out
}

// guard turns a panic of the drawing library into an error.
func guard(what string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("plots: draw %s: %v", what, r)
	}
}

// drawing draws on a canvas of the chart's size.
type drawing func(draw.Canvas) error

func (c *chart) raster(d drawing, ratio float64) (img *image.RGBA, err error) {
	defer guard(c.title, &err)
	w, h := int(math.Round(c.width*ratio)), int(math.Round(c.height*ratio))
	if w < 1 || h < 1 || w > 16384 || h > 16384 {
		return nil, fmt.Errorf("plots: chart %q of %g by %g pixels: each side must be between 1 and 8192", c.title, c.width, c.height)
	}
	can := vgimg.NewWith(vgimg.UseWH(vg.Length(c.width), vg.Length(c.height)), vgimg.UseDPI(int(math.Round(72*ratio))))
	if err := d(draw.New(can)); err != nil {
		return nil, err
	}
	img, ok := can.Image().(*image.RGBA)
	if !ok {
		return nil, fmt.Errorf("plots: draw %s: unexpected picture type %T", c.title, can.Image())
	}
	return img, nil
}

func (c *chart) png(d drawing) ([]byte, error) {
	img, err := c.raster(d, 2)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.DefaultCompression}
	if err := enc.Encode(&out, carto.Paletted(img)); err != nil {
		return nil, fmt.Errorf("plots: encode PNG: %w", err)
	}
	return out.Bytes(), nil
}

func (c *chart) svg(d drawing) (_ []byte, err error) {
	defer guard(c.title, &err)
	can := vgsvg.New(vg.Length(c.width), vg.Length(c.height))
	if err := d(draw.New(can)); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := can.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("plots: encode SVG: %w", err)
	}
	return out.Bytes(), nil
}

func (c *chart) html(d drawing) (string, error) {
	data, err := c.png(d)
	if err != nil {
		return "", err
	}
	return c.htmlWith(data)
}

func (c *chart) htmlWith(png []byte) (string, error) {
	alt := c.title
	if alt == "" {
		alt = c.ylabel
	}
	return imageHTML(png, alt, c.width), nil
}

// header writes title and subtitle and returns what is left of the canvas.
func (c *chart) header(can draw.Canvas) draw.Canvas {
	sty := c.blank().Title.TextStyle
	sty.XAlign, sty.YAlign = draw.XLeft, draw.YTop
	top := vg.Length(10)
	for _, line := range []struct {
		text  string
		font  font.Font
		color color.NRGBA
		room  vg.Length
	}{{c.title, sans(15, true), ink, 21}, {c.subtitle, sans(12, false), muted, 18}} {
		if line.text == "" {
			continue
		}
		sty.Font, sty.Color = line.font, line.color
		can.FillText(sty, vg.Point{X: can.Min.X + 10, Y: can.Max.Y - top}, line.text)
		top += line.room
	}
	return draw.Crop(can, 0, 0, 0, -top+6)
}

// finish draws a plot under its header.
func (c *chart) finish(p *plot.Plot, can draw.Canvas) {
	p.Draw(draw.Crop(c.header(can), 8, -14, 8, -10))
}
