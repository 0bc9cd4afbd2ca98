package render

import (
	"math"

	"github.com/paulmach/orb"
)

// columns holds, for each canvas column that an upright rectangle covers, what
// is the same from top to bottom: as the axis is level, its depth is.
type columns struct {
	inv, depth []float32
	along      []float32 // metres from the rectangle's left end
	haze       []float32
	a, b, lit  []uint32 // paints of the column
	pane       []int32  // index of the window column, or -1
}

func (k *columns) resize(n int) {
	k.inv, k.depth, k.along, k.haze = resize(k.inv, n), resize(k.depth, n), resize(k.along, n), resize(k.haze, n)
	if cap(k.a) < n {
		k.a, k.b, k.lit, k.pane = make([]uint32, n), make([]uint32, n), make([]uint32, n), make([]int32, n)
	}
	k.a, k.b, k.lit, k.pane = k.a[:n], k.b[:n], k.lit[:n], k.pane[:n]
}

// upright is a rectangle that stands on its lower side, projected.
type upright struct {
	x0, x1 int     // canvas columns
	z0, z1 float64 // metres above the ground
	// Rows of the edges are affine in the column's middle x: row = at + slope·x.
	topAt, topSlope, lowAt, lowSlope float64
	wide                             float64 // metres
}

// stand projects the rectangle over segment ab and fills in the columns'
// depth, haze and place; ok is false where nothing of it is seen.
func (c *canvas) stand(a, b orb.Point, z0, z1 float64) (u upright, ok bool) {
	sa, da := c.view(a)
	sb, db := c.view(b)
	if da < nearPlane && db < nearPlane || z1 <= z0 {
		return u, false
	}
	u.wide = dist(a, b)
	ta, tb := 0.0, u.wide // metres along at the ends
	if da < nearPlane {
		t := (nearPlane - da) / (db - da)
		sa, da, ta = sa+(sb-sa)*t, nearPlane, t*u.wide
	} else if db < nearPlane {
		t := (nearPlane - db) / (da - db)
		sb, db, tb = sb+(sa-sb)*t, nearPlane, u.wide*(1-t)
	}
	xa, xb := c.cx+c.focal*sa/da, c.cx+c.focal*sb/db
	if xa > xb {
		xa, xb, da, db, ta, tb = xb, xa, db, da, tb, ta
	}
	u.x0 = int(math.Max(0, math.Ceil(xa-0.5)))
	u.x1 = int(math.Min(float64(c.w), math.Ceil(xb-0.5)))
	if u.x0 >= u.x1 {
		return u, false
	}
	ia, ib := 1/da, 1/db
	slope := (ib - ia) / (xb - xa)
	uslope := (tb*ib - ta*ia) / (xb - xa)
	inv := ia + slope*(float64(u.x0)+0.5-xa)
	over := ta*ia + uslope*(float64(u.x0)+0.5-xa)
	for x := u.x0; x < u.x1; x++ {
		d := 1 / inv
		c.col.inv[x], c.col.depth[x] = float32(inv), float32(d)
		c.col.along[x] = float32(clamp(over*d, 0, u.wide))
		c.col.haze[x] = c.light.hazeAt(d)
		inv += slope
		over += uslope
	}
	u.z0, u.z1 = z0, z1
	u.topSlope = -c.focal * (z1 - c.eyeZ) * slope
	u.topAt = c.hy - c.focal*(z1-c.eyeZ)*(ia-slope*xa)
	u.lowSlope = -c.focal * (z0 - c.eyeZ) * slope
	u.lowAt = c.hy - c.focal*(z0-c.eyeZ)*(ia-slope*xa)
	return u, true
}

// rows returns the rows that the rectangle can touch.
func (c *canvas) rows(u *upright) (int, int) {
	first, last := float64(u.x0)+0.5, float64(u.x1)-0.5
	top := math.Min(u.topAt+u.topSlope*first, u.topAt+u.topSlope*last)
	low := math.Max(u.lowAt+u.lowSlope*first, u.lowAt+u.lowSlope*last)
	return int(math.Max(0, math.Ceil(top-0.5))), int(math.Min(float64(c.h), math.Ceil(low-0.5)))
}

