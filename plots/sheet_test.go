package plots

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

func photo(t *testing.T, w, h int) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{200, uint8(x), uint8(y), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "view.jpg")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

var thumb = regexp.MustCompile(`data:image/jpeg;base64,([^"]*)"`)

func TestSheet(t *testing.T) {
	p := townPlace()
	p.Image = photo(t, 448, 336)
	bad := townPlace()
	bad.Image = filepath.Join(t.TempDir(), "missing.jpg")
	ds := &ugdata.Dataset{Cities: map[string]*city.City{"town": town()}}
	s := Sheet(ds, []ugdata.Place{p, bad}).Title("Samples & more").ThumbWidth(200)
	got, err := s.HTML()
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, got)
	for _, want := range []string{"Samples &amp; more", "rendered, not photographs", "A residential street, &lt;Elm Lane&gt;.", "image &gt; Elm Lane", "Elm Town", "missing.jpg"} {
		if !strings.Contains(got, want) {
			t.Errorf("sheet lacks %q", want)
		}
	}
	m := thumb.FindAllStringSubmatch(got, -1)
	if len(m) != 1 {
		t.Fatalf("%d images, want 1", len(m))
	}
	data, err := base64.StdEncoding.DecodeString(m[0][1])
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds() != image.Rect(0, 0, 200, 150) {
		t.Errorf("thumbnail is %v, want 200 by 150", img.Bounds())
	}
	if s := s.Text(); !strings.Contains(s, "rendered, not photographs") || !strings.Contains(s, "path: image > Elm Lane") {
		t.Errorf("text: %s", s)
	}
}

func TestSheetOfPhotographsSaysSo(t *testing.T) {
	p := townPlace()
	p.Origin = streetview.Photo
	if s := Sheet(nil, []ugdata.Place{p}).Text(); !strings.Contains(s, "Images: photographs") || strings.Contains(s, "rendered") {
		t.Errorf("text: %s", s)
	}
}

func TestBrokenImageIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broken.jpg")
	if err := os.WriteFile(path, []byte("not an image"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := thumbnail(path, 100); err == nil || !strings.Contains(err.Error(), "broken.jpg") {
		t.Errorf("error %v", err)
	}
	if data, err := thumbnail(photo(t, 50, 40), 100); err != nil {
		t.Error(err)
	} else if img, _ := jpeg.Decode(bytes.NewReader(data)); img.Bounds().Dx() != 50 {
		t.Errorf("a small image was made %d wide", img.Bounds().Dx())
	}
}
