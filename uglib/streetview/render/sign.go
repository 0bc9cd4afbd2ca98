package render

import (
	"image"
	"image/color"
	"math"
	"sync"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Symbol is the mark on a sign, before its name.
type Symbol uint8

const (
	Plain  Symbol = iota
	Plus          // health care
	Fork          // food and drink
	Bag           // shops
	Book          // education
	Bed           // accommodation
	Coin          // banks
	Letter        // post and public service
	Bus           // transport
	Temple        // culture and history
	Cross         // places of worship
	Leaf          // parks and leisure
)

// sign is a board of two colours with a name on it, drawn when it is first
// seen.
type sign struct {
	text       string
	symbol     Symbol
	paper, ink rgb
	w, h       int // texels of the finest level

	once   sync.Once
	levels []shades
}

// shades is a picture whose texels go from paper (0) to ink (255).
type shades struct {
	w, h int
	pix  []uint8
}

// level returns the picture whose rows are just more than the canvas rows
// that it will cover.
func (s *sign) level(rows float64) *shades {
	s.once.Do(s.draw)
	return &s.levels[levelFor(s.h, len(s.levels), rows)]
}

func levelFor(h, levels int, rows float64) int {
	n := int(math.Log2(math.Max(1, float64(h)/math.Max(rows, 1))))
	return min(n, levels-1)
}

var signFont = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(gobold.TTF)
	if err != nil {
		panic(err) // the font is part of the program
	}
	return f
})

func (s *sign) draw() {
	img := image.NewAlpha(image.Rect(0, 0, s.w, s.h))
	frame := max(1, s.h/24)
	for i := range frame {
		for x := range s.w {
			img.SetAlpha(x, i, color.Alpha{255})
			img.SetAlpha(x, s.h-1-i, color.Alpha{255})
		}
		for y := range s.h {
			img.SetAlpha(i, y, color.Alpha{255})
			img.SetAlpha(s.w-1-i, y, color.Alpha{255})
		}
	}
	left := s.h / 8
	switch {
	case s.text == "":
		drawSymbol(img, s.symbol, left, s.h/8, s.h*3/4)
	case s.symbol != Plain:
		drawSymbol(img, s.symbol, left, s.h/8, s.h*3/4)
		left += s.h * 7 / 8
	}
	drawText(img, image.Rect(left, s.h/10, s.w-s.h/8, s.h-s.h/10), s.text)
	s.levels = []shades{{s.w, s.h, img.Pix}}
	for w, h := s.w/2, s.h/2; w >= 4 && h >= 2; w, h = w/2, h/2 {
		s.levels = append(s.levels, s.levels[len(s.levels)-1].half())
	}
}

func (m shades) half() shades {
	o := shades{w: m.w / 2, h: m.h / 2}
	o.pix = make([]uint8, o.w*o.h)
	for y := range o.h {
		for x := range o.w {
			i := 2*y*m.w + 2*x
			o.pix[y*o.w+x] = uint8((int(m.pix[i]) + int(m.pix[i+1]) + int(m.pix[i+m.w]) + int(m.pix[i+m.w+1]) + 2) / 4)
		}
	}
	return o
}

// drawText fits the text into the box: on one line as large as it goes, or on
// two lines where that makes it larger.
func drawText(img *image.Alpha, box image.Rectangle, text string) {
	text = short(text)
	if text == "" || box.Dx() < 4 || box.Dy() < 4 {
		return
	}
	lines := []string{text}
	size := fit(lines, box)
	if a, b, ok := halves(text); ok {
		if two := fit([]string{a, b}, box); two > size {
			lines, size = []string{a, b}, two
		}
	}
	face, err := opentype.NewFace(signFont(), &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return
	}
	defer face.Close()
	d := font.Drawer{Dst: img, Src: image.NewUniform(color.Alpha{255}), Face: face}
	gap := float64(box.Dy()) / float64(len(lines))
	for i, line := range lines {
		x := float64(box.Min.X) + (float64(box.Dx())-float64(d.MeasureString(line))/64)/2
		y := float64(box.Min.Y) + gap*(float64(i)+0.5) + size*0.36
		d.Dot = fixed.Point26_6{X: fixed.Int26_6(x * 64), Y: fixed.Int26_6(y * 64)}
		d.DrawString(line)
	}
}

