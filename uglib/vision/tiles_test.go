package vision

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var pictures = []string{"a_233x170", "b_90x411"}

// goldenMeta reads what meta.json says of one picture and processor.
func goldenMeta(t testing.TB, key string, to any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/meta.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all[key], to); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
}

// nearSamples compares values spaced evenly over a tensor.
func nearSamples(t *testing.T, data, want []float32, limit float64) {
	t.Helper()
	step := max(1, len(data)/257)
	worst := 0.0
	for i, w := range want {
		worst = max(worst, math.Abs(float64(data[i*step]-w)))
	}
	t.Logf("largest difference %.2g", worst)
	if !(worst <= limit) {
		t.Errorf("differs by %g, want at most %g", worst, limit)
	}
}

func TestResizeLinearEqualsPillow(t *testing.T) {
	got, err := ResizeLinear(ToRGB(readPNG(t, "a_233x170.png")), 112, 84)
	if err != nil {
		t.Fatal(err)
	}
	samePixels(t, got, ToRGB(readPNG(t, "a_233x170.pil_bilinear_112x84.png")))
}

func TestLlavaNextEqualsTransformers(t *testing.T) {
	samples := readFloats(t, "samples.safetensors")
	tiny := &LlavaNext{Side: 56, Pinpoints: [][2]int{{56, 112}, {112, 56}, {112, 112}, {168, 56}, {56, 168}}, Mean: clipMean, Std: clipStd}
	full := &LlavaNext{Side: 336, Pinpoints: [][2]int{{336, 672}, {672, 336}, {672, 672}, {1008, 336}, {336, 1008}}, Mean: clipMean, Std: clipStd}
	for _, name := range pictures {
		for tag, l := range map[string]*LlavaNext{"": full, "_tiny": tiny} {
			key := name + ".llavanext" + tag
			t.Run(key, func(t *testing.T) {
				var want struct {
					Shape [4]int
					Sizes [][2]int `json:"image_sizes"`
				}
				goldenMeta(t, key, &want)
				img := readPNG(t, name+".png")
				got, err := l.Process(img)
				if err != nil {
					t.Fatal(err)
				}
				if shape := [4]int{got.Count, 3, got.Side, got.Side}; shape != want.Shape || len(got.Data) != got.Count*3*got.Side*got.Side {
					t.Fatalf("shape %v of %d values, want %v", shape, len(got.Data), want.Shape)
				}
				if want.Sizes[0] != [2]int{got.Height, got.Width} {
					t.Errorf("picture of %dx%d, want %v", got.Height, got.Width, want.Sizes[0])
				}
				if rows, columns := l.Grid(got.Width, got.Height); rows*columns != got.Count-1 {
					t.Errorf("a grid of %dx%d for %d parts", rows, columns, got.Count-1)
				}
				nearSamples(t, got.Data, samples[key], 1e-6)
				if tag == "" {
					return
				}
				// Every pixel of every tile, beside each other in the golden picture.
				sheet := ToRGB(readPNG(t, key+".png"))
				table := normalised(clipMean, clipStd)
				for i := range got.Count {
					var one Tiles
					one.Side = got.Side
					one.add(sheet, i*got.Side, 0, &table)
					for k, v := range one.Data {
						if got.Data[i*len(one.Data)+k] != v {
							t.Fatalf("tile %d, value %d: %g, want %g", i, k, got.Data[i*len(one.Data)+k], v)
						}
					}
				}
			})
		}
	}
}

