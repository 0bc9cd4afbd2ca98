package fetch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                              0,
		"30":                            30 * time.Second,
		" 1.5 ":                         1500 * time.Millisecond,
		"0":                             0,
		"-4":                            0,
		"NaN":                           0,
		"1e300":                         longestWait,
		"soon":                          0,
		"Thu, 01 Jan 2026 12:01:00 GMT": time.Minute,
		"Thu, 01 Jan 2026 11:00:00 GMT": 0,
		"Fri, 01 Jan 2027 12:00:00 GMT": longestWait,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("Retry-After %q is %v, want %v", text, got, want)
		}
	}
}

func TestStatusFault(t *testing.T) {
	for status, want := range map[int]Kind{
		302: Wrong, 400: Wrong, 401: Refused, 403: Refused, 404: Gone, 408: Passing, 410: Gone, 425: Passing, 429: Limited, 500: Passing, 503: Passing,
	} {
		if f := StatusFault(Answer{Status: status}); f == nil || f.Kind != want {
			t.Errorf("HTTP %d is %v, want kind %d", status, f, want)
		}
	}
	if f := StatusFault(Answer{Status: 503, Wait: time.Second}); f.Kind != Limited || f.Wait != time.Second {
		t.Errorf("503 with Retry-After is %+v", f)
	}
	if f := StatusFault(Answer{Status: 204}); f != nil {
		t.Errorf("204 is %v", f)
	}
}

