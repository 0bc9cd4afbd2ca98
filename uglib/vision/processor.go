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

// ConfigName is the file in a model folder that holds a [Processor].
const ConfigName = "preprocessor_config.json"

// Limits of a picture's shape. Hugging Face refuses pictures longer than maxAspect times their width too.
const (
	maxAspect = 200
	maxSide   = 1 << 16 // pixels, keeps areas within an int on every platform
)

// Processor holds the settings of Qwen2-VL's image processor.
type Processor struct {
	MinPixels, MaxPixels int        // bounds on width·height after the resize
	PatchSize            int        // side of a patch in pixels
	TemporalPatchSize    int        // frames in a patch; a still picture is repeated
	MergeSize            int        // side of a merged block in patches
	Mean, Std            [3]float64 // per channel (red, green, blue), of values in 0..1
}

// Default gives the settings that Qwen2-VL was released with: 14-pixel patches, 2 frames, 2x2 merging, 56² to
// 1280·28² pixels, CLIP's mean and standard deviation.
func Default() *Processor {
	return &Processor{
		MinPixels: 56 * 56, MaxPixels: 28 * 28 * 1280,
		PatchSize: 14, TemporalPatchSize: 2, MergeSize: 2,
		Mean: clipMean, Std: clipStd,
	}
}

// Mean and standard deviation of CLIP's pictures, which all backbones use.
var (
	clipMean = [3]float64{0.48145466, 0.4578275, 0.40821073}
	clipStd  = [3]float64{0.26862954, 0.26130258, 0.27577711}
)

// Patches are the patches of one picture.
type Patches struct {
	Data []float32 // [N, 3·t·p·p] with N = Grid[0]·Grid[1]·Grid[2]: channel, frame, row, column within a patch
	Grid [3]int    // frames, height, width in patches
}

// Count gives the number of patches.
func (p Patches) Count() int { return p.Grid[0] * p.Grid[1] * p.Grid[2] }

// wireProcessor is preprocessor_config.json. Fields that are absent keep the defaults of transformers.
type wireProcessor struct {
	MinPixels         *int      `json:"min_pixels,omitempty"`
	MaxPixels         *int      `json:"max_pixels,omitempty"`
	Size              *wireSize `json:"size,omitempty"`
	PatchSize         *int      `json:"patch_size,omitempty"`
	TemporalPatchSize *int      `json:"temporal_patch_size,omitempty"`
	MergeSize         *int      `json:"merge_size,omitempty"`
	ImageMean         []float64 `json:"image_mean,omitempty"`
	ImageStd          []float64 `json:"image_std,omitempty"`
	DoResize          *bool     `json:"do_resize,omitempty"`
	DoRescale         *bool     `json:"do_rescale,omitempty"`
	DoNormalize       *bool     `json:"do_normalize,omitempty"`
	RescaleFactor     *float64  `json:"rescale_factor,omitempty"`
	Resample          *int      `json:"resample,omitempty"`
	Type              string    `json:"image_processor_type,omitempty"`
	ProcessorClass    string    `json:"processor_class,omitempty"`
}

type wireSize struct {
	ShortestEdge *int `json:"shortest_edge,omitempty"` // pixels in area, despite the name
	LongestEdge  *int `json:"longest_edge,omitempty"`
}

// UnmarshalJSON reads the fields of preprocessor_config.json. min_pixels and max_pixels win over size, as in
// transformers. Settings that this processor does not implement are an error.
func (p *Processor) UnmarshalJSON(data []byte) error {
	var w wireProcessor
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	q := *Default()
	set := func(dst *int, values ...*int) {
		for _, v := range values {
			if v != nil {
				*dst = *v
				return
			}
		}
	}
	var size wireSize
	if w.Size != nil {
		size = *w.Size
	}
	set(&q.MinPixels, w.MinPixels, size.ShortestEdge)
	set(&q.MaxPixels, w.MaxPixels, size.LongestEdge)
	set(&q.PatchSize, w.PatchSize)
	set(&q.TemporalPatchSize, w.TemporalPatchSize)
	set(&q.MergeSize, w.MergeSize)
	err := errors.Join(
		channels("image_mean", w.ImageMean, &q.Mean), channels("image_std", w.ImageStd, &q.Std),
		switchedOn(w.DoResize, w.DoRescale, w.DoNormalize), factorAndFilter(w.RescaleFactor, w.Resample))
	if err != nil {
		return err
	}
	if err := q.Validate(); err != nil {
		return err
	}
	*p = q
	return nil
}

// MarshalJSON writes the fields that transformers reads.
func (p *Processor) MarshalJSON() ([]byte, error) {
	yes, bicubic, factor := true, 3, 1.0/255
	return json.Marshal(wireProcessor{
		MinPixels: &p.MinPixels, MaxPixels: &p.MaxPixels, Size: &wireSize{&p.MinPixels, &p.MaxPixels},
		PatchSize: &p.PatchSize, TemporalPatchSize: &p.TemporalPatchSize, MergeSize: &p.MergeSize,
		ImageMean: p.Mean[:], ImageStd: p.Std[:], DoResize: &yes, DoRescale: &yes, DoNormalize: &yes,
		RescaleFactor: &factor, Resample: &bicubic,
		Type: "Qwen2VLImageProcessor", ProcessorClass: "Qwen2VLProcessor",
	})
}