// fit returns the font size in texels at which the lines fill the box.
func fit(lines []string, box image.Rectangle) float64 {
	const probe = 32
	face, err := opentype.NewFace(signFont(), &opentype.FaceOptions{Size: probe, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return probe
	}
	defer face.Close()
	size := float64(box.Dy()) / float64(len(lines)) / 1.0
	for _, line := range lines {
		if w := float64(font.MeasureString(face, line)) / 64; w > 0 {
			size = math.Min(size, probe*float64(box.Dx())/w)
		}
	}
	return size
}

// longestName is the number of letters after which a name on a sign is cut.
const longestName = 40

func short(s string) string {
	if utf8.RuneCountInString(s) <= longestName {
		return s
	}
	return string([]rune(s)[:longestName-1]) + "…"
}

// halves splits a text at the blank nearest to its middle.
func halves(s string) (a, b string, ok bool) {
	best := -1
	for i := range len(s) {
		if s[i] == ' ' && (best < 0 || abs(2*i-len(s)) < abs(2*best-len(s))) {
			best = i
		}
	}
	if best <= 0 {
		return "", "", false
	}
	return s[:best], s[best+1:], true
}

func abs(n int) int { return max(n, -n) }

// drawSymbol draws a symbol into a square of n texels at (x, y).
func drawSymbol(img *image.Alpha, s Symbol, x, y, n int) {
	// Rectangles in tenths of the square: x0, y0, x1, y1.
	var boxes [][4]int
	switch s {
	case Plus:
		boxes = [][4]int{{4, 0, 6, 10}, {0, 4, 10, 6}}
	case Fork:
		boxes = [][4]int{{1, 0, 2, 4}, {3, 0, 4, 4}, {1, 3, 4, 5}, {2, 4, 3, 10}, {7, 0, 9, 6}, {7, 6, 8, 10}}
	case Bag:
		boxes = [][4]int{{1, 4, 9, 10}, {3, 1, 4, 4}, {6, 1, 7, 4}, {3, 1, 7, 2}}
	case Book:
		boxes = [][4]int{{0, 2, 5, 9}, {5, 2, 10, 3}, {5, 8, 10, 9}, {9, 2, 10, 9}, {6, 5, 9, 6}}
	case Bed:
		boxes = [][4]int{{0, 2, 1, 9}, {1, 6, 10, 8}, {9, 8, 10, 9}, {2, 4, 4, 6}, {4, 5, 10, 6}}
	case Coin:
		boxes = [][4]int{{4, 0, 6, 10}, {1, 1, 9, 3}, {1, 4, 9, 6}, {1, 7, 9, 9}, {1, 1, 3, 5}, {7, 5, 9, 9}}
	case Letter:
		boxes = [][4]int{{0, 2, 10, 3}, {0, 8, 10, 9}, {0, 2, 1, 9}, {9, 2, 10, 9}, {2, 4, 4, 5}, {6, 4, 8, 5}, {4, 5, 6, 6}}
	case Bus:
		boxes = [][4]int{{1, 1, 9, 3}, {1, 5, 9, 8}, {1, 3, 2, 5}, {8, 3, 9, 5}, {4, 3, 5, 5}, {2, 8, 4, 10}, {6, 8, 8, 10}}
	case Temple:
		boxes = [][4]int{{4, 0, 6, 1}, {2, 1, 8, 2}, {0, 2, 10, 3}, {1, 4, 3, 8}, {4, 4, 6, 8}, {7, 4, 9, 8}, {0, 9, 10, 10}}
	case Cross:
		boxes = [][4]int{{4, 0, 6, 10}, {2, 2, 8, 4}}
	case Leaf:
		boxes = [][4]int{{3, 0, 7, 2}, {1, 2, 9, 5}, {2, 5, 8, 7}, {4, 7, 6, 10}}
	}
	for _, b := range boxes {
		for py := y + b[1]*n/10; py < y+b[3]*n/10; py++ {
			for px := x + b[0]*n/10; px < x+b[2]*n/10; px++ {
				img.SetAlpha(px, py, color.Alpha{255})
			}
		}
	}
}
