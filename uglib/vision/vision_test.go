package vision

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readPNG(t testing.TB, name string) image.Image {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return img
}

// readFloats reads the float32 tensors of a safetensors file.
func readFloats(t testing.TB, name string) map[string][]float32 {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	n := binary.LittleEndian.Uint64(raw)
	var header map[string]struct {
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(raw[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	out := map[string][]float32{}
	for key, h := range header {
		body := raw[8+int(n):][h.Offsets[0]:h.Offsets[1]]
		v := make([]float32, len(body)/4)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
		}
		out[key] = v
	}
	return out
}

// samePixels fails unless both pictures are equal, and says how far they are apart.
func samePixels(t *testing.T, got, want RGB) {
	t.Helper()
	if got.Width != want.Width || got.Height != want.Height {
		t.Fatalf("size %dx%d, want %dx%d", got.Width, got.Height, want.Width, want.Height)
	}
	differ, worst := 0, 0
	for i := range want.Pix {
		if d := int(got.Pix[i]) - int(want.Pix[i]); d != 0 {
			differ++
			worst = max(worst, max(d, -d))
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d bytes differ, by up to %d", differ, len(want.Pix), worst)
	}
}

func TestResizeEqualsPillow(t *testing.T) {
	src := ToRGB(readPNG(t, "a_233x170.png"))
	for _, size := range [][2]int{{112, 84}, {448, 336}} {
		name := fmt.Sprintf("a_233x170.pil_bicubic_%dx%d.png", size[0], size[1])
		t.Run(name, func(t *testing.T) {
			got, err := Resize(src, size[0], size[1])
			if err != nil {
				t.Fatal(err)
			}
			samePixels(t, got, ToRGB(readPNG(t, name)))
		})
	}
}

func TestProcessEqualsTransformers(t *testing.T) {
	samples := readFloats(t, "samples.safetensors")
	raw, err := os.ReadFile("testdata/meta.json")
	if err != nil {
		t.Fatal(err)
	}
	var meta map[string]json.RawMessage
	if err := json.Unmarshal(raw, &meta); err != nil {
		t.Fatal(err)
	}
	for _, picture := range []string{"a_233x170", "b_90x411"} {
		for _, tag := range []string{"", "_max20k"} {
			key := picture + ".qwen2vl" + tag
			t.Run(key, func(t *testing.T) {
				var want struct {
					Grid  [3]int `json:"grid_thw"`
					Shape [2]int `json:"shape"`
				}
				if err := json.Unmarshal(meta[key], &want); err != nil {
					t.Fatal(err)
				}
				p := Default()
				p.MaxPixels = 12845056
				if tag != "" {
					p.MaxPixels = 20000
				}
				img := readPNG(t, picture+".png")
				got, err := p.Process(img)
				if err != nil {
					t.Fatal(err)
				}
				if got.Grid != want.Grid || got.Count() != want.Shape[0] || len(got.Data) != want.Shape[0]*want.Shape[1] {
					t.Fatalf("grid %v with %d values, want %v with %v", got.Grid, len(got.Data), want.Grid, want.Shape)
				}
				small, err := Resize(ToRGB(img), got.Grid[2]*14, got.Grid[1]*14)
				if err != nil {
					t.Fatal(err)
				}
				samePixels(t, small, ToRGB(readPNG(t, key+".png")))
				step := max(1, len(got.Data)/257)
				for i, w := range samples[key] {
					if g := got.Data[i*step]; math.Abs(float64(g-w)) > 1e-6 {
						t.Fatalf("value %d is %g, want %g", i*step, g, w)
					}
				}
			})
		}
	}
}

// TestPatchOrder checks every value against the index formula of the reference (reshape and transpose of
// [t, frame, channel, h/m, m, p, w/m, m, p]).
func TestPatchOrder(t *testing.T) {
	p := Default()
	p.PatchSize, p.TemporalPatchSize, p.MergeSize, p.MinPixels, p.MaxPixels = 3, 2, 2, 1, 1<<20
	p.Mean, p.Std = [3]float64{}, [3]float64{1, 1, 1}
	w, h := 18, 12
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), uint8(x + 16*y), 255})
		}
	}
	got, err := p.Process(img)
	if err != nil {
		t.Fatal(err)
	}
	if got.Grid != [3]int{1, 4, 6} {
		t.Fatalf("grid %v, want [1 4 6]", got.Grid)
	}
	i := 0
	for by := range 2 {
		for bx := range 3 {
			for my := range 2 {
				for mx := range 2 {
					for c := range 3 {
						for range 2 {
							for y := range 3 {
								for x := range 3 {
									px := img.NRGBAAt((bx*2+mx)*3+x, (by*2+my)*3+y)
									want := float32([3]uint8{px.R, px.G, px.B}[c]) / 255
									if d := got.Data[i] - want; d > 1e-6 || d < -1e-6 {
										t.Fatalf("value %d is %g, want %g", i, got.Data[i], want)
									}
									i++
								}
							}
						}
					}
				}
			}
		}
	}
	if i != len(got.Data) {
		t.Fatalf("%d values, want %d", len(got.Data), i)
	}
}

