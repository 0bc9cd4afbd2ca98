package render

import (
	"strings"
	"testing"
)

// TestSignColoursAreApart keeps categories distinguishable: no two styles of
// signs may have nearly the same paper.
func TestSignColoursAreApart(t *testing.T) {
	styles := map[string]Style{
		"food": styleFood, "shop": styleShop, "school": styleSchool, "health": styleHealth, "money": styleMoney, "sleep": styleSleep,
		"travel": styleTravel, "office": styleOffice, "history": styleHistory, "culture": styleCulture, "rescue": styleRescue,
		"service": styleService, "leisure": styleLeisure, "other": styleOther,
	}
	apart := func(a, b uint32) int {
		p, q := hex(a), hex(b)
		return int(255 * (max(p.r-q.r, q.r-p.r) + max(p.g-q.g, q.g-p.g) + max(p.b-q.b, q.b-p.b)))
	}
	for na, a := range styles {
		for nb, b := range styles {
			if na < nb && apart(a.Paper, b.Paper) < 40 {
				t.Errorf("signs of %s (%06x) and %s (%06x) are hard to tell apart", na, a.Paper, nb, b.Paper)
			}
		}
		if apart(a.Paper, a.Ink) < 200 {
			t.Errorf("a name on a sign of %s is hard to read", na)
		}
	}
}

func TestStyleOf(t *testing.T) {
	for _, c := range []struct {
		category, kind string
		want           Style
	}{
		{"food", "restaurant", styleFood},
		{"amenity", "place_of_worship", styleWorship},
		{"commercial", "bakery", styleShop},
		{"never heard of", "", styleOther},
	} {
		if got := StyleOf(c.category, c.kind); got != c.want {
			t.Errorf("StyleOf(%q, %q) = %+v, want %+v", c.category, c.kind, got, c.want)
		}
	}
}

// TestSignText checks that any name can be put on a sign, and that text leaves
// ink on it.
func TestSignText(t *testing.T) {
	ink := func(text string) int {
		s := &sign{text: text, w: 128, h: 32}
		n := 0
		for _, v := range s.level(32).pix {
			if v > 128 {
				n++
			}
		}
		return n
	}
	blank := ink("")
	for _, name := range []string{"A", "Café de l'Església", strings.Repeat("very long name ", 30), "Ωμέγα", "\xff\xfe", "a\nb"} {
		if got := ink(name); got <= blank {
			t.Errorf("%q leaves no ink on its sign", name)
		}
	}
	for _, c := range []struct{ in, a, b string }{{"Corner Bakery", "Corner", "Bakery"}, {"A B C D", "A B", "C D"}} {
		if a, b, ok := halves(c.in); !ok || a != c.a || b != c.b {
			t.Errorf("halves(%q) = %q, %q, %v", c.in, a, b, ok)
		}
	}
	if _, _, ok := halves("Bakery"); ok {
		t.Error("one word is split")
	}
}
