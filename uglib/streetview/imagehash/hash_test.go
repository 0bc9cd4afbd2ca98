package imagehash

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg"
	_ "image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "golang.org/x/image/webp"
)

// goldens reads the hashes that testdata/hashes.py wrote with the Python
// package, by file.
func goldens(t testing.TB) map[string]Hash {
	t.Helper()
	f, err := os.Open("testdata/hashes.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := map[string]Hash{}
	for s := bufio.NewScanner(f); s.Scan(); {
		name, hex, _ := strings.Cut(s.Text(), " ")
		if want[name], err = Parse(hex); err != nil {
			t.Fatal(err)
		}
	}
	if len(want) != 12 {
		t.Fatalf("%d hashes, want 12", len(want))
	}
	return want
}

func open(t testing.TB, name string) image.Image {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestAsPython(t *testing.T) {
	for name, want := range goldens(t) {
		bits := 0
		if filepath.Ext(name) == ".jpg" {
			bits = 2 // decoders differ
		}
		if got := Of(open(t, name)); got.Distance(want) > bits {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestTellsApart checks that changes of size, brightness, colours and
// compression stay within the 6 bits that count as the same picture, and that
// another picture does not.
func TestTellsApart(t *testing.T) {
	street := Of(open(t, "street.png"))
	for _, same := range []string{"smaller.png", "street.jpg", "darker.png", "grey.png", "palette.png", "alpha.png", "street.webp", "tiny.png"} {
		if d := street.Distance(Of(open(t, same))); d > 6 {
			t.Errorf("%s is %d bits away", same, d)
		}
	}
	if d := street.Distance(Of(open(t, "other.png"))); d < 16 {
		t.Errorf("another picture is %d bits away", d)
	}
}

// TestPartsOfImages checks that a part of a larger image counts, wherever its
// bounds begin, in every type.
func TestPartsOfImages(t *testing.T) {
	src := open(t, "street.png")
	want := Of(src)
	frame := src.Bounds().Inset(-7).Add(image.Pt(30, -11))
	inner := src.Bounds().Add(image.Pt(30, -11))
	for _, whole := range []draw.Image{image.NewRGBA(frame), image.NewNRGBA(frame), image.NewNRGBA64(frame), image.NewGray(frame), image.NewCMYK(frame)} {
		draw.Draw(whole, frame, image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(whole, inner, src, src.Bounds().Min, draw.Src)
		part := whole.(interface {
			SubImage(image.Rectangle) image.Image
		}).SubImage(inner)
		if d := Of(part).Distance(want); d > 2 {
			t.Errorf("%T: %d bits away", whole, d)
		}
	}
	ycc := image.NewYCbCr(frame, image.YCbCrSubsampleRatio420)
	grey := image.NewGray(inner)
	draw.Draw(grey, inner, src, src.Bounds().Min, draw.Src)
	for y := inner.Min.Y; y < inner.Max.Y; y++ {
		for x := inner.Min.X; x < inner.Max.X; x++ {
			ycc.Y[ycc.YOffset(x, y)] = grey.GrayAt(x, y).Y
		}
	}
	if d := Of(ycc.SubImage(inner)).Distance(want); d > 2 {
		t.Errorf("YCbCr: %d bits away", d)
	}
	if Of(image.NewGray(image.Rectangle{})) != Of(image.NewGray(image.Rect(0, 0, 1, 1))) {
		t.Error("an empty picture and a black pixel differ")
	}
}

func TestText(t *testing.T) {
	for _, h := range []Hash{0, 1, 1 << 63, 0xa1965ee07e89d626} {
		text, err := h.MarshalText()
		var back Hash
		if err == nil {
			err = back.UnmarshalText(text)
		}
		if err != nil || back != h || len(text) != 16 {
			t.Errorf("%v is written %q and read %v, %v", h, text, back, err)
		}
	}
	for _, bad := range []string{"", "12", "+000000000000000", "xyzxyzxyzxyzxyzx", "a1965ee07e89d6261"} {
		if _, err := Parse(bad); err == nil || !strings.Contains(err.Error(), "16 hexadecimal digits") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestNear compares with all pairs.
func TestNear(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	hashes := make([]Hash, 600)
	for i := range hashes {
		hashes[i] = Hash(rng.Uint64())
		if i%3 > 0 { // close to an earlier one
			hashes[i] = hashes[rng.IntN(i)]
			for range rng.IntN(20) {
				hashes[i] ^= 1 << rng.IntN(64)
			}
		}
	}
	for _, max := range []int{-1, 0, 1, 3, 6, 10, 15, 16, 40, 64} {
		var want [][2]int
		for i := range hashes {
			for j := i + 1; j < len(hashes); j++ {
				if hashes[i].Distance(hashes[j]) <= max {
					want = append(want, [2]int{i, j})
				}
			}
		}
		if got := Near(hashes, max); !slices.Equal(got, want) {
			t.Errorf("within %d bits: %d pairs, want %d", max, len(got), len(want))
		}
	}
}

func ExampleHash_Distance() {
	a, _ := Parse("a1965ee07e89d626")
	b, _ := Parse("a1965ee17e89d226")
	fmt.Println(a.Distance(b))
	// Output: 2
}

func BenchmarkNear(b *testing.B) {
	rng := rand.New(rand.NewPCG(2, 2))
	hashes := make([]Hash, 200000)
	for i := range hashes {
		hashes[i] = Hash(rng.Uint64())
	}
	for b.Loop() {
		Near(hashes, 6)
	}
}

// BenchmarkOf hashes a picture as a camera makes it, 4000 by 3000 pixels.
func BenchmarkOf(b *testing.B) {
	img := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = uint8(i * i >> 8)
	}
	for b.Loop() {
		Of(img)
	}
}
