package carto

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// mark draws the sign of a point at a pixel; heading is in radians clockwise
// from north.
func (p pen) mark(x, y float64, m Mark, st Style, heading float64) {
	r := st.Radius
	if r <= 0 {
		r = 3
	}
	var path vg.Path
	switch m {
	case Star:
		for i := range 10 {
			rad := r * 1.5
			if i%2 == 1 {
				rad *= 0.45
			}
			a := float64(i) * math.Pi / 5
			pt := vg.Point{X: vg.Length(x + rad*math.Sin(a)), Y: vg.Length(y + rad*math.Cos(a))}
			if i == 0 {
				path.Move(pt)
			} else {
				path.Line(pt)
			}
		}
		path.Close()
	case Arrow:
		// A disc that runs out into a beak: the tangents from the tip touch the
		// disc at 60 degrees on either side of the heading.
		at := func(angle, rad float64) vg.Point {
			return vg.Point{X: vg.Length(x + rad*math.Sin(angle)), Y: vg.Length(y + rad*math.Cos(angle))}
		}
		const touch = math.Pi / 3
		path.Move(at(heading, 2*r))
		path.Line(at(heading+touch, r))
		// The angle of the arc is measured anticlockwise from east.
		start := math.Pi/2 - (heading + touch)
		path.Arc(vg.Point{X: vg.Length(x), Y: vg.Length(y)}, vg.Length(r), start, -(2*math.Pi - 2*touch))
		path.Close()
	default:
		path.Move(vg.Point{X: vg.Length(x + r), Y: vg.Length(y)})
		path.Arc(vg.Point{X: vg.Length(x), Y: vg.Length(y)}, vg.Length(r), 0, 2*math.Pi)
		path.Close()
	}
	if m != Ring && st.Fill.A > 0 {
		p.SetColor(st.Fill)
		p.Fill(path)
	}
	p.stroke(path, st.Line, st.Width, nil)
}