func TestSecret(t *testing.T) {
	s := NewSecret("  MLY|a b/c  ")
	for _, text := range []string{"MLY|a b/c", "token=" + url.QueryEscape("MLY|a b/c") + "&x", "/" + url.PathEscape("MLY|a b/c")} {
		if got := s.scrub(text); strings.Contains(got, "MLY") || !strings.Contains(got, hidden) {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	if got := (Secret{}).scrub("text"); got != "text" {
		t.Errorf("without a token, text becomes %q", got)
	}
	type holder struct{ Token Secret }
	data, err := json.Marshal(holder{s})
	if err != nil || string(data) != `{"Token":"[secret]"}` {
		t.Errorf("JSON %s, %v", data, err)
	}
	if got := fmt.Sprintf("%v %+v %#v %s %d", s, holder{s}, holder{s}, &s, s); strings.Contains(got, "MLY") {
		t.Error(got)
	}
	err = &url.Error{Op: "Get", URL: "https://x/y?signature=1", Err: errors.New("no route")}
	if got := bare(fmt.Errorf("wrapped: %w", err)); got.Error() != "no route" {
		t.Errorf("bare error %v", got)
	}
}

func TestIDAndPoint(t *testing.T) {
	for text, want := range map[string]ID{`"9223372036854775807"`: 9223372036854775807, `9007199254740993`: 9007199254740993, `"7"`: 7, `null`: 0} {
		var id ID
		if err := json.Unmarshal([]byte(text), &id); err != nil || id != want {
			t.Errorf("id %s is %d, %v", text, id, err)
		}
	}
	for _, text := range []string{`""`, `0`, `-1`, `1.0`, `1e3`, `"x"`, `9223372036854775808`, `{}`, `true`} {
		var id ID
		if err := json.Unmarshal([]byte(text), &id); err == nil {
			t.Errorf("id %s is %d", text, id)
		}
	}
	var p Point
	if err := json.Unmarshal([]byte(`{"type":"Point","coordinates":[9.97,53.54,12]}`), &p); err != nil || p != (Point{9.97, 53.54}) {
		t.Errorf("point %v, %v", p, err)
	}
	for _, text := range []string{`{"type":"Point","coordinates":[9.97]}`, `{"type":"Point","coordinates":[181,0]}`, `{"type":"Point","coordinates":[0,-91]}`,
		`{"type":"LineString","coordinates":[1,2]}`, `{"type":"Point","coordinates":["1","2"]}`, `[1,2]`, `"x"`, `{"coordinates":[1,2]}`} {
		if err := json.Unmarshal([]byte(text), &p); err == nil {
			t.Errorf("%s is the point %v", text, p)
		}
	}
}

func TestPhotoView(t *testing.T) {
	angle := func(v float64) *float64 { return &v }
	p := Photo{KartaViewID: 42, Geometry: &Point{1, 2}, Compass: angle(-90)}
	if p.ID() != 8000000000000042 {
		t.Errorf("id %d", p.ID())
	}
	if h, ok := p.Heading(false); !ok || h != 270 {
		t.Errorf("heading %v, %v", h, ok)
	}
	p.ComputedCompass = angle(1e9)
	if h, ok := p.Heading(false); !ok || h != 270 {
		t.Errorf("heading beside nonsense %v, %v", h, ok)
	}
	p.Computed = &Point{3, 4}
	if a, _ := p.Pos(false); a != [2]float64{3, 4} {
		t.Errorf("position %v", a)
	}
	if a, _ := p.Pos(true); a != [2]float64{1, 2} {
		t.Errorf("original position %v", a)
	}
	if !p.Taken().IsZero() {
		t.Errorf("taken %v", p.Taken())
	}
}

// encoded returns a picture of a size as a file of a format.
func encoded(t testing.TB, format string, w, h int) []byte {
	t.Helper()
	img := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Gray{10}, color.Gray{200}})
	for i := range img.Pix {
		img.Pix[i] = uint8(i * i % 7 % 2)
	}
	var buf bytes.Buffer
	var err error
	switch format {
	case "jpeg":
		err = jpeg.Encode(&buf, img, nil)
	case "png":
		err = png.Encode(&buf, img)
	case "gif":
		err = gif.Encode(&buf, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestCheckImage(t *testing.T) {
	good := encoded(t, "jpeg", 200, 100)
	check := func(kind string, data []byte) (string, image.Point, error) {
		return checkImage(Answer{Header: http.Header{"Content-Type": {kind}}, Body: data})
	}
	for _, kind := range []string{"image/jpeg", "image/jpeg; charset=x", "application/octet-stream", "binary/octet-stream", "", "image/png"} {
		if format, size, err := check(kind, good); err != nil || format != "jpeg" || size != image.Pt(200, 100) {
			t.Errorf("type %q: %s, %v, %v", kind, format, size, err)
		}
	}
	if format, _, err := check("image/png", encoded(t, "png", 64, 64)); err != nil || format != "png" {
		t.Errorf("PNG: %s, %v", format, err)
	}
	for want, data := range map[string][]byte{
		"truncated":         good[:len(good)-20],
		"truncated image":   good[:len(good)*3/4],
		"cannot be decoded": good[:50],
		"0 bytes":           nil,
		"too small":         encoded(t, "jpeg", 31, 200),
		"format":            encoded(t, "gif", 64, 64),
	} {
		if _, _, err := check("image/jpeg", data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: error %v, want %q", len(data), err, want)
		}
	}
	if _, _, err := check("text/html", good); err == nil || !strings.Contains(err.Error(), "text/html") {
		t.Errorf("error %v", err)
	}
	bomb := encoded(t, "png", 64, 64)
	copy(bomb[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65536 by 65536 pixels
	if _, _, err := check("image/png", bomb); err == nil {
		t.Error("a picture of 4 billion pixels is taken")
	}
}

// FuzzImage says that no file of a service does harm.
func FuzzImage(f *testing.F) {
	f.Add("image/jpeg", encoded(f, "jpeg", 64, 48))
	f.Add("image/png", encoded(f, "png", 64, 48))
	f.Add("image/webp", []byte("RIFF\x24\x00\x00\x00WEBPVP8 "))
	f.Add("text/html", []byte("<html>"))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
		if err == nil && cfg.Width*cfg.Height > 4e6 {
			t.Skip() // slow, not wrong
		}
		format, size, err := checkImage(Answer{Header: http.Header{"Content-Type": {kind}}, Body: data})
		if err == nil && (suffix[format] == "" || min(size.X, size.Y) < leastSize) {
			t.Fatalf("%q of %v is taken", format, size)
		}
	})
}
