package carto

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// labels writes the names of the scene where they meet neither each other nor
// what is taken already. Names along lines come on the straightest part that
// is long enough.
func (s *Scene) labels(p pen, taken []area) {
	order := slices.Clone(s.Labels)
	slices.SortStableFunc(order, func(a, b Label) int { return cmp.Compare(a.Rank, b.Rank) })
	w, h := s.size()
	frame := area{4, 4, w - 8, h - 8}
	done := map[string]bool{}
	c := color.NRGBA{0x4a, 0x4f, 0x59, 0xff}
	for _, l := range order {
		if l.Text == "" || done[l.Text] {
			continue
		}
		f := face(10, l.Rank == 0)
		x, y, angle, ok := p.place(l, f)
		if !ok {
			continue
		}
		spots := spread(x, y, textWidth(f, l.Text), 10, angle)
		if !free(spots, taken, frame) {
			continue
		}
		taken = append(taken, spots...)
		done[l.Text] = true
		p.Push()
		p.Translate(vg.Point{X: vg.Length(x), Y: vg.Length(y)})
		p.Rotate(angle)
		p.halo(f, -textWidth(f, l.Text)/2, -3.5, l.Text, c)
		p.Pop()
	}
}

// place finds the middle and the angle, in radians anticlockwise and never
// upside down, for a label.
func (p pen) place(l Label, f font.Face) (x, y, angle float64, ok bool) {
	if len(l.Line) == 1 {
		x, y = p.proj.pixel(l.Line[0])
		return x, y, 0, true
	}
	need := textWidth(f, l.Text) + 8
	xs, ys := make([]float64, len(l.Line)), make([]float64, len(l.Line))
	for i, pt := range l.Line {
		xs[i], ys[i] = p.proj.pixel(pt)
	}
	best := math.Inf(1)
	for i := range xs {
		run := 0.0
		for j := i + 1; j < len(xs); j++ {
			run += math.Hypot(xs[j]-xs[j-1], ys[j]-ys[j-1])
			if run < need {
				continue
			}
			chord := math.Hypot(xs[j]-xs[i], ys[j]-ys[i])
			if bend := run - chord; chord >= need-4 && bend < 3 && bend < best {
				best = bend
				x, y = (xs[i]+xs[j])/2, (ys[i]+ys[j])/2
				angle = math.Atan2(ys[j]-ys[i], xs[j]-xs[i])
				ok = true
			}
			break
		}
	}
	if angle > math.Pi/2 {
		angle -= math.Pi
	} else if angle < -math.Pi/2 {
		angle += math.Pi
	}
	return x, y, angle, ok
}

// spread covers a turned text with upright squares of its height.
func spread(x, y, w, h, angle float64) []area {
	sin, cos := math.Sincos(angle)
	var out []area
	n := int(math.Ceil(w/h)) + 1
	for i := range n {
		t := (float64(i)/float64(max(n-1, 1)) - 0.5) * w
		out = append(out, area{x + t*cos - h/2 - 1, y + t*sin - h/2 - 1, h + 2, h + 2})
	}
	return out
}

func free(spots, taken []area, frame area) bool {
	for _, a := range spots {
		if a.x < frame.x || a.y < frame.y || a.x+a.w > frame.x+frame.w || a.y+a.h > frame.y+frame.h {
			return false
		}
		for _, b := range taken {
			if a.meets(b) {
				return false
			}
		}
	}
	return true
}
