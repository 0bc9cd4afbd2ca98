package carto

import (
	"encoding/json"
	"fmt"
	"image/color"
	"math"

	"github.com/paulmach/orb"
)

// document is the scene as the page's script reads it. Coordinates are whole
// steps of Step degrees, each vertex as its difference from the one before, the
// first from Origin, longitude before latitude.
type document struct {
	Bound  [4]float64  `json:"bound"` // west, south, east, north
	Origin [2]float64  `json:"origin"`
	Step   float64     `json:"step"`
	Margin int         `json:"margin"`
	Inset  float64     `json:"inset"`  // further margin on the left
	Growth float64     `json:"growth"` // of growing lines at first
	Credit string      `json:"credit"`
	Groups []wireGroup `json:"groups"`
	Layers []wireLayer `json:"layers"`
}

type wireGroup struct {
	Name string `json:"name"`
	On   bool   `json:"on"`
	Base bool   `json:"base"`
}

type wireLayer struct {
	Group    int          `json:"group"`
	Legend   string       `json:"legend,omitempty"`
	Holds    string       `json:"holds"`
	Style    wireStyle    `json:"style"`
	Lines    [][]int32    `json:"lines,omitempty"`
	Polygons [][][]int32  `json:"polygons,omitempty"`
	Points   []int32      `json:"points,omitempty"`
	Headings []int32      `json:"headings,omitempty"` // degrees, one for each point of an arrow layer
	Text     *wireTooltip `json:"text,omitempty"`
}

// wireTooltip holds name and detail of each line, polygon and point, in this
// order: Entries are indices into Strings, two for each shape.
type wireTooltip struct {
	Strings []string `json:"strings"`
	Entries []int32  `json:"entries"`
}

type wireStyle struct {
	Line   string  `json:"line,omitempty"`
	Width  float64 `json:"width"`
	Dash   string  `json:"dash,omitempty"`
	Casing string  `json:"casing,omitempty"`
	Edge   float64 `json:"edge,omitempty"`
	Fill   string  `json:"fill,omitempty"`
	Grow   bool    `json:"grow,omitempty"`
	Mark   Mark    `json:"mark,omitempty"`
	Radius float64 `json:"radius,omitempty"`
}

func css(c color.NRGBA) string {
	if c.A == 0 {
		return ""
	}
	return fmt.Sprintf("#%02x%02x%02x%02x", c.R, c.G, c.B, c.A)
}

// metresPerDegree of latitude, for tolerances.
const metresPerDegree = 111195

// encode writes the scene with every line and ring simplified by tolerance, in
// metres.
func (s *Scene) encode(tolerance float64) ([]byte, error) {
	for _, v := range []float64{s.Bound.Min[0], s.Bound.Min[1], s.Bound.Max[0], s.Bound.Max[1]} {
		if math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > 360 {
			return nil, fmt.Errorf("carto: bound %v is not in degrees", s.Bound)
		}
	}
	d := document{
		Bound:  [4]float64{s.Bound.Min[0], s.Bound.Min[1], s.Bound.Max[0], s.Bound.Max[1]},
		Step:   1e-5, // 1.1 m
		Margin: Margin,
		Credit: s.Credit,
	}
	proj := s.projection()
	d.Growth = proj.growth()
	w, h := s.size()
	d.Inset = s.inset(newProjection(s.Bound, w, h, Margin, 0))
	if s.Bound.Max[1]-s.Bound.Min[1] < 0.02 {
		d.Step = 1e-6
	}
	d.Origin = [2]float64{math.Round(s.Bound.Min[0]/d.Step) * d.Step, math.Round(s.Bound.Min[1]/d.Step) * d.Step}
	shown := pad(s.Bound, 0.5)
	at := map[string]int{}
	for i := range s.Layers {
		l := &s.Layers[i]
		if len(l.Features) == 0 {
			continue
		}
		g, ok := at[l.Group]
		if !ok {
			g = len(d.Groups)
			at[l.Group] = g
			d.Groups = append(d.Groups, wireGroup{Name: l.Group, On: !l.Hidden, Base: l.Base})
		}
		w := l.encode(g, &d, shown, tolerance)
		if !l.within(s.Bound) {
			w.Legend = ""
		}
		d.Layers = append(d.Layers, w)
	}
	out, err := json.Marshal(d) // escapes <, > and & in strings
	if err != nil {
		return nil, fmt.Errorf("carto: encode scene: %w", err)
	}
	return out, nil
}