// Validate says what is wrong with the settings, or nil.
func (p *Processor) Validate() error {
	var errs []error
	for _, f := range []struct {
		name  string
		v, hi int
	}{{"patch_size", p.PatchSize, 1024}, {"temporal_patch_size", p.TemporalPatchSize, 64}, {"merge_size", p.MergeSize, 64}} {
		if f.v < 1 || f.v > f.hi {
			errs = append(errs, fmt.Errorf("%s is %d, want 1 to %d", f.name, f.v, f.hi))
		}
	}
	if p.MinPixels < 1 || p.MaxPixels < p.MinPixels || p.MaxPixels > 1<<30 {
		errs = append(errs, fmt.Errorf("min_pixels is %d and max_pixels %d, want 1 <= min_pixels <= max_pixels <= 2^30", p.MinPixels, p.MaxPixels))
	}
	errs = append(errs, checkMeans(p.Mean, p.Std))
	return errors.Join(errs...)
}

// Load reads path, which is a preprocessor_config.json or a model folder that holds one.
func Load(path string) (*Processor, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, ConfigName)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("vision: %w", err)
	}
	p := new(Processor)
	if err := json.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("vision: %s: %w", path, err)
	}
	return p, nil
}

// Save writes the settings to path, or into a model folder, as preprocessor_config.json does, replacing the file in one
// step.
func (p *Processor) Save(path string) error { return saveConfig(path, p.Validate(), p) }

// PatchDim gives the number of values in a patch: 3·temporal_patch_size·patch_size².
func (p *Processor) PatchDim() int { return 3 * p.TemporalPatchSize * p.PatchSize * p.PatchSize }

// Size gives the width and height, in pixels, to which a picture of width x height pixels is resized: the nearest
// multiples of patch_size·merge_size (halves to even), scaled down or up when the area leaves the bounds
// (transformers' smart_resize). A side longer than 200 times the other is an error.
func (p *Processor) Size(width, height int) (int, int, error) {
	if err := checkShape(width, height); err != nil {
		return 0, 0, err
	}
	factor := float64(p.PatchSize * p.MergeSize)
	w, h := float64(width), float64(height)
	rw, rh := math.RoundToEven(w/factor)*factor, math.RoundToEven(h/factor)*factor
	switch {
	case rw*rh > float64(p.MaxPixels):
		beta := math.Sqrt(h * w / float64(p.MaxPixels))
		rh = max(factor, math.Floor(h/beta/factor)*factor)
		rw = max(factor, math.Floor(w/beta/factor)*factor)
	case rw*rh < float64(p.MinPixels):
		beta := math.Sqrt(float64(p.MinPixels) / (h * w))
		rh = math.Ceil(h*beta/factor) * factor
		rw = math.Ceil(w*beta/factor) * factor
	}
	if rw < factor || rh < factor {
		return 0, 0, fmt.Errorf("vision: picture of %dx%d pixels is thinner than half a block of %g pixels, try a larger one or a larger min_pixels", width, height, factor)
	}
	return int(rw), int(rh), nil
}

// checkShape refuses pictures that no processor takes.
func checkShape(width, height int) error {
	if width < 1 || height < 1 || width > maxSide || height > maxSide {
		return fmt.Errorf("vision: picture of %dx%d pixels: every side must be 1 to %d", width, height, maxSide)
	}
	if max(width, height) > maxAspect*min(width, height) {
		return fmt.Errorf("vision: picture of %dx%d pixels: one side is more than %d times the other, try cropping it", width, height, maxAspect)
	}
	return nil
}

// Grid gives the frames, height and width in patches of a picture of width x height pixels, without reading it.
func (p *Processor) Grid(width, height int) ([3]int, error) {
	w, h, err := p.Size(width, height)
	if err != nil {
		return [3]int{}, err
	}
	return [3]int{1, h / p.PatchSize, w / p.PatchSize}, nil
}

// Process resizes and normalises img and cuts it into patches.
func (p *Processor) Process(img image.Image) (Patches, error) {
	src, err := picture(img)
	if err != nil {
		return Patches{}, err
	}
	w, h, err := p.Size(src.Width, src.Height)
	if err != nil {
		return Patches{}, err
	}
	small, err := Resize(src, w, h)
	if err != nil {
		return Patches{}, err
	}
	return p.patches(small), nil
}

// patches normalises a resized picture and lays its patches out: blocks of merge_size² patches row by row, patches row
// by row within a block, and in a patch channel, frame, row, column. The single frame is repeated.
func (p *Processor) patches(src RGB) Patches {
	table := normalised(p.Mean, p.Std)
	ps, m, frames := p.PatchSize, p.MergeSize, p.TemporalPatchSize
	gh, gw := src.Height/ps, src.Width/ps
	out := Patches{Data: make([]float32, gh*gw*p.PatchDim()), Grid: [3]int{1, gh, gw}}
	frame := ps * ps
	dst := out.Data
	for by := 0; by < gh; by += m {
		for bx := 0; bx < gw; bx += m {
			for my := range m {
				for mx := range m {
					for c := range 3 {
						first := dst[:frame]
						for y := range ps {
							row := src.Pix[3*(((by+my)*ps+y)*src.Width+(bx+mx)*ps)+c:]
							line := first[y*ps : (y+1)*ps]
							for x := range line {
								line[x] = table[c][row[3*x]]
							}
						}
						for t := 1; t < frames; t++ {
							copy(dst[t*frame:(t+1)*frame], first)
						}
						dst = dst[frames*frame:]
					}
				}
			}
		}
	}
	return out
}
