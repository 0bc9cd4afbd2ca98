package imagehash

import (
	"image"
	"image/color"
	"math"
)

// plane is a grey picture, row by row.
type plane struct {
	pix           []uint8
	stride        int
	width, height int
}

// luma returns the grey of a picture: (19595 R + 38470 G + 7471 B + 2^15) / 2^16,
// as Pillow. Grey and JPEG pictures lend their own plane.
func luma(img image.Image) plane {
	b := img.Bounds()
	switch src := img.(type) {
	case *image.Gray:
		return plane{src.Pix[src.PixOffset(b.Min.X, b.Min.Y):], src.Stride, b.Dx(), b.Dy()}
	case *image.YCbCr:
		return plane{src.Y[src.YOffset(b.Min.X, b.Min.Y):], src.YStride, b.Dx(), b.Dy()}
	}
	p := plane{make([]uint8, b.Dx()*b.Dy()), b.Dx(), b.Dx(), b.Dy()}
	var four []uint8
	var stride int
	switch src := img.(type) {
	case *image.NRGBA:
		four, stride = src.Pix[src.PixOffset(b.Min.X, b.Min.Y):], src.Stride
	case *image.RGBA:
		if src.Opaque() {
			four, stride = src.Pix[src.PixOffset(b.Min.X, b.Min.Y):], src.Stride
		}
	}
	for y := range p.height {
		row := p.pix[y*p.stride:][:p.width]
		for x := range row {
			if four != nil {
				c := four[y*stride+4*x:][:3]
				row[x] = grey(c[0], c[1], c[2])
				continue
			}
			c := color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
			row[x] = grey(c.R, c.G, c.B)
		}
	}
	return p
}

func grey(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}

// fixed is the number of fractional bits of Pillow's weights: 32 less 8 for the
// pixel and 2 for the overshoot of the filter.
const fixed = 32 - 8 - 2

// tap is one output pixel of an axis: weights of the inputs from first on.
type tap struct {
	first   int
	weights []int32
}

// taps gives the Lanczos weights that map in pixels to [side].
func taps(in int) [side]tap {
	const lobes = 3
	scale := float64(in) / side
	stretch := math.Max(scale, 1)
	support := lobes * stretch
	var out [side]tap
	for i := range out {
		centre := (float64(i) + 0.5) * scale
		first := max(int(centre-support+0.5), 0)
		n := min(int(centre+support+0.5), in) - first
		w, sum := make([]float64, n), 0.0
		for k := range w {
			w[k] = lanczos((float64(k+first)-centre+0.5)/stretch, lobes)
			sum += w[k]
		}
		out[i] = tap{first, make([]int32, n)}
		for k := range w {
			v := w[k] / sum
			out[i].weights[k] = int32(v*(1<<fixed) + math.Copysign(0.5, v))
		}
	}
	return out
}

func lanczos(x, lobes float64) float64 {
	if math.Abs(x) >= lobes {
		return 0
	}
	return sinc(x) * sinc(x/lobes)
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// reduce brings a picture to [side] by side pixels as Pillow's resize does:
// along the rows first, with 8 bits between the two passes.
func reduce(p plane) []uint8 {
	const half = 1 << (fixed - 1)
	columns, rows := taps(p.width), taps(p.height)
	narrow := make([]uint8, p.height*side)
	for y := range p.height {
		row := p.pix[y*p.stride:][:p.width]
		for i := range columns {
			t := &columns[i]
			sum := int32(half)
			for k, v := range row[t.first:][:len(t.weights)] {
				sum += int32(v) * t.weights[k]
			}
			narrow[y*side+i] = clip(sum)
		}
	}
	small := make([]uint8, side*side)
	for i := range rows {
		t := &rows[i]
		var sums [side]int32
		for k, w := range t.weights {
			for x, v := range narrow[(t.first+k)*side:][:side] {
				sums[x] += int32(v) * w
			}
		}
		for x, s := range sums {
			small[i*side+x] = clip(s + half)
		}
	}
	return small
}

func clip(v int32) uint8 { return uint8(min(max(v>>fixed, 0), 255)) }

// turn turns a reduced picture upright by its EXIF orientation: 2 to 8 are the
// ways in which rows and columns can be swapped and reversed.
func turn(small []uint8, orientation int) []uint8 {
	if orientation < 2 || orientation > 8 {
		return small
	}
	out := make([]uint8, len(small))
	const last = side - 1
	for y := range side {
		for x := range side {
			sx, sy := x, y
			if orientation >= 5 {
				sx, sy = y, x
			}
			switch orientation {
			case 2, 8:
				sx = last - sx
			case 3, 7:
				sx, sy = last-sx, last-sy
			case 4, 6:
				sy = last - sy
			}
			out[y*side+x] = small[sy*side+sx]
		}
	}
	return out
}
