package vision

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
)

// Tiles are the square pictures that a vision tower of fixed size reads of one picture: first the whole of it, then its
// parts, row by row.
type Tiles struct {
	Data          []float32 // [Count, 3, Side, Side]: channel, row, column within a tile
	Count, Side   int       //
	Width, Height int       // pixels: of the picture itself (LLaVA-NeXT) or of what the parts make up (Phi-3-Vision)
}

// normalised gives the value of each byte in each channel, in the order of roundings of transformers.
func normalised(mean, std [3]float64) (table [3][256]float32) {
	for c := range 3 {
		for v := range 256 {
			table[c][v] = (float32(float64(v)*(1.0/255)) - float32(mean[c])) / float32(std[c])
		}
	}
	return table
}

// add appends the square of the given side at (x, y) of src.
func (t *Tiles) add(src RGB, x, y int, table *[3][256]float32) {
	for c := range 3 {
		for row := range t.Side {
			line := src.Pix[3*((y+row)*src.Width+x)+c:]
			for col := range t.Side {
				t.Data = append(t.Data, table[c][line[3*col]])
			}
		}
	}
	t.Count++
}

// addParts appends all squares of src, row by row.
func (t *Tiles) addParts(src RGB, table *[3][256]float32) {
	for y := 0; y < src.Height; y += t.Side {
		for x := 0; x < src.Width; x += t.Side {
			t.add(src, x, y, table)
		}
	}
}

// pad puts src in the middle of a larger picture of one colour; an odd pixel goes to the right and below.
func pad(src RGB, width, height int, colour uint8) RGB {
	if src.Width == width && src.Height == height {
		return src
	}
	out := RGB{Pix: make([]uint8, 3*width*height), Width: width, Height: height}
	if colour != 0 {
		for i := range out.Pix {
			out.Pix[i] = colour
		}
	}
	left, top := (width-src.Width)/2, (height-src.Height)/2
	for y := range src.Height {
		copy(out.Pix[3*((top+y)*width+left):], src.Pix[3*y*src.Width:3*(y+1)*src.Width])
	}
	return out
}

// picture checks a picture's shape and copies it.
func picture(img image.Image) (RGB, error) {
	if img == nil {
		return RGB{}, errors.New("vision: no picture given (nil)")
	}
	if err := checkShape(img.Bounds().Dx(), img.Bounds().Dy()); err != nil {
		return RGB{}, err
	}
	return ToRGB(img), nil
}

// wireTiles is what the preprocessor_config.json of LLaVA-NeXT, CLIP and Phi-3-Vision say.
type wireTiles struct {
	Size          *wireSides `json:"size"`
	CropSize      *wireSides `json:"crop_size"`
	Pinpoints     [][2]int   `json:"image_grid_pinpoints"`
	NumCrops      *int       `json:"num_crops"`
	ImageMean     []float64  `json:"image_mean"`
	ImageStd      []float64  `json:"image_std"`
	DoResize      *bool      `json:"do_resize"`
	DoRescale     *bool      `json:"do_rescale"`
	DoNormalize   *bool      `json:"do_normalize"`
	RescaleFactor *float64   `json:"rescale_factor"`
	Resample      *int       `json:"resample"`
	DoCenterCrop  *bool      `json:"do_center_crop"`
}

// wireSides is {"shortest_edge": n}, {"height": n, "width": n} or, in old files, n.
type wireSides struct{ shortest, height, width int }

func (s *wireSides) UnmarshalJSON(data []byte) error {
	var n int
	if json.Unmarshal(data, &n) == nil {
		*s = wireSides{shortest: n, height: n, width: n}
		return nil
	}
	var w struct {
		Shortest int `json:"shortest_edge"`
		Height   int `json:"height"`
		Width    int `json:"width"`
	}
	err := json.Unmarshal(data, &w)
	*s = wireSides{w.Shortest, w.Height, w.Width}
	return err
}

// square is the side where both are the same.
func (s *wireSides) square() (int, bool) {
	if s.height > 0 || s.width > 0 {
		return s.height, s.height == s.width
	}
	return s.shortest, true
}

// loadTiles reads a preprocessor_config.json, or the one of a model folder.
func loadTiles(path string, use func(wireTiles) error) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, ConfigName)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("vision: %w", err)
	}
	var w wireTiles
	if err := json.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("vision: %s: %w", path, err)
	}
	if err := errors.Join(w.check(), use(w)); err != nil {
		return fmt.Errorf("vision: %s: %w", path, err)
	}
	return nil
}

// check refuses settings that no processor here implements.
func (w *wireTiles) check() error {
	return errors.Join(
		switchedOn(w.DoResize, w.DoRescale, w.DoNormalize),
		factorAndFilter(w.RescaleFactor, w.Resample))
}

// means reads image_mean and image_std over the defaults.
func (w *wireTiles) means(mean, std *[3]float64) error {
	return errors.Join(channels("image_mean", w.ImageMean, mean), channels("image_std", w.ImageStd, std))
}

// channels copies three values, if there are any.
func channels(name string, from []float64, to *[3]float64) error {
	if from == nil {
		return nil
	}
	if len(from) != 3 {
		return fmt.Errorf("%s has %d values, want 3 (red, green, blue)", name, len(from))
	}
	copy(to[:], from)
	return nil
}

// switchedOn refuses a step that is switched off.
func switchedOn(resize, rescale, normalise *bool) error {
	for _, f := range []struct {
		name string
		on   *bool
	}{{"do_resize", resize}, {"do_rescale", rescale}, {"do_normalize", normalise}} {
		if f.on != nil && !*f.on {
			return fmt.Errorf("%s is false: only pictures that are resized, rescaled and normalised are supported", f.name)
		}
	}
	return nil
}

// factorAndFilter refuses other factors than 1/255 and other filters than bicubic.
func factorAndFilter(factor *float64, resample *int) error {
	if factor != nil && math.Abs(*factor-1.0/255) > 1e-9 {
		return fmt.Errorf("rescale_factor is %g, only 1/255 is supported", *factor)
	}
	if resample != nil && *resample != 3 {
		return fmt.Errorf("resample is %d, only 3 (bicubic) is supported", *resample)
	}
	return nil
}

// checkMeans refuses means and deviations that pixels cannot be normalised by.
func checkMeans(mean, std [3]float64) error {
	for i := range 3 {
		if !(std[i] > 0) || math.IsInf(std[i], 0) || math.IsNaN(mean[i]) || math.IsInf(mean[i], 0) {
			return fmt.Errorf("image_mean %v and image_std %v: want finite means and positive deviations", mean, std)
		}
	}
	return nil
}