func TestClipEqualsTransformers(t *testing.T) {
	samples := readFloats(t, "samples.safetensors")
	for _, name := range pictures {
		got, err := (&Clip{Short: 224, Side: 224, Mean: clipMean, Std: clipStd}).Process(readPNG(t, name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if got.Count != 1 || len(got.Data) != 3*224*224 {
			t.Fatalf("%d tiles of %d values", got.Count, len(got.Data))
		}
		nearSamples(t, got.Data, samples[name+".clip224"], 1e-6)
	}
}

func TestPhi3VEqualsItsProcessor(t *testing.T) {
	samples := readFloats(t, "samples.safetensors")
	for _, name := range pictures {
		t.Run(name, func(t *testing.T) {
			var want struct {
				Shape  [4]int
				Sizes  [][2]int `json:"image_sizes"`
				SHA256 string   `json:"hd_sha256"`
			}
			goldenMeta(t, name+".phi3v_c4", &want)
			p := &Phi3V{Crops: 4, Mean: clipMean, Std: clipStd}
			img := readPNG(t, name+".png")
			hd, err := p.enlarge(ToRGB(img))
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(hd.Pix); hex.EncodeToString(sum[:]) != want.SHA256 {
				t.Errorf("the enlarged picture of %dx%d is not the processor's", hd.Width, hd.Height)
			}
			got, err := p.Process(img)
			if err != nil {
				t.Fatal(err)
			}
			if want.Sizes[0] != [2]int{got.Height, got.Width} {
				t.Errorf("enlarged to %dx%d, want %v", got.Height, got.Width, want.Sizes[0])
			}
			if rows, columns := p.Grid(img.Bounds().Dx(), img.Bounds().Dy()); rows*columns != got.Count-1 || rows*phiSide != got.Height {
				t.Errorf("a grid of %dx%d for %d parts", rows, columns, got.Count-1)
			}
			frame := 3 * phiSide * phiSide
			nearSamples(t, got.Data[:frame], samples[name+".phi3v_global"], 1e-6)
			// The processor fills up with tiles of zeros to num_crops + 1.
			nearSamples(t, append(got.Data, make([]float32, (want.Shape[0]-got.Count)*frame)...), samples[name+".phi3v_c4"], 1e-6)
		})
	}
}

func TestLoadTiles(t *testing.T) {
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), ConfigName)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return filepath.Dir(path)
	}
	l, err := LoadLlavaNext(write(`{"size": {"shortest_edge": 336}, "crop_size": {"height": 336, "width": 336}, "image_grid_pinpoints": [[336, 672]], "resample": 3, "do_pad": true}`))
	if err != nil || l.Side != 336 || len(l.Pinpoints) != 1 {
		t.Errorf("LLaVA-NeXT: %+v, %v", l, err)
	}
	p, err := LoadPhi3V(write(`{"num_crops": 16, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]}`))
	if err != nil || p.Crops != 16 || p.Mean[0] != 0.5 {
		t.Errorf("Phi-3-Vision: %+v, %v", p, err)
	}
	c, err := LoadClip(write(`{"size": 224, "crop_size": 200}`))
	if err != nil || c.Short != 224 || c.Side != 200 {
		t.Errorf("CLIP: %+v, %v", c, err)
	}
	for _, bad := range []struct{ text, want string }{
		{`{"size": {"height": 336, "width": 448}}`, "square"},
		{`{"size": 336, "crop_size": 224}`, "one square size"},
		{`{"image_grid_pinpoints": []}`, "is empty"},
		{`{"image_grid_pinpoints": [[100, 224]]}`, "multiples"},
		{`{"do_normalize": false}`, "do_normalize"},
		{`{"resample": 2}`, "resample is 2"},
		{`{"image_std": [1, 0, 1]}`, "positive"},
		{`{"image_mean": [1]}`, "1 values"},
		{`{`, "unexpected end"},
	} {
		if _, err := LoadLlavaNext(write(bad.text)); err == nil || !strings.Contains(err.Error(), bad.want) || !strings.Contains(err.Error(), ConfigName) {
			t.Errorf("%s: %v, want an error with %q and the file", bad.text, err, bad.want)
		}
	}
	if _, err := LoadPhi3V(write(`{"num_crops": 0}`)); err == nil {
		t.Error("no crops are accepted")
	}
}

// Shapes at the borders: every processor says how many tiles a picture has without reading it, and makes so many.
func TestTileCounts(t *testing.T) {
	l := &LlavaNext{Side: 8, Pinpoints: [][2]int{{8, 16}, {16, 8}, {16, 16}}, Mean: clipMean, Std: clipStd}
	p := &Phi3V{Crops: 6, Mean: clipMean, Std: clipStd}
	for _, size := range [][2]int{{1, 1}, {1, 7}, {7, 1}, {8, 8}, {9, 200}, {300, 3}, {33, 31}} {
		img := image.NewNRGBA(image.Rect(0, 0, size[0], size[1]))
		got, err := l.Process(img)
		if err != nil {
			t.Errorf("%v: %v", size, err)
			continue
		}
		if rows, columns := l.Grid(size[0], size[1]); got.Count != 1+rows*columns {
			t.Errorf("%v: %d tiles for a grid of %dx%d", size, got.Count, rows, columns)
		}
		tiles, err := p.Process(img)
		if err != nil {
			t.Errorf("%v: %v", size, err)
			continue
		}
		if rows, columns := p.Grid(size[0], size[1]); tiles.Count != 1+rows*columns || rows*columns > 6 {
			t.Errorf("%v: %d tiles for a grid of %dx%d", size, tiles.Count, rows, columns)
		}
	}
	if _, err := l.Process(nil); err == nil {
		t.Error("no picture is accepted")
	}
}

func ExampleLlavaNext_Process() {
	l := &LlavaNext{Side: 336, Pinpoints: [][2]int{{336, 672}, {672, 336}, {672, 672}}, Mean: clipMean, Std: clipStd}
	tiles, err := l.Process(image.NewNRGBA(image.Rect(0, 0, 1024, 512)))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tiles.Count, "tiles of", tiles.Side, "pixels")
	// Output: 3 tiles of 336 pixels
}