func TestSize(t *testing.T) {
	p := Default()
	p.MaxPixels = 14 * 14 * 4 * 1280
	small := Default()
	small.MinPixels, small.MaxPixels = 56*56, 112*84
	for _, c := range []struct {
		p            *Processor
		w, h, rw, rh int
	}{
		{p, 448, 336, 448, 336},
		{p, 42, 112, 56, 112},      // 1.5 blocks round to even: 2
		{p, 70, 112, 56, 112},      // 2.5 blocks round to even: 2
		{p, 98, 112, 112, 112},     // 3.5 blocks round to even: 4
		{p, 10, 10, 56, 56},        // grown to min_pixels
		{p, 4000, 3000, 1148, 840}, // shrunk to max_pixels
		{small, 448, 336, 112, 84},
		{small, 336, 448, 84, 112},
	} {
		w, h, err := c.p.Size(c.w, c.h)
		if err != nil || w != c.rw || h != c.rh {
			t.Errorf("Size(%d, %d) = %d, %d, %v; want %d, %d", c.w, c.h, w, h, err, c.rw, c.rh)
		}
	}
	for _, c := range []struct {
		w, h int
		want string
	}{{0, 5, "every side"}, {5, 2000, "200 times"}, {1 << 20, 1 << 20, "every side"}} {
		if _, _, err := p.Size(c.w, c.h); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Size(%d, %d): error %v, want one with %q", c.w, c.h, err, c.want)
		}
	}
}

func TestToRGBKinds(t *testing.T) {
	r := image.Rect(3, 2, 8, 9) // not at the origin
	n := image.NewNRGBA(r)
	pre := image.NewRGBA(r)
	grey := image.NewGray(r)
	deep := image.NewNRGBA64(r)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := color.NRGBA{uint8(20 * x), uint8(20 * y), 200, 255}
			n.SetNRGBA(x, y, c)
			pre.Set(x, y, c)
			deep.Set(x, y, c)
			grey.SetGray(x, y, color.Gray{uint8(x * y)})
		}
	}
	want := ToRGB(n)
	if want.Pix[0] != 60 || want.Pix[1] != 40 || want.Pix[2] != 200 {
		t.Fatalf("first pixel %v", want.Pix[:3])
	}
	samePixels(t, ToRGB(pre), want)
	samePixels(t, ToRGB(deep), want)
	if g := ToRGB(grey); g.Pix[0] != 6 || g.Pix[1] != 6 || g.Pix[2] != 6 {
		t.Errorf("grey pixel %v, want 6 6 6", g.Pix[:3])
	}
	n.SetNRGBA(3, 2, color.NRGBA{10, 20, 30, 0}) // transparent: the colour stays, as in Pillow
	if got := ToRGB(n); got.Pix[0] != 10 || got.Pix[2] != 30 {
		t.Errorf("transparent pixel %v, want 10 20 30", got.Pix[:3])
	}
	sub := n.SubImage(image.Rect(5, 4, 7, 6))
	if got := ToRGB(sub); got.Width != 2 || got.Pix[0] != 100 || got.Pix[1] != 80 {
		t.Errorf("sub-picture starts with %v, want 100 80 200", got.Pix[:3])
	}
}

