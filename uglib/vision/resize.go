package vision

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
)

// precisionBits is the number of fractional bits of the fixed-point weights: 32 bits less 8 for the pixel and 2 for
// the overshoot of the kernel.
const precisionBits = 32 - 8 - 2

// RGB is a picture of 8-bit red, green, blue triples, row by row from the top left.
type RGB struct {
	Pix           []uint8 // len = 3·Width·Height
	Width, Height int     // pixels
}

// ToRGB copies img into an RGB picture. An alpha channel is dropped without blending, as Pillow's convert("RGB") does;
// 16-bit channels keep their upper byte.
func ToRGB(img image.Image) RGB {
	b := img.Bounds()
	out := RGB{Pix: make([]uint8, 3*b.Dx()*b.Dy()), Width: b.Dx(), Height: b.Dy()}
	switch src := img.(type) {
	case *image.NRGBA:
		out.fromRGBA(src.Pix, src.Stride, src.PixOffset(b.Min.X, b.Min.Y))
	case *image.RGBA:
		if src.Opaque() {
			out.fromRGBA(src.Pix, src.Stride, src.PixOffset(b.Min.X, b.Min.Y))
			return out
		}
		out.fromAny(img)
	case *image.YCbCr, *image.Gray, *image.CMYK:
		dst := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(dst, dst.Bounds(), img, b.Min, draw.Src)
		out.fromRGBA(dst.Pix, dst.Stride, 0)
	default:
		out.fromAny(img)
	}
	return out
}

// fromRGBA fills p from 4-byte pixels that begin at offset.
func (p *RGB) fromRGBA(pix []uint8, stride, offset int) {
	for y := range p.Height {
		src := pix[offset+y*stride:]
		dst := p.Pix[3*y*p.Width : 3*(y+1)*p.Width]
		for i, j := 0, 0; i < len(dst); i, j = i+3, j+4 {
			dst[i], dst[i+1], dst[i+2] = src[j], src[j+1], src[j+2]
		}
	}
}

// fromAny fills p through the colour model, undoing any premultiplication by alpha.
func (p *RGB) fromAny(img image.Image) {
	b := img.Bounds()
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			p.Pix[i], p.Pix[i+1], p.Pix[i+2] = c.R, c.G, c.B
			i += 3
		}
	}
}

// kernel holds the fixed-point weights of one axis: output i is the sum over k < count[i] of
// weight[i·size+k] · input[first[i]+k].
type kernel struct {
	size         int
	first, count []int
	weight       []int32
}

// bicubic is the cubic convolution kernel with a = -0.5 (Keys 1981), support 2.
func bicubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}

// triangle is the linear kernel, support 1.
func triangle(x float64) float64 { return max(1-math.Abs(x), 0) }

// filter is a kernel function that is zero beyond its support.
type filter struct {
	at      func(x float64) float64
	support float64
}

var (
	cubic  = filter{bicubic, 2}
	linear = filter{triangle, 1}
)

// newKernel gives the weights that map in pixels to out pixels, widened by in/out when that is above one.
func newKernel(f filter, in, out int) kernel {
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	support := f.support * stretch
	k := kernel{size: int(math.Ceil(support))*2 + 1}
	k.first, k.count = make([]int, out), make([]int, out)
	k.weight = make([]int32, out*k.size)
	w := make([]float64, k.size)
	for i := range out {
		centre := (float64(i) + 0.5) * scale
		lo := max(int(centre-support+0.5), 0)
		n := min(int(centre+support+0.5), in) - lo
		sum := 0.0
		for j := range n {
			w[j] = f.at((float64(j+lo) - centre + 0.5) * (1 / stretch))
			sum += w[j]
		}
		for j := range n {
			v := w[j]
			if sum != 0 {
				v /= sum
			}
			k.weight[i*k.size+j] = int32(math.Trunc(v*(1<<precisionBits) + math.Copysign(0.5, v)))
		}
		k.first[i], k.count[i] = lo, n
	}
	return k
}

// clip8 rounds a fixed-point sum that already carries the half to 0..255.
func clip8(v int32) uint8 {
	v >>= precisionBits
	if uint32(v) <= 255 {
		return uint8(v)
	}
	return uint8(^(v >> 31)) // negative to 0, above 255 to 255
}

// Resize gives src scaled to width x height pixels, bit for bit what Pillow 13's bicubic resize gives for the same
// pixels. The horizontal pass comes first, except where more than twice as many rows are lost as columns: there the
// vertical pass comes first, as in Pillow 13 (earlier versions always began with the horizontal one, which moves a value
// of such a picture by a few of 255).
// It is an error if any side is not positive.
func Resize(src RGB, width, height int) (RGB, error) { return resize(src, width, height, cubic) }

// ResizeLinear is Resize with Pillow's bilinear filter.
func ResizeLinear(src RGB, width, height int) (RGB, error) { return resize(src, width, height, linear) }

func resize(src RGB, width, height int, f filter) (RGB, error) {
	if width <= 0 || height <= 0 || src.Width <= 0 || src.Height <= 0 {
		return RGB{}, fmt.Errorf("vision: cannot resize %dx%d to %dx%d pixels: every side must be positive", src.Width, src.Height, width, height)
	}
	out := src
	columnsFirst := src.Height > height && src.Height-height > 2*(src.Width-width)
	if columnsFirst {
		out = resizeColumns(out, newKernel(f, src.Height, height), height)
	}
	if width != src.Width {
		out = resizeRows(out, newKernel(f, src.Width, width), width)
	}
	if height != out.Height {
		out = resizeColumns(out, newKernel(f, src.Height, height), height)
	}
	if width == src.Width && height == src.Height {
		out.Pix = append([]uint8(nil), src.Pix...)
	}
	return out, nil
}

// resizeRows is the horizontal pass.
func resizeRows(src RGB, k kernel, width int) RGB {
	out := RGB{Pix: make([]uint8, 3*width*src.Height), Width: width, Height: src.Height}
	const half = int32(1) << (precisionBits - 1)
	for y := range src.Height {
		row := src.Pix[3*y*src.Width : 3*(y+1)*src.Width]
		dst := out.Pix[3*y*width : 3*(y+1)*width]
		for x := range width {
			n := k.count[x]
			w := k.weight[x*k.size : x*k.size+n]
			px := row[3*k.first[x]:]
			px = px[: 3*n : 3*n]
			r, g, b := half, half, half
			for _, c := range w {
				if len(px) < 3 {
					break
				}
				r += c * int32(px[0])
				g += c * int32(px[1])
				b += c * int32(px[2])
				px = px[3:]
			}
			dst[3*x], dst[3*x+1], dst[3*x+2] = clip8(r), clip8(g), clip8(b)
		}
	}
	return out
}

// resizeColumns is the vertical pass.
func resizeColumns(src RGB, k kernel, height int) RGB {
	stride := 3 * src.Width
	out := RGB{Pix: make([]uint8, stride*height), Width: src.Width, Height: height}
	sum := make([]int32, stride)
	for y := range height {
		for i := range sum {
			sum[i] = 1 << (precisionBits - 1)
		}
		for j, c := range k.weight[y*k.size : y*k.size+k.count[y]] {
			row := src.Pix[(k.first[y]+j)*stride:][:len(sum)]
			for i, v := range row {
				sum[i] += c * int32(v)
			}
		}
		dst := out.Pix[y*stride:][:len(sum)]
		for i, v := range sum {
			dst[i] = clip8(v)
		}
	}
	return out
}
