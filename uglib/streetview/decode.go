package streetview

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	_ "image/jpeg" // formats of image files
	_ "image/png"
	"os"

	_ "golang.org/x/image/webp"

	"urbangraph/uglib/streetview/exif"
)

// maxPixels bounds the memory that an image file may ask for.
const maxPixels = 400e6

// Image decodes a view's image file; see [DecodeFile].
func (s *Set) Image(v View) (image.Image, error) { return DecodeFile(s.Path(v)) }

// DecodeFile decodes a JPEG, PNG or WebP file and turns it upright by its EXIF
// orientation.
func DecodeFile(path string) (image.Image, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	img, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("image %s cannot be decoded: %w; remove it or save it anew as JPEG", path, err)
	}
	return img, nil
}

// Decode does what [DecodeFile] does for the bytes of a file.
func Decode(data []byte) (image.Image, error) {
	if err := checkConfig(data); err != nil {
		return nil, err
	}
	img, err := decode(data)
	if err != nil {
		return nil, err
	}
	// A damaged EXIF block takes nothing from the pixels.
	meta, _ := exif.Read(bytes.NewReader(data))
	return upright(img, meta.Orientation), nil
}

// checkConfig returns an error for a file that is no image, or too large a one.
func checkConfig(data []byte) error {
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil:
		return fmt.Errorf("no image that can be decoded: %w", err)
	case float64(cfg.Width)*float64(cfg.Height) > maxPixels:
		return fmt.Errorf("%d by %d pixels are more than %.0f million", cfg.Width, cfg.Height, maxPixels/1e6)
	}
	return nil
}

// decode decodes the pixels of a file that checkConfig is content with, as they
// are stored.
func decode(data []byte) (img image.Image, err error) {
	// A decoder that panics on a damaged file must not end the reading of a folder.
	defer func() {
		if p := recover(); p != nil {
			img, err = nil, fmt.Errorf("damaged image: %v", p)
		}
	}()
	img, _, err = image.Decode(bytes.NewReader(data))
	return img, err
}

// upright applies an EXIF orientation: 2 to 8 are the ways in which rows and
// columns can be swapped and reversed, anything else is upright already.
func upright(src image.Image, orientation int) image.Image {
	if src == nil || orientation < 2 || orientation > 8 {
		return src
	}
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	rgba := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(rgba, rgba.Rect, src, b.Min, draw.Src)
	size := rgba.Rect
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			sx, sy := x, y
			switch orientation {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, h-1-x
			case 7:
				sx, sy = w-1-y, h-1-x
			case 8:
				sx, sy = w-1-y, x
			}
			copy(dst.Pix[dst.PixOffset(x, y):][:4], rgba.Pix[rgba.PixOffset(sx, sy):][:4])
		}
	}
	return dst
}
