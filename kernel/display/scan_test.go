package display

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"runtime"
	"strings"
	"testing"

	"urbangraph/kernel/internal/shown"
)

func frameOf(parts ...shown.Part) shown.Frame {
	return shown.Frame{Seq: 1, Kind: Display, Data: parts}
}

func scanAll(t *testing.T, b []byte) ([]Message, error) {
	t.Helper()
	var got []Message
	err := Scan(bytes.NewReader(b), func(m Message) error {
		got = append(got, m)
		return nil
	})
	return got, err
}

func coded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestData(t *testing.T) {
	part := func(mime string, coding shown.Coding, v string) shown.Part {
		return shown.Part{Name: mime, Coding: coding, Value: []byte(v)}
	}
	for _, c := range []struct {
		part shown.Part
		want string
	}{
		{part("text/plain", shown.Text, "a"), `{"text/plain":"a"}`},
		{part("text/plain", shown.Bytes, "a"), `{"text/plain":"a"}`},
		{part("text/plain", shown.Text, "\xff"), `{"text/plain":"\ufffd"}`},
		{part("image/png", shown.Bytes, "\x01\x02"), `{"image/png":"AQI="}`},
		{part("application/pdf", shown.Bytes, "\x01\x02"), `{"application/pdf":"AQI="}`},
		{part("application/javascript", shown.Text, "a()"), `{"application/javascript":"a()"}`},
		{part("application/json", shown.JSON, `{"a": [1]}`), `{"application/json":{"a":[1]}}`},
		{part("application/json", shown.Text, `7`), `{"application/json":7}`},
		{part("application/json", shown.JSON, `{"a":`), `{"application/json":"{\"a\":"}`},
		{part("application/json", shown.JSON, ""), `{"application/json":""}`},
		{part("application/geo+json", shown.JSON, "{}"), `{"application/geo+json":{}}`},
		{part("application/vnd.vega.v5+json", shown.JSON, "{}"), `{"application/vnd.vega.v5+json":{}}`},
		{part("text/plain", 77, "x"), `{"text/plain":"[text/plain: unknown coding 77]"}`},
		{part("image/png", shown.RGBA, "x"), `{"text/plain":"[picture without a size]"}`},
		{part("image/png", shown.RGBA, "\xff\xff\xff\xff\xff\xff\xff\xff1234"), `{"text/plain":"[picture of 4294967295×4294967295 in 4 bytes]"}`},
		{part("image/png", shown.RGBA, "\x00\x00\x00\x02\x00\x00\x00\x011234"), `{"text/plain":"[picture of 2×1 in 4 bytes]"}`},
		{part("image/png", shown.NRGBA, "\x00\x00\x00\x00\x00\x00\x00\x01"), `{"text/plain":"[picture of 0×1 in 0 bytes]"}`},
	} {
		f := frameOf(c.part)
		got, err := scanAll(t, f.Append(nil))
		if err != nil || len(got) != 1 {
			t.Errorf("%v: %d messages, %v", c.part, len(got), err)
			continue
		}
		if s := coded(t, got[0].Data); s != c.want {
			t.Errorf("%s: got %s, want %s", c.part.Value, s, c.want)
		}
	}
}

// A message shares no memory with those that follow.
func TestMessagesStay(t *testing.T) {
	var b []byte
	for _, s := range []string{`[1]`, `[2]`, `[3]`} {
		f := frameOf(shown.Part{Name: "application/json", Coding: shown.JSON, Value: []byte(s)})
		f.Metadata = f.Data
		b = f.Append(b)
		b = (&shown.Frame{Kind: Raw, Type: "t", Data: []shown.Part{{Value: []byte(`{"a":` + s + `}`)}}}).Append(b)
	}
	got, err := scanAll(t, b)
	if err != nil || len(got) != 6 {
		t.Fatalf("%d messages, %v", len(got), err)
	}
	for i := range 3 {
		want := fmt.Sprintf(`{"application/json":[%d]}`, i+1)
		if m := got[2*i]; coded(t, m.Data) != want || coded(t, m.Metadata) != want {
			t.Errorf("message %d: %s, %s, want %s", i, coded(t, m.Data), coded(t, m.Metadata), want)
		}
		if want := fmt.Sprintf(`{"a":[%d]}`, i+1); string(got[2*i+1].Content) != want {
			t.Errorf("content %s, want %s", got[2*i+1].Content, want)
		}
	}
}