func TestConfigRoundTrip(t *testing.T) {
	p := Default()
	p.MinPixels, p.MaxPixels, p.Mean[1] = 56*56, 9408, 0.5
	dir := t.TempDir()
	if err := p.Save(filepath.Join(dir, ConfigName)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, ConfigName)} {
		q, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if *q != *p {
			t.Errorf("read back %+v, want %+v", *q, *p)
		}
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestConfigErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{"do_resize": false}`:               "do_resize is false",
		`{"image_mean": [1, 2]}`:             "image_mean has 2 values",
		`{"image_std": [1, 0, 1]}`:           "positive deviations",
		`{"resample": 2}`:                    "resample is 2",
		`{"min_pixels": 10, "max_pixels":5}`: "min_pixels is 10",
		`{"patch_size": 0}`:                  "patch_size is 0",
		`{"rescale_factor": 1}`:              "rescale_factor",
		`[]`:                                 "cannot unmarshal",
	} {
		path := filepath.Join(t.TempDir(), "c.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one with the path and %q", text, err, want)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "absent.json")); !os.IsNotExist(unwrap(err)) {
		t.Errorf("absent file: %v", err)
	}
	q := new(Processor)
	if err := json.Unmarshal([]byte(`{"size": {"shortest_edge": 100, "longest_edge": 5000}}`), q); err != nil || q.MinPixels != 100 || q.MaxPixels != 5000 {
		t.Errorf("size only: %+v, %v", q, err)
	}
}

func unwrap(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = u.Unwrap()
	}
}

func FuzzConfig(f *testing.F) {
	data, err := json.Marshal(Default())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"size": {"longest_edge": 1e99}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := new(Processor)
		if json.Unmarshal(data, p) != nil {
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatalf("accepted but not valid: %v", err)
		}
	})
}

func FuzzProcess(f *testing.F) {
	f.Add(1, 1, 100, 5000, uint64(1))
	f.Add(200, 1, 3136, 9408, uint64(2))
	f.Add(37, 411, 784, 784, uint64(3))
	f.Fuzz(func(t *testing.T, w, h, lo, hi int, seed uint64) {
		if w < 1 || h < 1 || w > 600 || h > 600 || lo < 1 || hi < lo || lo > 1<<17 || hi > 1<<18 {
			return
		}
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		rng := rand.New(rand.NewPCG(seed, 0))
		for i := range img.Pix {
			img.Pix[i] = uint8(rng.Uint32())
		}
		p := Default()
		p.MinPixels, p.MaxPixels = lo, hi
		grid, err := p.Grid(w, h)
		got, err2 := p.Process(img)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("Grid says %v, Process says %v", err, err2)
		}
		if err != nil {
			return
		}
		if grid != got.Grid || len(got.Data) != got.Count()*p.PatchDim() || grid[1]%2 != 0 || grid[2]%2 != 0 {
			t.Fatalf("grid %v, %v with %d values", grid, got.Grid, len(got.Data))
		}
	})
}

func BenchmarkProcess448x336(b *testing.B) {
	img := image.NewNRGBA(image.Rect(0, 0, 448, 336))
	rng := rand.New(rand.NewPCG(1, 0))
	for i := range img.Pix {
		img.Pix[i] = uint8(rng.Uint32())
	}
	p := Default()
	p.MaxPixels = 112 * 84
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Process(img); err != nil {
			b.Fatal(err)
		}
	}
}
