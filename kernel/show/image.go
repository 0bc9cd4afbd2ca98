package show

import (
	"reflect"
	"strconv"

	"urbangraph/kernel/internal/shown"
)

// Pictures are told by their methods and read by reflection, so that only programs that have pictures link
// the package image.

// pixels is a picture of which the kernel makes a PNG file: that keeps the encoder out of the cells.
type pixels struct {
	coding shown.Coding
	data   []byte
}

// mostPixels fit into a frame.
const mostPixels = shown.Limit/4 - 1024

// colour is what all of image/color is.
type colour interface{ RGBA() (r, g, b, a uint32) }

// rectangle is an image.Rectangle.
type rectangle struct{ x0, y0, x1, y1 int }

// imageBundle shows an image.Image; false for anything else.
func imageBundle(v any) (Bundle, bool) {
	img := reflect.ValueOf(v)
	at := img.MethodByName("At")
	r, ok := bounds(img)
	if !ok || !at.IsValid() || at.Type().NumIn() != 2 || at.Type().NumOut() != 1 || !at.Type().Out(0).Implements(reflect.TypeFor[colour]()) {
		return nil, false
	}
	w, h := r.x1-r.x0, r.y1-r.y0
	text := "[picture, " + strconv.Itoa(w) + "×" + strconv.Itoa(h) + "]"
	switch {
	case w <= 0 || h <= 0:
		return Bundle{plain: text}, true
	case h > mostPixels/w:
		return Bundle{plain: text + ": too large to be shown, make it smaller"}, true
	}
	p := pixels{coding: shown.RGBA, data: make([]byte, 0, 8+4*w*h)}
	for _, n := range []int{w, h} {
		p.data = append(p.data, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	if !p.copyFrom(img, r) {
		p.read(at, r)
	}
	return Bundle{png: p, plain: text}, true
}

// bounds calls the method Bounds of an image.
func bounds(img reflect.Value) (r rectangle, ok bool) {
	method := img.MethodByName("Bounds")
	if !method.IsValid() || method.Type().NumIn() != 0 || method.Type().NumOut() != 1 || method.Type().Out(0).String() != "image.Rectangle" {
		return r, false
	}
	return rectangleOf(method.Call(nil)[0]), true
}

func rectangleOf(v reflect.Value) rectangle {
	at := func(point, coordinate int) int { return int(v.Field(point).Field(coordinate).Int()) }
	return rectangle{at(0, 0), at(0, 1), at(1, 0), at(1, 1)}
}

// copyFrom copies the pixels of an *image.RGBA or *image.NRGBA; false for other images.
func (p *pixels) copyFrom(img reflect.Value, r rectangle) bool {
	if img.Kind() != reflect.Pointer {
		return false
	}
	m := img.Elem()
	switch m.Type().String() {
	case "image.RGBA":
	case "image.NRGBA":
		p.coding = shown.NRGBA
	default:
		return false
	}
	pix, stride := m.Field(0).Bytes(), int(m.Field(1).Int())
	row := 4 * (r.x1 - r.x0)
	for i := range r.y1 - r.y0 {
		p.data = append(p.data, pix[i*stride:i*stride+row]...)
	}
	return true
}

// read asks for every pixel.
func (p *pixels) read(at reflect.Value, r rectangle) {
	args := []reflect.Value{reflect.New(reflect.TypeFor[int]()).Elem(), reflect.New(reflect.TypeFor[int]()).Elem()}
	for y := r.y0; y < r.y1; y++ {
		for x := r.x0; x < r.x1; x++ {
			args[0].SetInt(int64(x))
			args[1].SetInt(int64(y))
			c, ok := at.Call(args)[0].Interface().(colour)
			if !ok {
				p.data = append(p.data, 0, 0, 0, 0)
				continue
			}
			cr, cg, cb, ca := c.RGBA()
			p.data = append(p.data, byte(cr>>8), byte(cg>>8), byte(cb>>8), byte(ca>>8))
		}
	}
}
