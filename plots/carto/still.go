package carto

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"

	"git.sr.ht/~sbinet/gg"
	"github.com/paulmach/orb"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Margin is the free space, in pixels, around the bound on all sides.
const Margin = 12

// Picture draws the scene with the given number of device pixels to a CSS
// pixel.
func (s *Scene) Picture(ratio float64) (*image.RGBA, error) {
	w, h := s.size()
	h += s.header()
	if !(ratio > 0) || w*ratio > 16384 || h*ratio > 16384 {
		return nil, fmt.Errorf("carto: picture of %.0f by %.0f pixels at ratio %g: at most 16384 pixels a side, try a smaller one", w, h, ratio)
	}
	img := image.NewRGBA(image.Rect(0, 0, int(math.Round(w*ratio)), int(math.Round(h*ratio))))
	ctx := gg.NewContextForRGBA(img)
	ctx.SetLineCapRound()
	ctx.SetLineJoinRound()
	ctx.InvertY()
	c := vgimg.NewWith(vgimg.UseDPI(int(math.Round(72*ratio))), vgimg.UseImageWithContext(img, ctx))
	s.draw(c)
	return img, nil
}

// PNG draws the scene at two device pixels to a CSS pixel.
func (s *Scene) PNG() ([]byte, error) {
	img, err := s.Picture(2)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.DefaultCompression}
	if err := enc.Encode(&out, Paletted(img)); err != nil {
		return nil, fmt.Errorf("carto: encode PNG: %w", err)
	}
	return out.Bytes(), nil
}

// SVG draws the scene as a vector picture. Its text needs the font Liberation
// Sans, Arial or Helvetica where it is shown.
func (s *Scene) SVG() ([]byte, error) {
	w, h := s.size()
	h += s.header()
	c := vgsvg.New(vg.Length(w), vg.Length(h))
	s.draw(c)
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("carto: encode SVG: %w", err)
	}
	round := []byte(`<svg stroke-linecap="round" stroke-linejoin="round" `)
	return bytes.Replace(out.Bytes(), []byte("<svg "), round, 1), nil
}

// projection fits the bound beside the legend where the frame has room to
// spare on the sides.
func (s *Scene) projection() projection {
	w, h := s.size()
	full := newProjection(s.Bound, w, h, Margin, 0)
	return newProjection(s.Bound, w, h, Margin, s.inset(full))
}

// inset is how far the map moves to the right, at most by what keeps its scale.
func (s *Scene) inset(full projection) float64 {
	x0, _ := full.pixel(s.Bound.Min)
	x1, _ := full.pixel(s.Bound.Max)
	spare := full.w - 2*Margin - (x1 - x0)
	_, legend := s.legendRows()
	return math.Round(math.Max(0, math.Min(spare, legend)))
}

// pen draws on a canvas on which a point is a CSS pixel.
type pen struct {
	vg.Canvas
	proj projection
	view orb.Bound // a little more than what is shown
}

func (s *Scene) draw(c vg.Canvas) {
	w, h := s.size()
	p := pen{Canvas: c, proj: s.projection()}
	p.view = pad(p.proj.view(), 0.05)

	p.rect(0, 0, w, h+s.header(), Land)
	for i := range s.Layers {
		l := &s.Layers[i]
		if l.Hidden {
			continue
		}
		p.layer(l)
	}
	taken := s.furniture(p)
	s.labels(p, taken)
	s.head(p)
}

// pad widens a bound by a share of its size on each side.
func pad(b orb.Bound, share float64) orb.Bound {
	dx, dy := (b.Max[0]-b.Min[0])*share, (b.Max[1]-b.Min[1])*share
	return orb.Bound{Min: orb.Point{b.Min[0] - dx, b.Min[1] - dy}, Max: orb.Point{b.Max[0] + dx, b.Max[1] + dy}}
}

// layer draws all features of a layer: fills, then casings, then lines, then
// marks, each as one path, so that translucent colours do not add up.
func (p pen) layer(l *Layer) {
	var area, line vg.Path
	for i := range l.Features {
		f := &l.Features[i]
		if f.Geometry == nil || !f.Geometry.Bound().Intersects(p.view) {
			continue
		}
		s := takeApart(f.Geometry)
		for _, poly := range s.polygons {
			for j, r := range poly {
				want := orb.CCW
				if j > 0 {
					want = orb.CW
				}
				p.trace(&area, orb.LineString(oriented(r, want)), true)
			}
		}
		for _, ls := range s.lines {
			p.trace(&line, ls, false)
		}
	}
	st := l.Style
	if st.Grow {
		g := p.proj.growth()
		st.Width *= g
		st.Edge *= math.Sqrt(g)
	}
	if len(area) > 0 {
		if st.Fill.A > 0 {
			p.SetColor(st.Fill)
			p.Fill(area)
		}
		p.stroke(area, st.Line, st.Width, st.Dash)
	}
	if len(line) > 0 {
		if st.Casing.A > 0 && st.Edge > 0 {
			p.stroke(line, st.Casing, st.Width+2*st.Edge, nil)
		}
		p.stroke(line, st.Line, st.Width, st.Dash)
	}
	for i := range l.Features {
		f := &l.Features[i]
		if f.Geometry == nil {
			continue
		}
		for _, pt := range takeApart(f.Geometry).points {
			if p.view.Contains(pt) {
				x, y := p.proj.pixel(pt)
				p.mark(x, y, l.mark(), st, f.Heading.Radians())
			}
		}
	}
}

// trace appends a line or ring, dropping vertices less than a third of a pixel
// apart.
func (p pen) trace(path *vg.Path, l orb.LineString, closed bool) {
	var lx, ly float64
	for i, pt := range l {
		x, y := p.proj.pixel(pt)
		if i == 0 {
			path.Move(vg.Point{X: vg.Length(x), Y: vg.Length(y)})
		} else {
			if i < len(l)-1 && math.Abs(x-lx) < 1./3 && math.Abs(y-ly) < 1./3 {
				continue
			}
			path.Line(vg.Point{X: vg.Length(x), Y: vg.Length(y)})
		}
		lx, ly = x, y
	}
	if closed {
		path.Close()
	}
}

func (p pen) stroke(path vg.Path, c color.NRGBA, width float64, dash []float64) {
	if c.A == 0 || width <= 0 {
		return
	}
	p.SetColor(c)
	p.SetLineWidth(vg.Length(width))
	d := make([]vg.Length, len(dash))
	for i := range dash {
		d[i] = vg.Length(dash[i])
	}
	p.SetLineDash(d, 0)
	p.Stroke(path)
	p.SetLineDash([]vg.Length{}, 0)
}

func (p pen) rect(x, y, w, h float64, c color.NRGBA) {
	p.SetColor(c)
	p.Fill(box(x, y, w, h))
}

func box(x, y, w, h float64) vg.Path {
	var b vg.Path
	b.Move(vg.Point{X: vg.Length(x), Y: vg.Length(y)})
	b.Line(vg.Point{X: vg.Length(x + w), Y: vg.Length(y)})
	b.Line(vg.Point{X: vg.Length(x + w), Y: vg.Length(y + h)})
	b.Line(vg.Point{X: vg.Length(x), Y: vg.Length(y + h)})
	b.Close()
	return b
}
