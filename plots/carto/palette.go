package carto

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// Paletted reduces a picture to at most 256 colours, which makes the PNG of a
// map about a third as large. The colours used most are kept as they are; each
// other one becomes the nearest of these. The result is the same for the same
// picture.
func Paletted(img *image.RGBA) *image.Paletted {
	// Colours are counted in steps of 4 levels a channel.
	const bits = 6
	key := func(r, g, b uint8) uint32 {
		return uint32(r>>(8-bits))<<(2*bits) | uint32(g>>(8-bits))<<bits | uint32(b>>(8-bits))
	}
	type bin struct{ n, r, g, b int }
	bins := make([]bin, 1<<(3*bits))
	exact := map[color.RGBA]int{}
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		row := img.Pix[img.PixOffset(img.Rect.Min.X, y):img.PixOffset(img.Rect.Max.X, y)]
		for i := 0; i < len(row); i += 4 {
			b := &bins[key(row[i], row[i+1], row[i+2])]
			b.n++
			b.r += int(row[i])
			b.g += int(row[i+1])
			b.b += int(row[i+2])
			exact[color.RGBA{row[i], row[i+1], row[i+2], row[i+3]}]++
		}
	}
	pal := flat(exact, img.Rect.Dx()*img.Rect.Dy())
	var used []int
	for k, b := range bins {
		if b.n > 0 {
			used = append(used, k)
		}
	}
	slices.SortStableFunc(used, func(a, b int) int { return cmp.Compare(bins[b].n, bins[a].n) })
	// Rounds with a falling least distance spread the palette over all hues
	// before it takes more shades of the common ones.
	for _, least := range []int{48, 24, 12, 6, 0} {
		for _, k := range used {
			if len(pal) >= 256 {
				break
			}
			b := bins[k]
			c := color.RGBA{uint8(b.r / b.n), uint8(b.g / b.n), uint8(b.b / b.n), 255}
			if _, d := nearest(pal, c); d > least*least {
				pal = append(pal, c)
			}
		}
	}
	return recolour(img, pal, key, 1<<(3*bits))
}

// flat returns the colours of plain surfaces: each covers at least 1 in 1000
// pixels.
func flat(exact map[color.RGBA]int, pixels int) []color.RGBA {
	var out []color.RGBA
	for c, n := range exact {
		if n*1000 >= pixels {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(exact[b], exact[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	if len(out) > 128 {
		out = out[:128]
	}
	return out
}

func recolour(img *image.RGBA, pal []color.RGBA, key func(r, g, b uint8) uint32, bins int) *image.Paletted {
	p := make(color.Palette, len(pal))
	same := map[color.RGBA]uint8{}
	for i, c := range pal {
		p[i] = c
		if _, ok := same[c]; !ok {
			same[c] = uint8(i)
		}
	}
	out := image.NewPaletted(img.Rect, p)
	near := make([]int16, bins)
	for i := range near {
		near[i] = -1
	}
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		row := img.Pix[img.PixOffset(img.Rect.Min.X, y):img.PixOffset(img.Rect.Max.X, y)]
		to := out.Pix[out.PixOffset(img.Rect.Min.X, y):]
		for i := 0; i < len(row); i += 4 {
			c := color.RGBA{row[i], row[i+1], row[i+2], 255}
			if at, ok := same[c]; ok {
				to[i/4] = at
				continue
			}
			k := key(c.R, c.G, c.B)
			if near[k] < 0 {
				at, _ := nearest(pal, c)
				near[k] = int16(at)
			}
			to[i/4] = uint8(near[k])
		}
	}
	return out
}

func nearest(pal []color.RGBA, c color.RGBA) (at, squared int) {
	at, squared = 0, 1<<30
	for i, p := range pal {
		dr, dg, db := int(p.R)-int(c.R), int(p.G)-int(c.G), int(p.B)-int(c.B)
		if d := dr*dr + dg*dg + db*db; d < squared {
			at, squared = i, d
		}
	}
	return at, squared
}
