package show

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"reflect"
	"strings"
	"testing"
	"time"

	"urbangraph/kernel/internal/shown"
)

type figure struct{ failing, panicking bool }

func (f *figure) HTML() (string, error) {
	if f.panicking {
		panic("too hot")
	}
	return "<b>figure</b>", nil
}
func (f *figure) PNG() ([]byte, error) {
	if f.failing {
		return nil, errors.New("no PNG")
	}
	return []byte("\x89PNG"), nil
}
func (f *figure) SVG() ([]byte, error) { return []byte("not asked"), nil }
func (f *figure) Text() string         { return "a figure" }

type page struct{}

func (page) HTML() string     { return "<p>" }
func (page) Markdown() string { return "*p*" }

type drawing struct{}

func (drawing) PNG() ([]byte, error) { return nil, errors.ErrUnsupported }
func (drawing) SVG() []byte          { return []byte("<svg/>") }

type bundled struct{}

func (bundled) MIMEBundle() map[string]any { return map[string]any{"text/x": "x"} }

// A scanner has Text, but nothing that would make it rich.
type scanner struct{ N int }

func (scanner) Text() string { return "not this" }

type selfShown struct{ times *int }

func (s selfShown) Show() { *s.times++ }

func TestBundle(t *testing.T) {
	times := 0
	var noFigure *figure
	for _, c := range []struct {
		v    any
		want Bundle // nil: nothing to show
	}{
		{"aaa", Bundle{plain: "aaa"}},
		{nil, Bundle{plain: "<nil>"}},
		{Bundle{"a/b": "c"}, Bundle{"a/b": "c"}},
		{Bundle{}, nil},
		{errors.New("<bad>"), Bundle{plain: "<bad>", html: `<pre style="color:#a40000;white-space:pre-wrap">&lt;bad&gt;</pre>`}},
		{&figure{}, Bundle{html: "<b>figure</b>", png: []byte("\x89PNG"), plain: "a figure"}},
		{&figure{failing: true}, Bundle{html: "<b>figure</b>", plain: "a figure"}},
		{&figure{panicking: true}, Bundle{plain: "*show.figure cannot be shown: panic: too hot"}},
		{noFigure, Bundle{plain: "<nil>"}},
		{page{}, Bundle{html: "<p>", markdown: "*p*", plain: "{}"}},
		{drawing{}, Bundle{svg: "<svg/>", plain: "{}"}},
		{bundled{}, Bundle{"text/x": "x"}},
		{scanner{3}, Bundle{html: "<table>\n<thead><tr><th style=\"text-align:left\">field</th><th style=\"text-align:left\">value</th></tr>\n</thead>\n<tbody>\n<tr><td style=\"text-align:left\">N</td><td style=\"text-align:left\">3</td></tr>\n</tbody>\n</table>", plain: "field  value\nN      3"}},
		{selfShown{&times}, nil},
		{[]byte("\x89PNG\r\n\x1a\nrest"), Bundle{png: []byte("\x89PNG\r\n\x1a\nrest"), plain: "[PNG picture, 12 bytes]"}},
		{[]byte("\xff\xd8\xffrest"), Bundle{jpeg: []byte("\xff\xd8\xffrest"), plain: "[JPEG picture, 7 bytes]"}},
		{[]byte("GIF89arest"), Bundle{gif: []byte("GIF89arest"), plain: "[GIF picture, 10 bytes]"}},
		{[]byte(" <svg/>"), Bundle{svg: " <svg/>", plain: "[SVG picture, 7 bytes]"}},
		{[]byte("<?xml version='1.0'?><svg/>"), Bundle{svg: "<?xml version='1.0'?><svg/>", plain: "[SVG picture, 27 bytes]"}},
		{[]byte("<?xml version='1.0'?><x/>"), Bundle{plain: "<?xml version='1.0'?><x/>"}},
		{time.Second, Bundle{plain: "1s"}},
		{formatted{}, Bundle{plain: "formatted v"}},
		{rude{}, Bundle{plain: "show.rude cannot be shown: panic: no"}},
		{[]int{1, 2}, Bundle{plain: "[1 2]"}},
	} {
		got, ok := bundle(c.v)
		if ok != (c.want != nil) || ok && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%T: got %q, want %q", c.v, got, c.want)
		}
	}
	if times != 1 {
		t.Errorf("Show was called %d times", times)
	}
}

