package render

import "math"

// cutout is a picture with holes: texel 0 is a hole, others index colours.
type cutout struct {
	colours []rgb
	levels  []texels
}

type texels struct {
	w, h int
	pix  []uint8
}

func (t *cutout) level(rows float64) *texels {
	return &t.levels[levelFor(t.levels[0].h, len(t.levels), rows)]
}

// newCutout draws a picture of w by h texels; paint returns the colour's index
// at a point, with u to the right and v upwards, both from 0 to 1.
func newCutout(w, h int, colours []rgb, paint func(u, v float64) uint8) *cutout {
	t := &cutout{colours: append([]rgb{{}}, colours...)}
	m := texels{w, h, make([]uint8, w*h)}
	for y := range h {
		for x := range w {
			m.pix[y*w+x] = paint((float64(x)+0.5)/float64(w), 1-(float64(y)+0.5)/float64(h))
		}
	}
	t.levels = append(t.levels, m)
	for m.w >= 4 && m.h >= 8 {
		m = m.half()
		t.levels = append(t.levels, m)
	}
	return t
}

// half keeps of each four texels the most frequent one, the first such.
func (m texels) half() texels {
	o := texels{m.w / 2, m.h / 2, make([]uint8, m.w/2*(m.h/2))}
	for y := range o.h {
		for x := range o.w {
			i := 2*y*m.w + 2*x
			four := [4]uint8{m.pix[i], m.pix[i+1], m.pix[i+m.w], m.pix[i+m.w+1]}
			best, most := four[0], 0
			for _, a := range four {
				n := 0
				for _, b := range four {
					if a == b {
						n++
					}
				}
				if n > most {
					best, most = a, n
				}
			}
			o.pix[y*o.w+x] = best
		}
	}
	return o
}

// stock is the set of cut-outs that all worlds share.
var stock = struct {
	trees, conifers, shrubs                      []*cutout
	lamp, pole, signal, stop, busStop, bench     *cutout
	hydrant, fountain, parkingSign, giveWay, rod *cutout
}{
	trees:    treeShapes(4, 0.62, []uint32{0x3F7D3A, 0x356B33, 0x57964A}),
	conifers: coniferShapes(),
	shrubs:   shrubShapes(),
	lamp: newCutout(16, 96, []rgb{hex(0x5A5F66), hex(0xF4E9B0)}, func(u, v float64) uint8 {
		switch {
		case v > 0.93 && u > 0.2 && u < 0.95:
			return 2
		case v > 0.9 && u > 0.2 && u < 0.9, v <= 0.93 && math.Abs(u-0.25) < 0.07:
			return 1
		}
		return 0
	}),
	pole: newCutout(32, 128, []rgb{hex(0x6B5440)}, func(u, v float64) uint8 {
		if math.Abs(u-0.5) < 0.05 || math.Abs(v-0.9) < 0.012 && math.Abs(u-0.5) < 0.48 || math.Abs(v-0.8) < 0.01 && math.Abs(u-0.5) < 0.3 {
			return 1
		}
		return 0
	}),
	signal: newCutout(24, 96, []rgb{hex(0x2A2D30), hex(0xE23B2E), hex(0xF2B632), hex(0x36C46B), hex(0xF2C230)}, func(u, v float64) uint8 {
		for i, at := range []float64{0.93, 0.82, 0.71} {
			if math.Hypot((u-0.5)*1.0, (v-at)*4) < 0.21 {
				return uint8(2 + i)
			}
		}
		switch {
		case v > 0.645 && math.Abs(u-0.5) < 0.32:
			return 1
		case v > 0.63 && math.Abs(u-0.5) < 0.42:
			return 5
		case v <= 0.63 && math.Abs(u-0.5) < 0.07:
			return 1
		}
		return 0
	}),
	stop: newCutout(32, 96, []rgb{hex(0x70757A), hex(0xC81E2B), hex(0xFFFFFF)}, func(u, v float64) uint8 {
		x, y := math.Abs(u-0.5)*2, math.Abs(v-0.83)*6
		switch r := math.Max(math.Max(x, y), (x+y)/math.Sqrt2); {
		case y < 0.22 && x < 0.7 && int(u*18)%2 == 0:
			return 3
		case r < 0.86:
			return 2
		case r < 0.98:
			return 3
		case v < 0.7 && x < 0.1:
			return 1
		}
		return 0
	}),
	giveWay: newCutout(32, 96, []rgb{hex(0x70757A), hex(0xC81E2B), hex(0xFFFFFF)}, func(u, v float64) uint8 {
		x, y := math.Abs(u-0.5)*2, (v-0.66)*3
		switch {
		case y > 0.25 && y < 0.85 && x < y*0.62-0.02:
			return 3
		case y > 0 && y < 0.98 && x < y:
			return 2
		case v < 0.68 && x < 0.1:
			return 1
		}
		return 0
	}),
	busStop: newCutout(32, 96, []rgb{hex(0x62686E), hex(0x0E7C86), hex(0xFFFFFF)}, func(u, v float64) uint8 {
		x, y := math.Abs(u-0.5)*2, math.Abs(v-0.85)/0.14
		switch {
		case y < 0.62 && x < 0.62 && !(y < 0.2 && x < 0.4):
			return 3
		case y < 1 && x < 0.95:
			return 2
		case v < 0.72 && x < 0.1:
			return 1
		}
		return 0
	}),
	parkingSign: newCutout(32, 96, []rgb{hex(0x62686E), hex(0x1B57C4), hex(0xFFFFFF)}, func(u, v float64) uint8 {
		x, y := u, (v-0.68)/0.30
		p := x > 0.3 && x < 0.42 && y > 0.12 && y < 0.88 || math.Abs(math.Hypot(x-0.48, (y-0.65)*0.9)-0.15) < 0.06 && x > 0.4
		switch {
		case y > 0 && y < 1 && p:
			return 3
		case y > 0 && y < 1 && x > 0.05 && x < 0.95:
			return 2
		case y <= 0 && math.Abs(u-0.5) < 0.05:
			return 1
		}
		return 0
	}),
	bench: newCutout(48, 32, []rgb{hex(0x7A5230), hex(0x3B3B3B)}, func(u, v float64) uint8 {
		switch {
		case v > 0.55 && v < 0.72, v > 0.8 && v < 0.95, v > 0.38 && v < 0.5:
			return 1
		case v < 0.95 && (math.Abs(u-0.12) < 0.04 || math.Abs(u-0.88) < 0.04):
			return 2
		}
		return 0
	}),
	hydrant: newCutout(16, 32, []rgb{hex(0xD8362A)}, func(u, v float64) uint8 {
		if math.Abs(u-0.5) < 0.25 || v > 0.5 && v < 0.7 && math.Abs(u-0.5) < 0.45 {
			return 1
		}
		return 0
	}),
	fountain: newCutout(64, 64, []rgb{hex(0xA9A59C), hex(0xBFE2F5)}, func(u, v float64) uint8 {
		switch x := math.Abs(u - 0.5); {
		case v < 0.28 && x < 0.48, v > 0.28 && v < 0.55 && x < 0.06, v > 0.5 && v < 0.58 && x < 0.22:
			return 1
		case v >= 0.58 && x < 0.25*(1-v)+0.03 || v > 0.28 && v < 0.9 && math.Abs(x-0.2) < 0.02:
			return 2
		}
		return 0
	}),
	rod: newCutout(8, 64, []rgb{hex(0x6E747A)}, func(u, v float64) uint8 {
		if math.Abs(u-0.5) < 0.3 {
			return 1
		}
		return 0
	}),
}

