package carto

import (
	"image/color"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
)

var (
	fonts = font.NewCache(liberation.Collection())

	ink   = color.NRGBA{0x26, 0x2b, 0x33, 0xff}
	muted = color.NRGBA{0x63, 0x6b, 0x76, 0xff}
	white = color.NRGBA{0xff, 0xff, 0xff, 0xff}
)

func face(size float64, bold bool) font.Face {
	f := font.Font{Typeface: "Liberation", Variant: "Sans"}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return fonts.Lookup(f, vg.Length(size))
}

func textWidth(f font.Face, s string) float64 { return float64(f.Width(s)) }

// text writes s with its base line starting at (x, y).
func (p pen) text(f font.Face, x, y float64, s string, c color.NRGBA) {
	if s == "" {
		return
	}
	p.SetColor(c)
	p.FillString(f, vg.Point{X: vg.Length(x), Y: vg.Length(y)}, s)
}

// halo writes s over a light rim that keeps it readable on any ground.
func (p pen) halo(f font.Face, x, y float64, s string, c color.NRGBA) {
	rim := color.NRGBA{0xff, 0xff, 0xff, 0xb4}
	for _, d := range [...][2]float64{{-1, -1}, {-1, 1}, {1, -1}, {1, 1}, {0, 1.3}, {0, -1.3}, {1.3, 0}, {-1.3, 0}} {
		p.text(f, x+d[0], y+d[1], s, rim)
	}
	p.text(f, x, y, s, c)
}

// shorten cuts s so that it is at most w wide.
func shorten(f font.Face, s string, w float64) string {
	if textWidth(f, s) <= w {
		return s
	}
	r := []rune(s)
	for len(r) > 0 && textWidth(f, string(r)+"…") > w {
		r = r[:len(r)-1]
	}
	return string(r) + "…"
}
