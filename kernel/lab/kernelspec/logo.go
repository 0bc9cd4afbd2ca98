package kernelspec

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
)

// The logo is a small street graph on a rounded square: five junctions, the streets between them, and one
// place that stands out. Positions and radii are in units of a side.
var (
	junctions = [][2]float64{{0.24, 0.28}, {0.70, 0.20}, {0.82, 0.56}, {0.46, 0.52}, {0.30, 0.80}}
	streets   = [][2]int{{0, 1}, {1, 2}, {0, 3}, {1, 3}, {2, 3}, {3, 4}, {2, 4}}

	ground = color.NRGBA{0x0b, 0x3c, 0x5d, 0xff}
	line   = color.NRGBA{0x8f, 0xd3, 0xe8, 0xff}
	dot    = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	place  = color.NRGBA{0xff, 0xb0, 0x2e, 0xff}
)

const (
	corner     = 0.18 // radius of the square's corners
	lineWidth  = 0.055
	dotRadius  = 0.075
	placeOf    = 3 // the junction that stands out
	placeScale = 1.6
)

// logoSVG is the logo as an SVG document.
func logoSVG() string {
	const side = 100
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Go (urbangraph)">`+"\n", side, side)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="%g" fill="%s"/>`+"\n", side, side, corner*side, hex(ground))
	fmt.Fprintf(&b, `<g stroke="%s" stroke-width="%.3g" stroke-linecap="round">`+"\n", hex(line), lineWidth*side)
	for _, s := range streets {
		p, q := junctions[s[0]], junctions[s[1]]
		fmt.Fprintf(&b, `<line x1="%.3g" y1="%.3g" x2="%.3g" y2="%.3g"/>`+"\n", p[0]*side, p[1]*side, q[0]*side, q[1]*side)
	}
	b.WriteString("</g>\n")
	for i, p := range junctions {
		fill, r := dot, dotRadius
		if i == placeOf {
			fill, r = place, dotRadius*placeScale
		}
		fmt.Fprintf(&b, `<circle cx="%.3g" cy="%.3g" r="%.3g" fill="%s"/>`+"\n", p[0]*side, p[1]*side, r*side, hex(fill))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// hex is a colour as SVG writes it.
func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// logoPNG is the logo as a PNG of the given side, smoothed by 6 by 6 samples a pixel.
func logoPNG(side int) ([]byte, error) {
	const samples = 6
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			var r, g, b, a float64
			for sy := range samples {
				for sx := range samples {
					c := logoAt((float64(x)+(float64(sx)+0.5)/samples)/float64(side), (float64(y)+(float64(sy)+0.5)/samples)/float64(side))
					w := float64(c.A) / 255
					r, g, b, a = r+w*float64(c.R), g+w*float64(c.G), b+w*float64(c.B), a+w
				}
			}
			if a > 0 {
				img.SetNRGBA(x, y, color.NRGBA{uint8(r/a + 0.5), uint8(g/a + 0.5), uint8(b/a + 0.5), uint8(255*a/(samples*samples) + 0.5)})
			}
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, img)
	return out.Bytes(), err
}

// logoAt is the logo's colour at a place.
func logoAt(x, y float64) color.NRGBA {
	for i, p := range junctions {
		d := math.Hypot(x-p[0], y-p[1])
		if i == placeOf && d <= dotRadius*placeScale {
			return place
		}
		if i != placeOf && d <= dotRadius {
			return dot
		}
	}
	for _, s := range streets {
		if toSegment(x, y, junctions[s[0]], junctions[s[1]]) <= lineWidth/2 {
			return line
		}
	}
	// Distance to the square that the corners' centres span.
	dx := max(corner-x, x-(1-corner), 0)
	dy := max(corner-y, y-(1-corner), 0)
	if math.Hypot(dx, dy) <= corner {
		return ground
	}
	return color.NRGBA{}
}

// toSegment is the distance of a place from the segment between two others.
func toSegment(x, y float64, p, q [2]float64) float64 {
	ux, uy := q[0]-p[0], q[1]-p[1]
	t := ((x-p[0])*ux + (y-p[1])*uy) / (ux*ux + uy*uy)
	t = min(max(t, 0), 1)
	return math.Hypot(x-p[0]-t*ux, y-p[1]-t*uy)
}
