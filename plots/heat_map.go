package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"github.com/paulmach/orb"

	"urbangraph/plots/carto"
	"urbangraph/uglib/geo"
)

// Points adds marks of one colour; names may be nil or as long as pts.
func (m *Map) Points(name string, pts []orb.Point, names []string, c color.NRGBA) *Map {
	l := carto.Layer{Group: name, Name: name, Style: carto.Style{Fill: c, Line: white, Width: 0.7, Radius: 3.4}}
	for i, p := range pts {
		f := carto.Feature{Geometry: p}
		if i < len(names) {
			f.Name = names[i]
		}
		l.Features = append(l.Features, f)
	}
	return m.Layer(l)
}

// Heat adds a grid of squares with sides of cell metres, coloured by the mean
// of the values of the points in each, or by their number where values is nil.
// Squares without points, and values that are not numbers, are left out.
func (m *Map) Heat(name string, pts []orb.Point, values []float64, cell geo.Metres) *Map {
	squares := m.squares(pts, values, cell)
	if len(squares) == 0 {
		return m
	}
	m.hide(groupPOI, groupAreas, groupCrossings, groupEdges)
	least, most := squares[0].value, squares[0].value
	for _, s := range squares {
		least, most = min(least, s.value), max(most, s.value)
	}
	step := roundStep((most - least) / 5)
	least = math.Floor(least/step) * step
	classes := max(1, int(math.Ceil((most-least)/step-1e-9)))
	layers := make([]carto.Layer, classes)
	for k := range layers {
		lo, hi := least+float64(k)*step, least+float64(k+1)*step
		layers[k] = carto.Layer{Group: name, Name: fmt.Sprintf("%s %s – %s", name, brief(lo), brief(hi)),
			Style: carto.Style{Fill: alpha(ramp(float64(k)/float64(max(classes-1, 1))), 0.72), Line: alpha(white, 0.5), Width: 0.6}}
	}
	for _, s := range squares {
		k := min(max(int((s.value-least)/step), 0), classes-1)
		layers[k].Features = append(layers[k].Features, carto.Feature{Geometry: s.shape,
			Name: fmt.Sprintf("%s %s", name, brief(s.value)), Detail: fmt.Sprintf("%d points", s.n)})
	}
	for _, l := range layers {
		if len(l.Features) > 0 {
			m.Layer(l)
		}
	}
	return m
}

// roundStep returns the least of 1, 2 and 5 times a power of ten that is at
// least v, or 1 where v is zero.
func roundStep(v float64) float64 {
	if !(v > 0) {
		return 1
	}
	base := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*base >= v*(1-1e-9) {
			return m * base
		}
	}
	return 10 * base
}

type square struct {
	at    [2]int
	n     int
	value float64
	shape orb.Polygon
}

func (m *Map) squares(pts []orb.Point, values []float64, cell geo.Metres) []square {
	if !(cell > 0) {
		cell = 100
	}
	side := float64(cell)
	f := geo.Frame{Origin: m.city.Bound.Center()}
	found := map[[2]int]*square{}
	for i, p := range pts {
		v := 1.0
		if values != nil {
			if i >= len(values) || math.IsNaN(values[i]) || math.IsInf(values[i], 0) {
				continue
			}
			v = values[i]
		}
		xy := f.Local(p)
		at := [2]int{int(math.Floor(xy[0] / side)), int(math.Floor(xy[1] / side))}
		s := found[at]
		if s == nil {
			s = &square{at: at}
			found[at] = s
		}
		s.n++
		s.value += v
	}
	out := make([]square, 0, len(found))
	for _, s := range found {
		if values != nil {
			s.value /= float64(s.n)
		}
		x, y := float64(s.at[0])*side, float64(s.at[1])*side
		corner := func(dx, dy float64) orb.Point { return f.LonLat(orb.Point{x + dx, y + dy}) }
		s.shape = orb.Polygon{{corner(0, 0), corner(side, 0), corner(side, side), corner(0, side), corner(0, 0)}}
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b square) int {
		return cmp.Or(cmp.Compare(a.at[1], b.at[1]), cmp.Compare(a.at[0], b.at[0]))
	})
	return out
}

// brief prints a number with three significant digits, or all of its whole
// part.
func brief(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1000 && a < 1e9:
		return count(int(math.Round(v)))
	case a >= 100 && a < 1000:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