func TestPixels(t *testing.T) {
	pix := "\x00\x00\x00\x02\x00\x00\x00\x01" + "\x10\x20\x30\xff" + "\x10\x00\x10\x10"
	for coding, want := range map[shown.Coding][2]color.NRGBA{
		shown.RGBA:  {{16, 32, 48, 255}, {255, 0, 255, 16}},
		shown.NRGBA: {{16, 32, 48, 255}, {16, 0, 16, 16}},
	} {
		f := frameOf(shown.Part{Name: "image/png", Coding: coding, Value: []byte(pix)})
		got, err := scanAll(t, f.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(got[0].Data["image/png"].(string))))
		if err != nil {
			t.Fatal(err)
		}
		if img.Bounds() != image.Rect(0, 0, 2, 1) {
			t.Errorf("bounds %v", img.Bounds())
		}
		for x := range 2 {
			if c := color.NRGBAModel.Convert(img.At(x, 0)); c != want[x] {
				t.Errorf("coding %d, pixel %d: %v, want %v", coding, x, c, want[x])
			}
		}
	}
}

func TestMetadataAndRaw(t *testing.T) {
	object := func(s string) []shown.Part { return []shown.Part{{Coding: shown.JSON, Value: []byte(s)}} }
	var b []byte
	for _, f := range []shown.Frame{
		{Seq: 1, Kind: Display, Metadata: []shown.Part{{Name: "image/png", Coding: shown.JSON, Value: []byte(`{"width":3}`)}, {Name: "bad", Coding: shown.JSON, Value: []byte("{")}}},
		{Seq: 2, Kind: Raw, Type: "comm_msg", Data: object(` {"a":1}`), Metadata: object(`{"b":2}`)},
		{Seq: 3, Kind: Raw, Type: "comm_close"},
		{Seq: 4, Kind: Raw, Type: "no_object", Data: object(`[1]`)},
		{Seq: 5, Kind: Raw, Type: "no_json", Data: object(`{`)},
		{Seq: 6, Kind: Raw, Type: "null", Data: object(`null`)},
		{Seq: 7, Kind: Raw, Type: "metadata", Metadata: object(`3`)},
		{Seq: 8, Kind: Raw, Data: object(`{}`)},
		{Seq: 9, Kind: 99},
		{Seq: 10, Kind: 0},
		{Seq: 11, Kind: Clear, Wait: true},
	} {
		b = f.Append(b)
	}
	got, err := scanAll(t, b)
	if err != nil {
		t.Fatal(err)
	}
	s := ""
	for _, m := range got {
		s += coded(t, []any{m.Seq, m.Kind.String(), m.Metadata, m.Wait, m.Type, m.Content, m.RawMetadata}) + "\n"
	}
	want := `[1,"display",{"image/png":{"width":3}},false,"",null,null]
[2,"raw",null,false,"comm_msg",{"a":1},{"b":2}]
[3,"raw",null,false,"comm_close",{},{}]
[11,"clear",null,true,"",null,null]
`
	if s != want {
		t.Errorf("got\n%swant\n%s", s, want)
	}
}

func TestSVG(t *testing.T) {
	const space = `xmlns="http://www.w3.org/2000/svg"`
	for _, c := range []struct {
		html, svg string // svg is "" for HTML that is none
	}{
		{`<div><svg ` + space + `><g/></svg></div>`, `<svg ` + space + `><g/></svg>`},
		{" <div>\n<svg>\n<g/></svg> </div>\n", `<svg ` + space + ">\n<g/></svg>"},
		{`<div><?xml version="1.0"?><svg/></div>`, `<?xml version="1.0"?><svg ` + space + `/>`},
		{`<div><svg/></div><p>`, ""},
		{`<div><svg/><svg/></div>`, ""},
		{`<div><svg></svg><p/></div>`, ""},
		{`<div><svg><g></svg></div>`, ""},
		{`<div><svg></div>`, ""},
		{`<div>text<svg/></div>`, ""},
		{`<div><p><svg/></p></div>`, ""},
		{`<div><svgs/></div>`, ""},
		{`<svg/>`, ""},
		{``, ""},
		{`<div></div>`, ""},
	} {
		data := map[string]any{htmlText: c.html}
		complete(data)
		if data[htmlText] != c.html {
			t.Errorf("HTML %q became %q", c.html, data[htmlText])
		}
		if got, _ := data[svgImage].(string); got != c.svg {
			t.Errorf("%q: picture %q, want %q", c.html, got, c.svg)
		}
		if _, ok := data[plainText]; ok != (c.svg != "") {
			t.Errorf("%q: plain text %v", c.html, ok)
		}
	}
	data := map[string]any{svgImage: "<svg/>", htmlText: "mine", plainText: "mine"}
	complete(data)
	if coded(t, data) != coded(t, map[string]any{svgImage: "<svg " + space + "/>", htmlText: "mine", plainText: "mine"}) {
		t.Errorf("forms of the cell's own were replaced: %v", data)
	}
}