// cut returns the columns in which the rectangle covers the middle of row y.
func (u *upright) cut(y int) (int, int) {
	row := float64(y) + 0.5
	lo, hi := float64(u.x0)+0.5, float64(u.x1)-0.5
	lo, hi = below(u.topAt-row, u.topSlope, lo, hi)  // top <= row
	lo, hi = below(row-u.lowAt, -u.lowSlope, lo, hi) // row <= low
	return int(math.Ceil(lo - 0.5)), int(math.Floor(hi-0.5)) + 1
}

// below narrows [lo, hi] to the x with at + slope·x <= 0.
func below(at, slope, lo, hi float64) (float64, float64) {
	switch {
	case slope > 1e-12:
		hi = math.Min(hi, -at/slope)
	case slope < -1e-12:
		lo = math.Max(lo, -at/slope)
	case at > 0:
		hi = lo - 1
	}
	return lo, hi
}

// facade is the look of a wall.
type facade struct {
	wall, pane     rgb
	lit            rgb     // panes with light behind them
	floor          float64 // metres from floor to floor; 0: no panes
	pitch          float64 // metres from window to window
	side           float32 // part of the pitch that is wall, on both sides together
	sill, lintel   float32 // where the pane begins and ends, as parts of the floor
	litShare       float64 // part of the panes that are lit
	seed           uint64
	brightness     float32 // by the sun on this wall
	groundUnglazed bool    // no panes on the ground floor
}

// wall draws a wall with its windows.
func (c *canvas) wall(a, b orb.Point, z0, z1 float64, f *facade) {
	u, ok := c.stand(a, b, z0, z1)
	if !ok {
		return
	}
	k := &c.col
	wall, pane := c.light.shade(f.wall, f.brightness), c.light.shade(f.pane, 1)
	// One window column fills the wall evenly; below a few samples its panes blur into the wall.
	count, pitch := 0.0, 1.0
	if f.floor > 0 {
		count = math.Max(1, math.Round(u.wide/f.pitch))
		pitch = u.wide / count
	}
	blurred := wall.mix(pane, 0.35)
	for x := u.x0; x < u.x1; x++ {
		hz := k.haze[x]
		k.pane[x] = -1
		if count > 0 && float64(k.depth[x]) > pitch*c.focal/3 {
			k.a[x] = blurred.mix(c.light.haze, hz).pack()
			continue
		}
		k.a[x] = wall.mix(c.light.haze, hz).pack()
		if count == 0 {
			continue
		}
		at := k.along[x] / float32(pitch)
		n := int32(at)
		if fr := at - float32(n); fr > f.side/2 && fr < 1-f.side/2 {
			k.pane[x] = n
			k.b[x] = pane.mix(c.light.haze, hz).pack()
			k.lit[x] = f.lit.mix(c.light.haze, hz).pack()
		}
	}
	perFloor := float32(0)
	if f.floor > 0 {
		perFloor = float32(math.Max(1, math.Round((z1-z0)/f.floor)) / (z1 - z0))
	}
	y0, y1 := c.rows(&u)
	for y := y0; y < y1; y++ {
		x0, x1 := u.cut(y)
		inv, pix := c.inv[y*c.w:y*c.w+c.w], c.pix[y*c.w:y*c.w+c.w]
		rise := float32((c.hy - float64(y) - 0.5) / c.focal)
		base := float32(c.eyeZ - z0)
		for x := x0; x < x1; x++ {
			if k.inv[x] <= inv[x] {
				continue
			}
			inv[x] = k.inv[x]
			paint := k.a[x]
			if n := k.pane[x]; n >= 0 {
				up := (base + rise*k.depth[x]) * perFloor
				floor := int32(up)
				if fr := up - float32(floor); fr > f.sill && fr < f.lintel && (floor > 0 || !f.groundUnglazed) {
					paint = k.b[x]
					if f.litShare > 0 && unit(hash(f.seed, uint64(floor), uint64(n))) < f.litShare {
						paint = k.lit[x]
					}
				}
			}
			pix[x] = paint
		}
	}
}

