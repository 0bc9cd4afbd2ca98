package render

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// samples is the number of samples along each side of a pixel; each pixel of
// the picture is the mean of samples² of the canvas.
const samples = 2

// nearPlane is the least depth that is drawn, in metres.
const nearPlane = 0.25

// canvas is a picture in the making, samples times as wide and as high as the
// picture, with the inverse depth of all that stands on the ground.
type canvas struct {
	w, h   int
	pix    []uint32  // 0xAABBGGRR
	inv    []float32 // 1/depth; 0 where the ground or the sky is seen
	eye    orb.Point // local frame
	ahead  orb.Point // unit vector of the camera's axis
	side   orb.Point // unit vector to its right
	eyeZ   float64   // metres above the ground
	focal  float64   // in canvas pixels
	cx, hy float64   // canvas column of the axis, canvas row of the horizon
	light  *light

	rowDepth []float32   // depth of the ground in each row, below the horizon
	rowHaze  []float32   // part of the haze in each row
	cross    [][]float32 // crossings of a polygon's edges with each row
	clipped  []orb.Point // scratch
	col      columns
	paints   []uint32 // scratch
}

func (c *canvas) reset(cam Camera, eye orb.Point, l *light) {
	c.w, c.h = cam.Width*samples, cam.Height*samples
	if n := c.w * c.h; cap(c.pix) < n {
		c.pix, c.inv = make([]uint32, n), make([]float32, n)
	} else {
		c.pix, c.inv = c.pix[:n], c.inv[:n]
	}
	clear(c.inv)
	h := cam.Heading.Radians()
	c.eye, c.eyeZ = eye, cam.EyeHeight
	c.ahead = orb.Point{math.Sin(h), math.Cos(h)}
	c.side = right(c.ahead)
	c.focal = float64(c.w) / 2 / math.Tan(cam.FOV*math.Pi/360)
	c.cx, c.hy = float64(c.w)/2, math.Round(float64(c.h)*horizon)
	c.light = l
	c.rowDepth, c.rowHaze = resize(c.rowDepth, c.h), resize(c.rowHaze, c.h)
	for y := range c.h {
		c.rowDepth[y], c.rowHaze[y] = float32(math.Inf(1)), 1
		if below := float64(y) + 0.5 - c.hy; below > 0 {
			d := c.eyeZ * c.focal / below
			c.rowDepth[y], c.rowHaze[y] = float32(d), l.hazeAt(d)
		}
	}
	for len(c.cross) < c.h {
		c.cross = append(c.cross, nil)
	}
	c.col.resize(c.w)
}

func resize(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}

// view returns p as distance to the right of the axis and depth along it.
func (c *canvas) view(p orb.Point) (s, d float64) {
	v := sub(p, c.eye)
	return dot(v, c.side), dot(v, c.ahead)
}

// visible reports whether a box on the ground can lie before the camera and
// within its angle.
func (c *canvas) visible(b orb.Bound) bool {
	k := c.cx / c.focal // tangent of half the angle
	front, left, rgt := false, false, false
	for _, p := range [4]orb.Point{b.Min, {b.Max[0], b.Min[1]}, b.Max, {b.Min[0], b.Max[1]}} {
		s, d := c.view(p)
		front = front || d > nearPlane
		left = left || s > -k*d
		rgt = rgt || s < k*d
	}
	return front && left && rgt
}

// ground fills the rings, by the even-odd rule, on the plane of the ground.
func (c *canvas) ground(rings [][]orb.Point, m *material) {
	lo, hi := c.h, -1
	for _, ring := range rings {
		c.clip(ring)
		n := len(c.clipped)
		for i := range n {
			a, b := c.clipped[i], c.clipped[(i+1)%n]
			l, h := c.edge(a, b)
			lo, hi = min(lo, l), max(hi, h)
		}
	}
	for y := lo; y < hi; y++ {
		xs := c.cross[y]
		slices.Sort(xs)
		for i := 0; i+1 < len(xs); i += 2 {
			x0 := int(max(0, math.Ceil(float64(xs[i])-0.5)))
			x1 := int(min(float64(c.w), math.Ceil(float64(xs[i+1])-0.5)))
			if x0 < x1 {
				c.span(y, x0, x1, m)
			}
		}
		c.cross[y] = xs[:0]
	}
}

// clip cuts a ring on the ground at the near plane and projects it to canvas
// coordinates, into c.clipped.
func (c *canvas) clip(ring []orb.Point) {
	c.clipped = c.clipped[:0]
	if len(ring) < 3 {
		return
	}
	put := func(s, d float64) {
		c.clipped = append(c.clipped, orb.Point{c.cx + c.focal*s/d, c.hy + c.focal*c.eyeZ/d})
	}
	s0, d0 := c.view(ring[len(ring)-1])
	for _, p := range ring {
		s1, d1 := c.view(p)
		if (d0 < nearPlane) != (d1 < nearPlane) {
			t := (nearPlane - d0) / (d1 - d0)
			put(s0+(s1-s0)*t, nearPlane)
		}
		if d1 >= nearPlane {
			put(s1, d1)
		}
		s0, d0 = s1, d1
	}
}

