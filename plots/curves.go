package plots

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// CurvesFigure shows the curves of a training side by side, one panel for each
// measure.
type CurvesFigure struct {
	chart
	panels []*LineFigure
}

// Curves returns a chart with a panel for each measure. The measure of a series
// is the last word of its name, after spaces and slashes: "train loss" and
// "val/loss" share the panel "loss", "margin" has its own. Long series are
// drawn pale with their moving average over them.
func Curves(s ...Series) *CurvesFigure {
	f := &CurvesFigure{chart: newChart()}
	at := map[string]int{}
	for _, c := range s {
		m := measure(c.Name)
		i, ok := at[m]
		if !ok {
			i = len(f.panels)
			at[m] = i
			f.panels = append(f.panels, Lines().Labels("Step", m))
		}
		f.panels[i].series = append(f.panels[i].series, c)
	}
	for _, p := range f.panels {
		p.Smooth(0.9)
	}
	f.width, f.height = float64(min(max(len(f.panels), 1), 3))*400, 280
	return f
}

func measure(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == '/' })
	if len(words) == 0 {
		return name
	}
	return words[len(words)-1]
}

// Title sets the heading.
func (f *CurvesFigure) Title(s string) *CurvesFigure { f.title = s; return f }

// Size sets the size of the whole in CSS pixels.
func (f *CurvesFigure) Size(w, h int) *CurvesFigure {
	f.width, f.height = float64(w), float64(h)
	return f
}

// PNG returns the chart.
func (f *CurvesFigure) PNG() ([]byte, error) { return f.png(f.draw) }

// SVG returns the chart.
func (f *CurvesFigure) SVG() ([]byte, error) { return f.svg(f.draw) }

// HTML returns the chart as an image element.
func (f *CurvesFigure) HTML() (string, error) { return f.html(f.draw) }

// Text says the first and last value of each curve.
func (f *CurvesFigure) Text() string {
	lines := []string{strings.TrimSpace("Curves: " + f.title)}
	for _, p := range f.panels {
		_, values, _ := strings.Cut(p.Text(), "\n")
		lines = append(lines, values)
	}
	return strings.Join(lines, "\n")
}

func (f *CurvesFigure) draw(c draw.Canvas) error {
	c = f.header(c)
	n := vg.Length(len(f.panels))
	for i, p := range f.panels {
		w := c.Size().X / n
		part := draw.Crop(c, w*vg.Length(i), -w*(n-1-vg.Length(i)), 0, 0)
		if err := p.draw(part); err != nil {
			return err
		}
	}
	return nil
}

// liveCurves draws curves quickly, as an image element.
func liveCurves(s []Series) (string, error) {
	if len(s) == 0 {
		return "", nil
	}
	f := Curves(s...)
	f.width, f.height = f.width*0.9, 220
	var out bytes.Buffer
	img, err := f.raster(f.draw, 1.5)
	if err != nil {
		return "", err
	}
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(&out, img); err != nil {
		return "", fmt.Errorf("plots: encode PNG: %w", err)
	}
	return imageHTML(out.Bytes(), "live curves", f.width), nil
}
