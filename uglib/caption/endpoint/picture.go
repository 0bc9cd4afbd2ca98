package endpoint

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"os"

	"golang.org/x/image/draw"

	"urbangraph/uglib/streetview"
)

// dataURL returns an image file as a JPEG in a data URL, upright, its longer side
// at most so many pixels. Nothing of its metadata is sent, its position neither.
func dataURL(path string, side, quality int) (string, error) {
	img, err := streetview.DecodeFile(path)
	if err != nil {
		return "", err
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, reduce(img, side), &jpeg.Options{Quality: quality}); err != nil {
		return "", err
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(buf.Bytes()), nil
}

// reduce scales an image so that its longer side has at most so many pixels, on
// white where it is transparent.
func reduce(img image.Image, side int) image.Image {
	b := img.Bounds()
	w, h := fit(b.Dx(), b.Dy(), side)
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(dst, dst.Bounds(), img, b.Min, draw.Over)
	} else {
		draw.CatmullRom.Scale(dst, dst.Bounds(), img, b, draw.Over, nil)
	}
	return dst
}

// fit returns the size of a picture within a square.
func fit(w, h, side int) (int, int) {
	if most := max(w, h); most > side {
		w, h = max(1, (w*side+most/2)/most), max(1, (h*side+most/2)/most)
	}
	return w, h
}

// pictureTokens estimates how many tokens an image takes, from its file's header:
// one for 28 by 28 pixels, as in Qwen2-VL; 0 if it cannot be read.
func pictureTokens(path string, side int) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	cfg, _, err := image.DecodeConfig(f)
	if err != nil {
		return 0
	}
	w, h := fit(cfg.Width, cfg.Height, side)
	return ((w+27)/28)*((h+27)/28) + 2
}

// textTokens estimates how many tokens a text takes: one for four bytes of
// ASCII, one for each other letter.
func textTokens(s string) int {
	ascii, other := 0, 0
	for _, r := range s {
		if r < 0x80 {
			ascii++
		} else {
			other++
		}
	}
	return (ascii+3)/4 + other
}
