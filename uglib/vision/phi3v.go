package vision

import (
	"errors"
	"fmt"
	"image"
	"math"
)

// phiSide is the side of Phi-3-Vision's tiles in pixels, that of its CLIP tower.
const phiSide = 336

// Phi3V holds the settings of Phi-3-Vision's image processor ("HD transform"): a picture is enlarged until its squares of
// 336 pixels are as many as Crops allows, sides in proportion, with white above and below to make them whole. The first
// tile is that picture scaled down to one square, the others are its squares. The numbers are those of the processor
// that Microsoft ships with the model.
type Phi3V struct {
	Crops     int        // greatest number of squares
	Mean, Std [3]float64 // per channel (red, green, blue), of values in 0..1
}

// LoadPhi3V reads path, which is a preprocessor_config.json of Phi-3-Vision or a model folder that holds one.
func LoadPhi3V(path string) (*Phi3V, error) {
	p := &Phi3V{Crops: 1, Mean: clipMean, Std: clipStd}
	err := loadTiles(path, func(w wireTiles) error {
		if w.NumCrops != nil {
			p.Crops = *w.NumCrops
		}
		return errors.Join(w.means(&p.Mean, &p.Std), p.Validate())
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Validate says what is wrong with the settings, or nil.
func (p *Phi3V) Validate() error {
	if p.Crops < 1 || p.Crops > 256 {
		return fmt.Errorf("num_crops is %d, want 1 to 256", p.Crops)
	}
	return checkMeans(p.Mean, p.Std)
}

// Grid gives the height and width in tiles of the enlarged picture, without reading it.
func (p *Phi3V) Grid(width, height int) (rows, columns int) {
	if width < height {
		columns, rows = p.Grid(height, width)
		return rows, columns
	}
	w, h := p.enlarged(width, height)
	return (h + phiSide - 1) / phiSide, w / phiSide
}

// enlarged gives the size of a picture that is not higher than wide, before it is made whole.
func (p *Phi3V) enlarged(width, height int) (int, int) {
	ratio := float64(width) / float64(height)
	scale := 1
	for float64(scale)*math.Ceil(float64(scale)/ratio) <= float64(p.Crops) {
		scale++
	}
	scale--
	w := scale * phiSide
	return w, int(float64(w) / ratio)
}

// Process makes the tiles of a picture; their Width and Height are those of the enlarged picture.
func (p *Phi3V) Process(img image.Image) (Tiles, error) {
	src, err := picture(img)
	if err != nil {
		return Tiles{}, err
	}
	hd, err := p.enlarge(src)
	if err != nil {
		return Tiles{}, err
	}
	table := normalised(p.Mean, p.Std)
	t := Tiles{Side: phiSide, Width: hd.Width, Height: hd.Height}
	t.Data = make([]float32, 0, 3*(phiSide*phiSide+hd.Width*hd.Height))
	t.Data, t.Count = shrink(t.Data, hd, phiSide, &table), 1
	t.addParts(hd, &table)
	return t, nil
}

// enlarge scales and pads a picture; one that is higher than wide is turned over its diagonal meanwhile.
func (p *Phi3V) enlarge(src RGB) (RGB, error) {
	if src.Width < src.Height {
		hd, err := p.enlarge(transpose(src))
		return transpose(hd), err
	}
	w, h := p.enlarged(src.Width, src.Height)
	if w < 1 || h < 1 {
		return RGB{}, fmt.Errorf("vision: picture of %dx%d pixels is too thin for squares of %d pixels, try cropping it", src.Width, src.Height, phiSide)
	}
	scaled, err := ResizeLinear(src, w, h)
	if err != nil {
		return RGB{}, err
	}
	return pad(scaled, w, (h+phiSide-1)/phiSide*phiSide, 255), nil
}

// transpose swaps rows and columns.
func transpose(src RGB) RGB {
	out := RGB{Pix: make([]uint8, len(src.Pix)), Width: src.Height, Height: src.Width}
	for y := range src.Height {
		for x := range src.Width {
			copy(out.Pix[3*(x*out.Width+y):][:3], src.Pix[3*(y*src.Width+x):])
		}
	}
	return out
}

// shrink appends the normalised values of a picture brought to a square by cubic convolution with a = -0.75 at the four
// nearest pixels, however far the square's pixels are apart (PyTorch's bicubic interpolation without antialiasing).
func shrink(dst []float32, src RGB, side int, table *[3][256]float32) []float32 {
	xs, ys := newTaps(src.Width, side), newTaps(src.Height, side)
	for c := range 3 {
		for y := range side {
			for x := range side {
				var sum float32
				for j, wy := range ys[y].weight {
					row := src.Pix[3*ys[y].at[j]*src.Width+c:]
					var line float32
					for i, wx := range xs[x].weight {
						line += wx * table[c][row[3*xs[x].at[i]]]
					}
					sum += wy * line
				}
				dst = append(dst, sum)
			}
		}
	}
	return dst
}

// taps are the four pixels that one pixel of the result is made of.
type taps struct {
	at     [4]int
	weight [4]float32
}

func newTaps(in, out int) []taps {
	const a = -0.75
	near := func(x float32) float32 { return ((a+2)*x-(a+3))*x*x + 1 }
	far := func(x float32) float32 { return ((a*x-5*a)*x+8*a)*x - 4*a }
	scale := float32(in) / float32(out)
	all := make([]taps, out)
	for i := range all {
		real := scale*(float32(i)+0.5) - 0.5
		first := int(math.Floor(float64(real)))
		t := real - float32(first)
		all[i].weight = [4]float32{far(t + 1), near(t), near(1 - t), far(2 - t)}
		for k := range 4 {
			all[i].at[k] = min(max(first-1+k, 0), in-1)
		}
	}
	return all
}
