package show

import (
	"image"
	"strconv"

	"urbangraph/kernel/internal/shown"
)

// pixels is a picture of which the kernel makes a PNG file: that keeps the encoder out of the cells.
type pixels struct {
	coding shown.Coding
	data   []byte
}

// mostPixels fit into a frame.
const mostPixels = shown.Limit/4 - 1024

func imageBundle(img image.Image) Bundle {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	text := "[picture, " + strconv.Itoa(w) + "×" + strconv.Itoa(h) + "]"
	switch {
	case w <= 0 || h <= 0:
		return Bundle{plain: text}
	case h > mostPixels/w:
		return Bundle{plain: text + ": too large to be shown, make it smaller"}
	}
	return Bundle{png: pixelsOf(img), plain: text}
}

// pixelsOf reads the pixels of a picture that is not empty.
func pixelsOf(img image.Image) pixels {
	r := img.Bounds()
	w, h := r.Dx(), r.Dy()
	p := pixels{coding: shown.RGBA, data: make([]byte, 0, 8+4*w*h)}
	for _, n := range []int{w, h} {
		p.data = append(p.data, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	switch m := img.(type) {
	case *image.RGBA:
		for y := r.Min.Y; y < r.Max.Y; y++ {
			i := m.PixOffset(r.Min.X, y)
			p.data = append(p.data, m.Pix[i:i+4*w]...)
		}
		return p
	case *image.NRGBA:
		p.coding = shown.NRGBA
		for y := r.Min.Y; y < r.Max.Y; y++ {
			i := m.PixOffset(r.Min.X, y)
			p.data = append(p.data, m.Pix[i:i+4*w]...)
		}
		return p
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			cr, cg, cb, ca := img.At(x, y).RGBA()
			p.data = append(p.data, byte(cr>>8), byte(cg>>8), byte(cb>>8), byte(ca>>8))
		}
	}
	return p
}
