package plots

import (
	"image/color"

	"urbangraph/uglib/ugdata"
)

// The palette of Okabe and Ito (2008), without black.
var (
	orange     = color.NRGBA{0xe6, 0x9f, 0x00, 0xff}
	sky        = color.NRGBA{0x56, 0xb4, 0xe9, 0xff}
	green      = color.NRGBA{0x00, 0x9e, 0x73, 0xff}
	yellow     = color.NRGBA{0xf0, 0xe4, 0x42, 0xff}
	blue       = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	vermillion = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	purple     = color.NRGBA{0xcc, 0x79, 0xa7, 0xff}
	grey       = color.NRGBA{0x8a, 0x8f, 0x98, 0xff}
	ink        = color.NRGBA{0x26, 0x2b, 0x33, 0xff}
	muted      = color.NRGBA{0x63, 0x6b, 0x76, 0xff}
	white      = color.NRGBA{0xff, 0xff, 0xff, 0xff}
)

// series are the colours of series, in order of use.
var series = []color.NRGBA{blue, vermillion, green, orange, purple, sky, grey, yellow}

func seriesColour(i int) color.NRGBA { return series[i%len(series)] }

// alpha returns c with the given opacity in [0, 1].
func alpha(c color.NRGBA, a float64) color.NRGBA {
	c.A = uint8(a*255 + 0.5)
	return c
}

// ramp goes from pale to dark through colours of falling lightness (a short
// form of ColorBrewer's YlGnBu); t is in [0, 1].
func ramp(t float64) color.NRGBA {
	stops := []color.NRGBA{
		{0xed, 0xf8, 0xb1, 0xff}, {0xa1, 0xda, 0xb4, 0xff}, {0x41, 0xb6, 0xc4, 0xff},
		{0x22, 0x5e, 0xa8, 0xff}, {0x0c, 0x2c, 0x84, 0xff},
	}
	t = min(max(t, 0), 1) * float64(len(stops)-1)
	i := min(int(t), len(stops)-2)
	f := t - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*f + 0.5) }
	a, b := stops[i], stops[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

var splitColours = map[ugdata.Split]color.NRGBA{
	ugdata.Train: blue, ugdata.Val: orange, ugdata.Test: vermillion, ugdata.HeldOut: purple, ugdata.Buffer: grey,
}