// board draws a picture of two colours on an upright rectangle: its left end
// is a as seen from the front, which is the side where a lies to the left.
// From behind, only the paper is seen.
func (c *canvas) board(a, b orb.Point, z0, z1 float64, s *sign, brightness float32) {
	front := dot(sub(c.eye, a), right(direction(a, b))) > 0
	u, ok := c.stand(a, b, z0, z1)
	if !ok {
		return
	}
	k := &c.col
	tone := c.light.glow.scale(brightness)
	paper, ink := s.paper.mul(tone), s.ink.mul(tone)
	if !front {
		ink = paper
	}
	mid := (u.x0 + u.x1) / 2
	haze := c.light.hazeAt(float64(k.depth[mid]))
	var shades [16]uint32
	for i := range shades {
		shades[i] = paper.mix(ink, float32(i)/15).mix(c.light.haze, haze).pack()
	}
	tall := (z1 - z0) * c.focal / float64(k.depth[mid]) // canvas rows of the board
	m := s.level(tall)
	scale := float32(m.w) / float32(u.wide)
	for x := u.x0; x < u.x1; x++ {
		k.pane[x] = min(int32(k.along[x]*scale), int32(m.w-1))
	}
	perRow := float32(float64(m.h) / (z1 - z0))
	y0, y1 := c.rows(&u)
	const lift = 1.002 // signs win over the wall that they hang on
	for y := y0; y < y1; y++ {
		x0, x1 := u.cut(y)
		inv, pix := c.inv[y*c.w:y*c.w+c.w], c.pix[y*c.w:y*c.w+c.w]
		rise := float32((c.hy - float64(y) - 0.5) / c.focal)
		drop := float32(z1 - c.eyeZ)
		for x := x0; x < x1; x++ {
			if near := k.inv[x] * lift; near > inv[x] {
				inv[x] = near
				v := int32((drop - rise*k.depth[x]) * perRow)
				v = min(max(v, 0), int32(m.h-1))
				pix[x] = shades[m.pix[v*int32(m.w)+k.pane[x]]>>4]
			}
		}
	}
}

// sprite draws a cut-out picture that faces the camera, wide and tall in
// metres, standing at p with its lower side z0 above the ground.
func (c *canvas) sprite(p orb.Point, z0, wide, tall float64, t *cutout, tint rgb) {
	s, d := c.view(p)
	if d < 1 {
		return
	}
	scale := c.focal / d
	left, top := c.cx+(s-wide/2)*scale, c.hy-(z0+tall-c.eyeZ)*scale
	x0, x1 := int(math.Max(0, math.Ceil(left-0.5))), int(math.Min(float64(c.w), math.Ceil(left+wide*scale-0.5)))
	y0, y1 := int(math.Max(0, math.Ceil(top-0.5))), int(math.Min(float64(c.h), math.Ceil(top+tall*scale-0.5)))
	if x0 >= x1 || y0 >= y1 {
		return
	}
	m := t.level(tall * scale)
	inv := float32(1 / d)
	du, dv := float64(m.w)/(wide*scale), float64(m.h)/(tall*scale)
	haze := c.light.hazeAt(d)
	// The paints of the picture's colours at this depth.
	paints := c.paints[:0]
	for _, colour := range t.colours {
		paints = append(paints, c.light.shade(colour.mul(tint), 1).mix(c.light.haze, haze).pack())
	}
	c.paints = paints
	for y := y0; y < y1; y++ {
		row := m.pix[min(int((float64(y)+0.5-top)*dv), m.h-1)*m.w:]
		zs, pix := c.inv[y*c.w:y*c.w+c.w], c.pix[y*c.w:y*c.w+c.w]
		u := (float64(x0) + 0.5 - left) * du
		for x := x0; x < x1; x++ {
			if i := row[min(int(u), m.w-1)]; i > 0 && inv > zs[x] {
				zs[x], pix[x] = inv, paints[i]
			}
			u += du
		}
	}
}