func TestScanFailures(t *testing.T) {
	good := (&shown.Frame{Seq: 1, Kind: Display}).Append(nil)
	for name, c := range map[string]struct {
		b    []byte
		n    int
		want string // in the error; "" for none
	}{
		"nothing":        {nil, 0, ""},
		"good":           {good, 1, ""},
		"half a length":  {append(bytes.Clone(good), 0, 0), 1, "the last frame ends after 2 bytes"},
		"half a frame":   {append(bytes.Clone(good), good[:len(good)-1]...), 1, "the last frame ends after 25 bytes"},
		"only a length":  {good[:4], 0, "the last frame ends after 4 bytes"},
		"a large length": {append([]byte{0xff, 0, 0, 0}, good...), 0, "4278190080 bytes, more than 268435456"},
		"no frame":       {append([]byte{0, 0, 0, 3, 1, 2, 3}, good...), 0, "it ends early, after 3 bytes"},
	} {
		r := bytes.NewReader(c.b)
		n := 0
		err := Scan(r, func(Message) error { n++; return nil })
		if n != c.n || (err == nil) != (c.want == "") {
			t.Errorf("%s: %d messages, error %v", name, n, err)
		}
		if err != nil && (!errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
		if r.Len() != 0 {
			t.Errorf("%s: %d bytes are left in the pipe", name, r.Len())
		}
	}
	failed := errors.New("failed")
	r := bytes.NewReader(bytes.Repeat(good, 5000))
	if err := Scan(r, func(Message) error { return failed }); err != failed || r.Len() != 0 {
		t.Errorf("error %v, %d bytes left", err, r.Len())
	}
	if err := Scan(io.MultiReader(bytes.NewReader(good), brokenReader{failed}), func(Message) error { return nil }); !errors.Is(err, failed) {
		t.Errorf("error of the reader: %v", err)
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

// A length that claims much takes no memory until the bytes are there.
func TestScanMemory(t *testing.T) {
	b := binary.BigEndian.AppendUint32(nil, shown.Limit)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := scanAll(t, append(b, make([]byte, 1000)...)); err == nil {
		t.Error("no error")
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}

func FuzzScan(f *testing.F) {
	one := frameOf(shown.Part{Name: "text/html", Value: []byte("<div><svg/></div>")})
	two := shown.Frame{Seq: 2, Kind: Raw, Type: "t", Data: []shown.Part{{Coding: shown.JSON, Value: []byte("{}")}}}
	three := frameOf(shown.Part{Name: "image/png", Coding: shown.RGBA, Value: []byte("\x00\x00\x00\x01\x00\x00\x00\x011234")})
	f.Add(three.Append(two.Append(one.Append(nil))))
	f.Add([]byte{0, 0, 0, 1, 1})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		err := Scan(r, func(m Message) error {
			if !m.Kind.Known() {
				t.Errorf("kind %v", m.Kind)
			}
			for _, v := range []any{m.Data, m.Metadata} {
				if _, err := json.Marshal(v); err != nil {
					t.Errorf("%v: %v", v, err)
				}
			}
			if m.Kind == Raw && (!isObject(m.Content) || !isObject(m.RawMetadata)) {
				t.Errorf("%s, %s", m.Content, m.RawMetadata)
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("error %v", err)
		}
		if r.Len() > 0 {
			t.Errorf("%d bytes are left", r.Len())
		}
	})
}
