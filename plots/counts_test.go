package plots

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
)

func TestNodeClasses(t *testing.T) {
	f := NodeClasses(town())
	for _, want := range []string{"Streets: 3", "Crossings: 1", "Points: food: 1", "Points: shops, services: 1", "Areas: 1", "Edges: nearest street: 1", "Edges: streets cross: 1", "Edges: area borders street: 1"} {
		if !strings.Contains(f.Text(), want) {
			t.Errorf("no %q in\n%s", want, f.Text())
		}
	}
	if strings.Contains(f.Text(), "continues") {
		t.Error("a class without members is shown")
	}
	data, err := f.PNG()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := img.Bounds().Dy(), 2*(70+22*8); got != want {
		t.Errorf("the picture is %d pixels high, want %d", got, want)
	}
}

func TestCountsAreToScale(t *testing.T) {
	img, err := Counts([]string{"a", "b"}, []int{100, 50}).Size(400, 120).raster(Counts([]string{"a", "b"}, []int{100, 50}).Size(400, 120).draw, 1)
	if err != nil {
		t.Fatal(err)
	}
	width := func(y int) (n int) {
		for x := range img.Bounds().Dx() {
			if c := img.RGBAAt(x, y); c.R == blue.R && c.G == blue.G && c.B == blue.B {
				n++
			}
		}
		return n
	}
	var rows []int
	for y := range img.Bounds().Dy() {
		if w := width(y); w > 20 && (len(rows) == 0 || rows[len(rows)-1] != w) {
			rows = append(rows, w)
		}
	}
	if len(rows) != 2 || abs(rows[0]-2*rows[1]) > 3 {
		t.Errorf("bars of 100 and 50 are %v pixels long", rows)
	}
}

func abs(n int) int { return max(n, -n) }

func TestCountsOfUnequalLengths(t *testing.T) {
	if _, err := Counts([]string{"a"}, nil).PNG(); err == nil {
		t.Error("a name without a count is drawn")
	}
}