// edge notes where the edge ab crosses the middles of the rows, and returns
// the rows from the first to one past the last.
func (c *canvas) edge(a, b orb.Point) (lo, hi int) {
	if a[1] > b[1] {
		a, b = b, a
	}
	lo = int(math.Max(0, math.Ceil(a[1]-0.5)))
	hi = int(math.Min(float64(c.h), math.Ceil(b[1]-0.5)))
	if lo >= hi {
		return c.h, -1
	}
	slope := (b[0] - a[0]) / (b[1] - a[1])
	x := a[0] + (float64(lo)+0.5-a[1])*slope
	for y := lo; y < hi; y++ {
		c.cross[y] = append(c.cross[y], float32(x))
		x += slope
	}
	return lo, hi
}

// span fills part of a row of ground.
func (c *canvas) span(y, x0, x1 int, m *material) {
	row := c.pix[y*c.w : y*c.w+c.w]
	haze, depth := c.rowHaze[y], c.rowDepth[y]
	first := c.light.shade(m.colour, 1).mix(c.light.haze, haze).pack()
	if m.pattern == nil || depth > m.reach {
		for x := x0; x < x1; x++ {
			row[x] = first
		}
		return
	}
	second := c.light.shade(m.second, 1).mix(c.light.haze, haze).pack()
	d := float64(depth)
	step := d / c.focal
	start := add(add(c.eye, c.ahead, d), c.side, (float64(x0)+0.5-c.cx)*step)
	u, v := dot(start, m.axis), dot(start, right(m.axis))
	du, dv := dot(c.side, m.axis)*step, dot(c.side, right(m.axis))*step
	for x := x0; x < x1; x++ {
		if m.pattern(u, v) {
			row[x] = second
		} else {
			row[x] = first
		}
		u += du
		v += dv
	}
}

// slab fills a plane convex polygon in space (metres east, north, up), such as
// one side of a roof, where nothing nearer stands.
func (c *canvas) slab(points [][3]float64, colour rgb) {
	type vertex struct{ x, y, inv float64 }
	var vs []vertex
	n := len(points)
	for i := range n {
		p, q := points[i], points[(i+1)%n]
		s0, d0 := c.view(orb.Point{p[0], p[1]})
		s1, d1 := c.view(orb.Point{q[0], q[1]})
		put := func(s, d, z float64) {
			vs = append(vs, vertex{c.cx + c.focal*s/d, c.hy - c.focal*(z-c.eyeZ)/d, 1 / d})
		}
		if d0 >= nearPlane {
			put(s0, d0, p[2])
		}
		if (d0 < nearPlane) != (d1 < nearPlane) {
			t := (nearPlane - d0) / (d1 - d0)
			put(s0+(s1-s0)*t, nearPlane, p[2]+(q[2]-p[2])*t)
		}
	}
	if len(vs) < 3 {
		return
	}
	// The inverse depth is affine on the canvas: inv = k + gx·x + gy·y.
	var gx, gy, area float64
	for i := 1; i+1 < len(vs); i++ { // the largest triangle of the fan is the most exact
		a, b, e := vs[0], vs[i], vs[i+1]
		det := (b.x-a.x)*(e.y-a.y) - (e.x-a.x)*(b.y-a.y)
		if math.Abs(det) > math.Abs(area) {
			area = det
			gx = ((b.inv-a.inv)*(e.y-a.y) - (e.inv-a.inv)*(b.y-a.y)) / det
			gy = ((e.inv-a.inv)*(b.x-a.x) - (b.inv-a.inv)*(e.x-a.x)) / det
		}
	}
	if math.Abs(area) < 1e-6 {
		return
	}
	k := vs[0].inv - gx*vs[0].x - gy*vs[0].y
	nearest := slices.MaxFunc(vs, func(a, b vertex) int { return cmp.Compare(a.inv, b.inv) })
	paint := colour.mix(c.light.haze, c.light.hazeAt(1/nearest.inv)).pack()
	lo, hi := c.h, -1
	for i, a := range vs {
		b := vs[(i+1)%len(vs)]
		l, h := c.edge(orb.Point{a.x, a.y}, orb.Point{b.x, b.y})
		lo, hi = min(lo, l), max(hi, h)
	}
	for y := lo; y < hi; y++ {
		xs := c.cross[y]
		if len(xs) >= 2 {
			left, rgt := slices.Min(xs), slices.Max(xs)
			x0 := int(max(0, math.Ceil(float64(left)-0.5)))
			x1 := int(min(float64(c.w), math.Ceil(float64(rgt)-0.5)))
			row := y * c.w
			inv := k + gy*(float64(y)+0.5) + gx*(float64(x0)+0.5)
			for x := x0; x < x1; x++ {
				if float32(inv) > c.inv[row+x] {
					c.inv[row+x], c.pix[row+x] = float32(inv), paint
				}
				inv += gx
			}
		}
		c.cross[y] = xs[:0]
	}
}

// resolve returns the picture: the mean of the samples of each pixel.
func (c *canvas) resolve() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, c.w/samples, c.h/samples))
	for y := range img.Rect.Dy() {
		top, low := c.pix[2*y*c.w:][:c.w], c.pix[(2*y+1)*c.w:][:c.w]
		out := img.Pix[y*img.Stride:]
		for x := range img.Rect.Dx() {
			a, b, d, e := top[2*x], top[2*x+1], low[2*x], low[2*x+1]
			const even, odd = 0x00FF00FF, 0x0000FF00
			rb := (a & even) + (b & even) + (d & even) + (e & even) + 0x00020002
			g := (a & odd) + (b & odd) + (d & odd) + (e & odd) + 0x00000200
			out[4*x] = uint8(rb >> 2)
			out[4*x+1] = uint8(g >> 10)
			out[4*x+2] = uint8(rb >> 18)
			out[4*x+3] = 255
		}
	}
	return img
}
