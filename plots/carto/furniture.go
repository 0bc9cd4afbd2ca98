package carto

import (
	"fmt"
	"image/color"

	"github.com/paulmach/orb"
	"gonum.org/v1/plot/vg"
)

// area is a part of the picture that is taken, in pixels from the lower left.
type area struct{ x, y, w, h float64 }

func (a area) meets(b area) bool {
	return a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h
}

// head draws the band with title and subtitle above the map.
func (s *Scene) head(p pen) {
	band := s.header()
	if band == 0 {
		return
	}
	w, h := s.size()
	p.rect(0, h, w, band, white)
	p.rect(0, h, w, 0.8, color.NRGBA{0xd5, 0xd7, 0xda, 0xff})
	title, sub := face(17, true), face(12, false)
	y := h + band - 23
	if s.Title != "" {
		p.text(title, Margin, y, shorten(title, s.Title, w-2*Margin), ink)
		y -= 18
	}
	p.text(sub, Margin, y, shorten(sub, s.Subtitle, w-2*Margin), muted)
}

// furniture draws legend, scale bar, north arrow and credit, and returns the
// space they take.
func (s *Scene) furniture(p pen) []area {
	taken := []area{s.credit(p)}
	taken = append(taken, s.scaleBar(p, taken[0].h+8), s.north(p))
	return append(taken, s.legend(p)...)
}

func (s *Scene) credit(p pen) area {
	w, _ := s.size()
	f := face(10, false)
	text := shorten(f, s.Credit, w-12)
	tw := textWidth(f, text)
	a := area{w - tw - 12, 0, tw + 12, 17}
	if text == "" {
		return area{}
	}
	p.rect(a.x, a.y, a.w, a.h, color.NRGBA{0xff, 0xff, 0xff, 0xd0})
	p.text(f, a.x+6, 5, text, muted)
	return a
}

func (s *Scene) scaleBar(p pen, y float64) area {
	w, _ := s.size()
	mpp := p.proj.metresPerPixel()
	length := roundLength(140 * mpp)
	label := fmt.Sprintf("%g m", length)
	if length >= 1000 {
		label = fmt.Sprintf("%g km", length/1000)
	}
	px := length / mpp
	x := w - px - 14
	f := face(11, false)
	a := area{x - 8, y - 4, px + 16, 28}
	p.rect(a.x, a.y, a.w, a.h, color.NRGBA{0xff, 0xff, 0xff, 0xc8})
	var bar vg.Path
	bar.Move(vg.Point{X: vg.Length(x), Y: vg.Length(y + 6)})
	bar.Line(vg.Point{X: vg.Length(x), Y: vg.Length(y)})
	bar.Line(vg.Point{X: vg.Length(x + px), Y: vg.Length(y)})
	bar.Line(vg.Point{X: vg.Length(x + px), Y: vg.Length(y + 6)})
	p.stroke(bar, ink, 1.6, nil)
	p.text(f, x+(px-textWidth(f, label))/2, y+8, label, ink)
	return a
}

func (s *Scene) north(p pen) area {
	w, h := s.size()
	x, y := w-22, h-36.0
	var left, right vg.Path
	left.Move(vg.Point{X: vg.Length(x), Y: vg.Length(y + 18)})
	left.Line(vg.Point{X: vg.Length(x - 6), Y: vg.Length(y)})
	left.Line(vg.Point{X: vg.Length(x), Y: vg.Length(y + 4)})
	left.Close()
	right.Move(vg.Point{X: vg.Length(x), Y: vg.Length(y + 18)})
	right.Line(vg.Point{X: vg.Length(x + 6), Y: vg.Length(y)})
	right.Line(vg.Point{X: vg.Length(x), Y: vg.Length(y + 4)})
	right.Close()
	p.SetColor(ink)
	p.Fill(left)
	p.SetColor(white)
	p.Fill(right)
	p.stroke(right, ink, 0.8, nil)
	p.stroke(left, ink, 0.8, nil)
	f := face(11, true)
	p.halo(f, x-textWidth(f, "N")/2, y+20.5, "N", ink)
	return area{x - 10, y - 4, 20, 40}
}

const (
	rowHeight = 17.0
	swatch    = 26.0
)

// legendRows returns the layers that have an entry, the topmost first, and the
// width that they need.
func (s *Scene) legendRows() (rows []*Layer, width float64) {
	f := face(11.5, false)
	for i := len(s.Layers) - 1; i >= 0; i-- {
		l := &s.Layers[i]
		if l.Name == "" || l.Hidden || !l.within(s.Bound) {
			continue
		}
		rows = append(rows, l)
		width = max(width, min(textWidth(f, l.Name), 200)+swatch+22)
	}
	return rows, width
}

// within reports whether any feature of the layer comes into the bound.
func (l *Layer) within(b orb.Bound) bool {
	for i := range l.Features {
		if g := l.Features[i].Geometry; g != nil && g.Bound().Intersects(b) {
			return true
		}
	}
	return false
}

func (s *Scene) legend(p pen) []area {
	rows, wide := s.legendRows()
	if len(rows) == 0 {
		return nil
	}
	f := face(11.5, false)
	a := area{8, 8, wide, float64(len(rows))*rowHeight + 10}
	p.rect(a.x, a.y, a.w, a.h, color.NRGBA{0xff, 0xff, 0xff, 0xe4})
	p.stroke(box(a.x, a.y, a.w, a.h), color.NRGBA{0xd5, 0xd7, 0xda, 0xff}, 0.7, nil)
	for i, l := range rows {
		y := a.y + a.h - 5 - (float64(i)+0.5)*rowHeight
		p.sample(l, a.x+8, y)
		p.text(f, a.x+8+swatch+6, y-4, shorten(f, l.Name, 200), ink)
	}
	return []area{a}
}

// sample draws the sign of a layer for the legend, by what it holds most of.
func (p pen) sample(l *Layer, x, y float64) {
	st := l.Style
	switch l.holds() {
	case "point":
		st.Radius = min(max(st.Radius, 3), 5.5)
		p.mark(x+swatch/2, y, l.mark(), st, 0.9)
	case "line":
		var line vg.Path
		line.Move(vg.Point{X: vg.Length(x + 2), Y: vg.Length(y)})
		line.Line(vg.Point{X: vg.Length(x + swatch - 2), Y: vg.Length(y)})
		if st.Casing.A > 0 && st.Edge > 0 {
			p.stroke(line, st.Casing, st.Width+2*st.Edge, nil)
		}
		p.stroke(line, st.Line, st.Width, st.Dash)
	default:
		b := box(x+4, y-5, swatch-8, 10)
		if st.Fill.A > 0 {
			p.SetColor(st.Fill)
			p.Fill(b)
		}
		p.stroke(b, st.Line, min(st.Width, 1.5), nil)
	}
}

// holds says what kind of shape the layer holds: "point", "line" or "polygon".
func (l *Layer) holds() string {
	for i := range l.Features {
		s := takeApart(l.Features[i].Geometry)
		switch {
		case len(s.points) > 0:
			return "point"
		case len(s.lines) > 0:
			return "line"
		case len(s.polygons) > 0:
			return "polygon"
		}
	}
	return "polygon"
}