func (l *Layer) encode(group int, d *document, shown orb.Bound, tolerance float64) wireLayer {
	out := wireLayer{Group: group, Legend: l.Name, Holds: l.holds(), Style: wireStyle{
		Line: css(l.Style.Line), Width: l.Style.Width, Casing: css(l.Style.Casing), Edge: l.Style.Edge,
		Fill: css(l.Style.Fill), Grow: l.Style.Grow, Mark: l.mark(), Radius: l.Style.Radius,
	}}
	for i, v := range l.Style.Dash {
		if i > 0 {
			out.Style.Dash += " "
		}
		out.Style.Dash += fmt.Sprint(v)
	}
	degrees := tolerance / metresPerDegree
	w := writer{origin: d.Origin, step: d.Step}
	var lines, polygons, points tips
	for i := range l.Features {
		f := &l.Features[i]
		if f.Geometry == nil || !f.Geometry.Bound().Intersects(shown) {
			continue
		}
		s := takeApart(f.Geometry)
		for _, line := range s.lines {
			if c := w.line(simpleLine(line, degrees), 2); c != nil {
				out.Lines = append(out.Lines, c)
				lines.add(f)
			}
		}
		for _, poly := range s.polygons {
			var rings [][]int32
			for _, r := range simplePolygon(poly, degrees) {
				if c := w.line(orb.LineString(r), 3); c != nil {
					rings = append(rings, c)
				} else if rings == nil {
					break // the outer ring is smaller than a step
				}
			}
			if rings != nil {
				out.Polygons = append(out.Polygons, rings)
				polygons.add(f)
			}
		}
		for _, p := range s.points {
			x, y := w.whole(p)
			out.Points = append(out.Points, x, y)
			points.add(f)
			if l.mark() == Arrow {
				out.Headings = append(out.Headings, int32(math.Round(float64(f.Heading))))
			}
		}
	}
	if !l.Base {
		out.Text = table(lines, polygons, points)
	}
	return out
}

// writer turns coordinates into whole steps.
type writer struct {
	origin [2]float64
	step   float64
}

func (w writer) whole(p orb.Point) (x, y int32) {
	return int32(math.Round((p[0] - w.origin[0]) / w.step)), int32(math.Round((p[1] - w.origin[1]) / w.step))
}

// line encodes vertices as differences, without repeated ones, or returns nil
// where fewer than least are left.
func (w writer) line(l orb.LineString, least int) []int32 {
	var out []int32
	var lx, ly int32
	for i, p := range l {
		x, y := w.whole(p)
		if i > 0 && x == lx && y == ly {
			continue
		}
		out = append(out, x-lx, y-ly)
		lx, ly = x, y
	}
	if len(out) < 2*least {
		return nil
	}
	return out
}

// tips are the tooltips of shapes, in order.
type tips []*Feature

func (t *tips) add(f *Feature) { *t = append(*t, f) }

// table numbers the strings of all tooltips, or returns nil if all are empty.
func table(parts ...tips) *wireTooltip {
	out := &wireTooltip{Strings: []string{""}}
	number := map[string]int32{"": 0}
	put := func(s string) {
		n, ok := number[s]
		if !ok {
			n = int32(len(out.Strings))
			number[s] = n
			out.Strings = append(out.Strings, s)
		}
		out.Entries = append(out.Entries, n)
	}
	for _, p := range parts {
		for _, f := range p {
			put(f.Name)
			put(f.Detail)
		}
	}
	if len(out.Strings) == 1 {
		return nil
	}
	return out
}
