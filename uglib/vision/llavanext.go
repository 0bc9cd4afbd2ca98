package vision

import (
	"errors"
	"fmt"
	"image"
	"math"
)

// LlavaNext holds the settings of LLaVA-NeXT's (LLaVA-1.6's) image processor: a picture becomes tiles of any resolution.
// The whole picture, squeezed into a square, is the first tile; the others are the squares of the picture scaled, sides
// kept in proportion, into the pinpoint that loses least of it, with black around it. The numbers are those of Hugging
// Face transformers' LlavaNextImageProcessor (the one that works on Pillow images).
type LlavaNext struct {
	Side      int        // of a tile in pixels
	Pinpoints [][2]int   // possible heights and widths of the scaled picture, multiples of Side
	Mean, Std [3]float64 // per channel (red, green, blue), of values in 0..1
}

// LoadLlavaNext reads path, which is a preprocessor_config.json of LLaVA-NeXT or a model folder that holds one. What it
// leaves out is as LLaVA-1.6 was released, with tiles of 336 pixels (transformers itself defaults to 224, which its own
// pinpoints do not fit). Settings
// that are not implemented are an error.
func LoadLlavaNext(path string) (*LlavaNext, error) {
	l := &LlavaNext{Side: 336, Pinpoints: [][2]int{{336, 672}, {672, 336}, {672, 672}, {1008, 336}, {336, 1008}}, Mean: clipMean, Std: clipStd}
	err := loadTiles(path, func(w wireTiles) error {
		for _, s := range []struct {
			name  string
			sides *wireSides
		}{{"size", w.Size}, {"crop_size", w.CropSize}} {
			if s.sides == nil {
				continue
			}
			side, square := s.sides.square()
			if !square || s.name == "crop_size" && side != l.Side {
				return fmt.Errorf("size %+v and crop_size %+v: only tiles of one square size are supported", w.Size, w.CropSize)
			}
			l.Side = side
		}
		if w.Pinpoints != nil {
			l.Pinpoints = w.Pinpoints
		}
		return errors.Join(w.means(&l.Mean, &l.Std), l.Validate())
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Validate says what is wrong with the settings, or nil.
func (l *LlavaNext) Validate() error {
	if l.Side < 1 || l.Side > 4096 {
		return fmt.Errorf("tiles of %d pixels, want 1 to 4096", l.Side)
	}
	if len(l.Pinpoints) == 0 {
		return errors.New("image_grid_pinpoints is empty")
	}
	for _, p := range l.Pinpoints {
		if p[0] < 1 || p[1] < 1 || p[0] > maxSide || p[1] > maxSide || p[0]%l.Side != 0 || p[1]%l.Side != 0 {
			return fmt.Errorf("image_grid_pinpoints has %dx%d, want multiples of the tiles' %d pixels", p[0], p[1], l.Side)
		}
	}
	return checkMeans(l.Mean, l.Std)
}

// Grid gives the height and width in tiles of the parts of a picture of width x height pixels, without reading it.
func (l *LlavaNext) Grid(width, height int) (rows, columns int) {
	best := l.pinpoint(width, height)
	return best[0] / l.Side, best[1] / l.Side
}

// pinpoint is the possible size that keeps most of a picture's pixels and, of equals, has the fewest left over
// (transformers' select_best_resolution).
func (l *LlavaNext) pinpoint(width, height int) [2]int {
	best, most, least := l.Pinpoints[0], 0, math.MaxInt
	for _, p := range l.Pinpoints {
		scale := min(float64(p[1])/float64(width), float64(p[0])/float64(height))
		used := min(int(float64(width)*scale)*int(float64(height)*scale), width*height)
		wasted := p[0]*p[1] - used
		if used > most || used == most && wasted < least {
			best, most, least = p, used, wasted
		}
	}
	return best
}

// Process makes the tiles of a picture; their Width and Height are those of the picture.
func (l *LlavaNext) Process(img image.Image) (Tiles, error) {
	src, err := picture(img)
	if err != nil {
		return Tiles{}, err
	}
	best := l.pinpoint(src.Width, src.Height)
	whole, err := Resize(src, l.Side, l.Side)
	if err != nil {
		return Tiles{}, err
	}
	width, height := fit(src.Width, src.Height, best[1], best[0])
	scaled, err := Resize(src, width, height)
	if err != nil {
		return Tiles{}, err
	}
	table := normalised(l.Mean, l.Std)
	t := Tiles{Side: l.Side, Width: src.Width, Height: src.Height}
	t.Data = make([]float32, 0, 3*(l.Side*l.Side+best[0]*best[1]))
	t.add(whole, 0, 0, &table)
	t.addParts(pad(scaled, best[1], best[0], 0), &table)
	return t, nil
}

// fit scales sides in proportion so that one of them reaches its limit (transformers' get_patch_output_size).
func fit(width, height, maxWidth, maxHeight int) (int, int) {
	x, y := float64(maxWidth)/float64(width), float64(maxHeight)/float64(height)
	if x < y {
		return maxWidth, min(int(math.Ceil(float64(height)*x)), maxHeight)
	}
	return min(int(math.Ceil(float64(width)*y)), maxWidth), maxHeight
}
