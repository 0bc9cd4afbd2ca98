// Package golden compares pictures made by tests with those kept in testdata.
// Run a test with -regen to keep what it makes now, and look at it.
package golden

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

var regen = flag.Bool("regen", false, "keep the pictures that the tests make now as the golden ones")

// Check compares a PNG with testdata/name_golden.png. At most share of the
// pixels may differ by more than a tenth of the range in any channel; a font
// rasteriser of another version stays below 0.01.
func Check(t *testing.T, name string, got []byte, share float64) {
	t.Helper()
	path := filepath.Join("testdata", name+"_golden.png")
	if *regen {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run with -regen to make it", err)
	}
	d, err := difference(got, want)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if d > share {
		out := filepath.Join(os.TempDir(), name+"_got.png")
		if err := os.WriteFile(out, got, 0o644); err != nil {
			t.Log(err)
		}
		t.Errorf("%s: %.2f%% of the pixels differ, at most %.2f%% may; see %s, and run with -regen if it is right", path, 100*d, 100*share, out)
	}
}

// difference is the share of pixels that differ by more than a tenth.
func difference(a, b []byte) (float64, error) {
	ia, err := png.Decode(bytes.NewReader(a))
	if err != nil {
		return 0, err
	}
	ib, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return 0, err
	}
	if ia.Bounds() != ib.Bounds() {
		return 0, fmt.Errorf("size is %v, want %v", ia.Bounds().Size(), ib.Bounds().Size())
	}
	n := 0
	r := ia.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if far(ia, ib, x, y) {
				n++
			}
		}
	}
	return float64(n) / float64(r.Dx()*r.Dy()), nil
}

func far(a, b image.Image, x, y int) bool {
	ar, ag, ab, _ := a.At(x, y).RGBA()
	br, bg, bb, _ := b.At(x, y).RGBA()
	for _, d := range []int{int(ar) - int(br), int(ag) - int(bg), int(ab) - int(bb)} {
		if d > 6553 || d < -6553 {
			return true
		}
	}
	return false
}