const (
	texelsWide = 48
	texelsTall = 64
)

// treeShapes draws broad-leaved trees: a trunk under a crown of overlapping
// discs, lit from above.
func treeShapes(n int, crown float64, greens []uint32) []*cutout {
	colours := []rgb{hex(0x5B4430)}
	for _, g := range greens {
		colours = append(colours, hex(g))
	}
	var out []*cutout
	for i := range uint64(n) {
		type disc struct{ x, y, r float64 }
		discs := []disc{{0.5, 1 - crown/2, crown * 0.36}}
		for j := range uint64(9) {
			h := hash(0x7EEE, i, j)
			a := 2 * math.Pi * unit(h)
			discs = append(discs, disc{0.5 + 0.26*math.Cos(a), 1 - crown/2 + crown*0.27*math.Sin(a), crown * (0.14 + 0.12*unit(hash(h, 1)))})
		}
		out = append(out, newCutout(texelsWide, texelsTall, colours, func(u, v float64) uint8 {
			top := uint8(0)
			for _, d := range discs {
				dx, dy := (u-d.x)*0.9, v-d.y
				if dx*dx+dy*dy < d.r*d.r {
					switch {
					case dy-dx*0.4 > d.r*0.35:
						top = max(top, 4)
					case dy < -d.r*0.3:
						top = max(top, 3)
					default:
						top = max(top, 2)
					}
				}
			}
			if top == 0 && v < 1-crown/2 && math.Abs(u-0.5) < 0.035+0.02*(0.4-v) {
				return 1
			}
			return top
		}))
	}
	return out
}

func coniferShapes() []*cutout {
	var out []*cutout
	for i := range uint64(2) {
		out = append(out, newCutout(texelsWide, texelsTall, []rgb{hex(0x4B3826), hex(0x27523A), hex(0x1F4430)}, func(u, v float64) uint8 {
			x := math.Abs(u - 0.5)
			tier := math.Mod(v*float64(5+i), 1)
			if v > 0.1 && x < (1-v)*0.42*(1-0.35*tier) {
				if u < 0.47 {
					return 2
				}
				return 3
			}
			if v <= 0.12 && x < 0.05 {
				return 1
			}
			return 0
		}))
	}
	return out
}

func shrubShapes() []*cutout {
	var out []*cutout
	for i := range uint64(3) {
		out = append(out, newCutout(48, 24, []rgb{hex(0x4F7F42), hex(0x3E6B36)}, func(u, v float64) uint8 {
			top := 0.72 + 0.12*math.Sin(u*19+float64(i)*2) + 0.08*math.Sin(u*41+float64(i))
			edge := math.Min(u, 1-u) * 6
			if v < top*math.Min(1, edge+0.3) {
				if v > top*0.6 {
					return 1
				}
				return 2
			}
			return 0
		}))
	}
	return out
}
