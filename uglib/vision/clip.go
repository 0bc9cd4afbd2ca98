package vision

import (
	"errors"
	"fmt"
	"image"
)

// Clip holds the settings of CLIP's image processor: the shorter side is scaled to Short, and the square of Side in the
// middle is kept, with black where the picture is smaller. The numbers are those of Hugging Face transformers'
// CLIPImageProcessor.
type Clip struct {
	Short, Side int        // pixels
	Mean, Std   [3]float64 // per channel (red, green, blue), of values in 0..1
}

// LoadClip reads path, which is a preprocessor_config.json of CLIP or a model folder that holds one. Settings that are
// not implemented are an error.
func LoadClip(path string) (*Clip, error) {
	c := &Clip{Short: 224, Side: 224, Mean: clipMean, Std: clipStd}
	err := loadTiles(path, func(w wireTiles) error {
		if w.DoCenterCrop != nil && !*w.DoCenterCrop {
			return errors.New("do_center_crop is false: only square pictures are supported")
		}
		if w.Size != nil {
			if c.Short = w.Size.shortest; c.Short == 0 {
				return fmt.Errorf("size %+v has no shortest_edge: only pictures whose sides stay in proportion are supported", *w.Size)
			}
		}
		if w.CropSize != nil {
			side, square := w.CropSize.square()
			if !square {
				return fmt.Errorf("crop_size %+v: only square pictures are supported", *w.CropSize)
			}
			c.Side = side
		}
		if c.Short < 1 || c.Short > 4096 || c.Side < 1 || c.Side > 4096 {
			return fmt.Errorf("sides of %d and %d pixels, want 1 to 4096", c.Short, c.Side)
		}
		return errors.Join(w.means(&c.Mean, &c.Std), checkMeans(c.Mean, c.Std))
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Process makes the one tile of a picture.
func (c *Clip) Process(img image.Image) (Tiles, error) {
	src, err := picture(img)
	if err != nil {
		return Tiles{}, err
	}
	width, height := c.Short, c.Short*src.Height/src.Width
	if src.Height < src.Width {
		width, height = c.Short*src.Width/src.Height, c.Short
	}
	scaled, err := Resize(src, width, height)
	if err != nil {
		return Tiles{}, err
	}
	table := normalised(c.Mean, c.Std)
	t := Tiles{Side: c.Side, Width: src.Width, Height: src.Height}
	scaled = pad(scaled, max(width, c.Side), max(height, c.Side), 0)
	t.add(scaled, (scaled.Width-c.Side)/2, (scaled.Height-c.Side)/2, &table)
	return t, nil
}