func TestBundleText(t *testing.T) {
	for _, c := range []struct {
		b    Bundle
		want string
	}{
		{Bundle{plain: "a", markdown: "b"}, "a"},
		{Bundle{markdown: "b", latex: "c"}, "b"},
		{Bundle{jsonType: map[string]int{"a": 1}}, `{"a":1}`},
		{Bundle{html: "<b>", png: []byte{1}}, "[image/png, text/html]"},
		{Bundle{plain: 3}, "3"},
	} {
		if got := c.b.text(); got != c.want {
			t.Errorf("%v: %q, want %q", c.b, got, c.want)
		}
	}
}

func TestParts(t *testing.T) {
	b := Bundle{jsonType: []int{1}, geoJSON: `{"a":1}`, "application/vnd.x+json": []byte("[]"), png: []byte("p"), html: "h", "text/n": 3}
	var got []string
	for _, p := range b.parts() {
		got = append(got, fmt.Sprintf("%s %d %s", p.Name, p.Coding, p.Value))
	}
	want := []string{`application/geo+json 2 {"a":1}`, "application/json 2 [1]", "application/vnd.x+json 2 []", "image/png 1 p",
		"text/html 0 h", "text/n 0 3", "text/plain 0 [1]"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestImages(t *testing.T) {
	rgba := image.NewRGBA(image.Rect(-1, -1, 3, 2))
	rgba.Set(0, 0, color.RGBA{10, 20, 30, 40})
	nrgba := image.NewNRGBA(image.Rect(0, 0, 2, 2))
	nrgba.Set(1, 1, color.NRGBA{200, 20, 30, 40})
	grey := image.NewGray16(image.Rect(5, 5, 7, 6))
	grey.Set(6, 5, color.Gray16{0x8000})
	palette := image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.RGBA{1, 2, 3, 255}})
	for _, c := range []struct {
		img    image.Image
		coding shown.Coding
		want   []byte
	}{
		{rgba.SubImage(image.Rect(0, 0, 2, 2)), shown.RGBA, []byte{10, 20, 30, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		{nrgba.SubImage(image.Rect(1, 0, 2, 2)), shown.NRGBA, []byte{0, 0, 0, 0, 200, 20, 30, 40}},
		{grey, shown.RGBA, []byte{0, 0, 0, 255, 0x80, 0x80, 0x80, 255}},
		{palette, shown.RGBA, []byte{1, 2, 3, 255}},
		{image.NewYCbCr(image.Rect(0, 0, 1, 1), image.YCbCrSubsampleRatio420), shown.RGBA, nil},
	} {
		b, ok := bundle(c.img)
		p, is := b[png].(pixels)
		if !ok || !is {
			t.Errorf("%T is no picture: %v", c.img, b)
			continue
		}
		w, h := c.img.Bounds().Dx(), c.img.Bounds().Dy()
		if int(binary.BigEndian.Uint32(p.data)) != w || int(binary.BigEndian.Uint32(p.data[4:])) != h || len(p.data) != 8+4*w*h {
			t.Errorf("%T: %v for %d×%d", c.img, p.data[:8], w, h)
		}
		if p.coding != c.coding || c.want != nil && !reflect.DeepEqual(p.data[8:], c.want) {
			t.Errorf("%T: coding %d, pixels %v, want %v", c.img, p.coding, p.data[8:], c.want)
		}
		if want := fmt.Sprintf("[picture, %d×%d]", w, h); b[plain] != want {
			t.Errorf("text %q, want %q", b[plain], want)
		}
	}
	b, _ := bundle(image.NewRGBA(image.Rect(0, 0, 0, 5)))
	if b[png] != nil || b[plain] != "[picture, 0×5]" {
		t.Errorf("empty picture: %v", b)
	}
	b, _ = bundle(image.NewUniform(color.White)) // endless
	if text, _ := b[plain].(string); b[png] != nil || !strings.Contains(text, "too large") {
		t.Errorf("endless picture: %v", b)
	}
}

type oddFigure struct{}

func (oddFigure) HTML(int) string   { return "x" }
func (oddFigure) PNG() (int, error) { return 1, nil }
func (oddFigure) SVG() string       { return "" }
func (oddFigure) String() string    { return "odd" }

func TestMethodsOfOtherKinds(t *testing.T) {
	if b, ok := bundle(oddFigure{}); !ok || !reflect.DeepEqual(b, Bundle{plain: "odd"}) {
		t.Errorf("%v, %v", b, ok)
	}
}
