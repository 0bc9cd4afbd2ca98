package vision

import (
	"encoding/json"
	"fmt"
	"image"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Picture is a picture as a backbone reads it: [Patches] or [Tiles].
type Picture interface{ Values() int }

// Values gives the number of values in all patches.
func (p Patches) Values() int { return len(p.Data) }

// Values gives the number of values in all tiles.
func (t Tiles) Values() int { return len(t.Data) }

// ImageProcessor turns pictures into what a backbone reads.
type ImageProcessor interface {
	// Prepare makes the picture that the backbone reads.
	Prepare(img image.Image) (Picture, error)
	// Reduce gives a smaller picture of which Prepare makes the same, to keep in memory; or nil where there is none.
	Reduce(img image.Image) (*image.NRGBA, error)
	// Save writes the settings to path, or into a model folder, as preprocessor_config.json.
	Save(path string) error
}

// Prepare is [Processor.Process].
func (p *Processor) Prepare(img image.Image) (Picture, error) { return p.Process(img) }

// Reduce resizes a picture to the size that Process gives it; to process that again costs little and changes nothing,
// unless the picture is so long and thin that no size of its shape is within the bounds.
func (p *Processor) Reduce(img image.Image) (*image.NRGBA, error) {
	src, err := picture(img)
	if err != nil {
		return nil, err
	}
	w, h, err := p.Size(src.Width, src.Height)
	if err != nil {
		return nil, err
	}
	small, err := Resize(src, w, h)
	if err != nil {
		return nil, err
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		copy(out.Pix[4*i:], small.Pix[3*i:3*i+3])
		out.Pix[4*i+3] = 0xff
	}
	return out, nil
}

// Prepare is [LlavaNext.Process].
func (l *LlavaNext) Prepare(img image.Image) (Picture, error) { return l.Process(img) }

// Reduce gives nil: the tiles need the whole picture.
func (l *LlavaNext) Reduce(image.Image) (*image.NRGBA, error) { return nil, nil }

// Save writes the settings to path, or into a model folder, as preprocessor_config.json does, replacing the file in one
// step.
func (l *LlavaNext) Save(path string) error {
	return saveConfig(path, l.Validate(), map[string]any{
		"image_processor_type": "LlavaNextImageProcessor", "processor_class": "LlavaNextProcessor",
		"size": map[string]int{"shortest_edge": l.Side}, "crop_size": map[string]int{"height": l.Side, "width": l.Side},
		"image_grid_pinpoints": l.Pinpoints, "image_mean": l.Mean, "image_std": l.Std, "resample": 3, "rescale_factor": 1.0 / 255,
		"do_convert_rgb": true, "do_resize": true, "do_center_crop": true, "do_rescale": true, "do_normalize": true, "do_pad": true,
	})
}

// Prepare is [Phi3V.Process].
func (p *Phi3V) Prepare(img image.Image) (Picture, error) { return p.Process(img) }

// Reduce gives nil: the tiles need the whole picture.
func (p *Phi3V) Reduce(image.Image) (*image.NRGBA, error) { return nil, nil }

// Save writes the settings to path, or into a model folder, as preprocessor_config.json does, replacing the file in one
// step.
func (p *Phi3V) Save(path string) error {
	return saveConfig(path, p.Validate(), map[string]any{
		"image_processor_type": "Phi3VImageProcessor", "processor_class": "Phi3VProcessor",
		"auto_map": map[string]string{
			"AutoProcessor": "processing_phi3_v.Phi3VProcessor", "AutoImageProcessor": "image_processing_phi3_v.Phi3VImageProcessor",
		},
		"num_crops": p.Crops, "image_mean": p.Mean, "image_std": p.Std, "num_img_tokens": 144,
	})
}

// saveConfig writes settings, unless they are invalid.
func saveConfig(path string, invalid error, settings any) error {
	if filepath.Ext(path) != ".json" {
		path = filepath.Join(path, ConfigName)
	}
	if invalid != nil {
		return fmt.Errorf("vision: %s not written: %w", path, invalid)
	}
	data, err := json.MarshalIndent(settings, "", "  ")
	if err != nil {
		return fmt.Errorf("vision: %w", err)
	}
	if err := renameio.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("vision: %w", err)
	}
	return nil
}
