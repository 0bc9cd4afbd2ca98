package display

import (
	"bufio"
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"testing"

	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// stream codes messages as gonbui does.
func stream(t testing.TB, messages ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := gob.NewEncoder(&b)
	for _, m := range messages {
		if err := e.Encode(m); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// deepStream is a stream whose second message holds values within values, all like the one given, which
// holds the number 1. It is made by hand: an encoder would take time with the square of the depth.
func deepStream(t *testing.T, v any, name, open string, closes int, depth int) []byte {
	t.Helper()
	message := &protocol.DisplayData{Data: map[protocol.MIMEType]any{"application/json": v}}
	one := stream(t, message)                         // with the types
	again := stream(t, message, message)[len(one)+1:] // without them, and without its length, which is short
	name = string(rune(len(name))) + name
	at := bytes.Index(again, []byte(name))
	if at < 0 {
		t.Fatalf("%q has no %q", again, name)
	}
	head, id := again[:at], again[at+len(name):][:2]

	number := func(n int) []byte { // as gob writes one
		if n < 0x80 {
			return []byte{byte(n)}
		}
		var b []byte
		for ; n > 0; n >>= 8 {
			b = append([]byte{byte(n)}, b...)
		}
		return append([]byte{byte(-len(b))}, b...)
	}
	back := []byte("\x03int\x04\x02\x00\x02") // from the innermost value outwards, in reverse
	slices.Reverse(back)
	add := func(b string) {
		for i := len(b) - 1; i >= 0; i-- {
			back = append(back, b[i])
		}
	}
	for i := range depth {
		add(open)
		add(string(number(len(back) + (i+1)*closes)))
		add(name + string(id))
	}
	add(string(head))
	slices.Reverse(back)
	back = append(back, make([]byte, depth*closes+1)...)
	return append(bytes.Clone(one), append(number(len(back)), back...)...)
}

// Values that lie in one another would take the kernel's stack.
func TestDeepValues(t *testing.T) {
	for _, c := range []struct {
		v          any
		name, open string
		closes     int
	}{
		{[]any{1}, "[]interface {}", "\x00\x01", 0},
		{map[string]any{"a": 1}, "map[string]interface {}", "\x00\x01\x01a", 0},
		{protocol.CommValue{Value: 1}, "github.com/janpfeifer/gonb/gonbui/protocol.CommValue", "\x03", 1},
	} {
		if one := stream(t, &protocol.DisplayData{Data: map[protocol.MIMEType]any{"application/json": c.v}}); !bytes.HasPrefix(deepStream(t, c.v, c.name, c.open, c.closes, 1), one) {
			t.Fatalf("%s: the stream is made wrongly", c.name)
		}
		for depth, ok := range map[int]bool{1: true, 1000: true, nestedMost - 10: true, nestedMost + 10: false} {
			if raced && ok && depth > 1000 {
				continue
			}
			m := &messages{r: bufioReader(deepStream(t, c.v, c.name, c.open, c.closes, depth))}
			d := gob.NewDecoder(m)
			for i := range 2 {
				var data protocol.DisplayData
				err := d.Decode(&data)
				if (err == nil) != (ok || i == 0) {
					t.Errorf("%s, depth %d, message %d: %v", c.name, depth, i, err)
				}
				if err != nil {
					continue
				}
				if out := displayOf(&data, Display); depth == 1 && i == 1 && coded(t, out.Data) != coded(t, map[string]any{"application/json": c.v}) {
					t.Errorf("%s: %s", c.name, coded(t, out.Data))
				}
			}
		}
	}
}

func TestFitAny(t *testing.T) {
	for _, c := range []struct {
		mime string
		v    any
		want string
	}{
		{"application/json", `{"a":1}`, `{"a":1}`},
		{"application/json", []byte(`{"a":1}`), `{"a":1}`},
		{"application/json", "no JSON", `"no JSON"`},
		{"application/json", []int{1}, `[1]`},
		{"application/json", func() {}, ``},
		{"image/png", []byte{1, 2}, `"AQI="`},
		{"image/png", "AQI=", `"AQI="`},
		{"text/html", []byte("x"), `"x"`},
		{"text/plain", 3, `"3"`},
	} {
		if got := coded(t, fitAny(c.mime, c.v)); got != c.want && c.want != "" {
			t.Errorf("%s %v: %s, want %s", c.mime, c.v, got, c.want)
		}
	}
}

func TestMessageLimits(t *testing.T) {
	for name, b := range map[string][]byte{
		"too long":       {0xfc, 0x08, 0, 0, 1},
		"no length":      {0x80},
		"empty":          {0},
		"half a length":  {0xfc, 1, 2},
		"half a message": {5, 1, 2},
	} {
		m := &messages{r: bufioReader(b)}
		if _, err := io.ReadAll(m); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := stream(t, &protocol.DisplayData{DisplayID: "x"})
	m := &messages{r: bufioReader(whole)}
	if got, err := io.ReadAll(m); err != nil || !reflect.DeepEqual(got, whole) {
		t.Errorf("a whole stream: %v, %v", got, err)
	}
}

// FuzzServe gives hostile bytes to the reader of gob messages.
func FuzzServe(f *testing.F) {
	f.Add(stream(f, &protocol.DisplayData{Data: map[protocol.MIMEType]any{"text/html": "<div><svg/></div>", "application/json": map[string]any{"a": []any{1}}}, Metadata: map[string]any{"a": 1}, DisplayID: "x"}))
	f.Add(stream(f, &protocol.DisplayData{Data: map[protocol.MIMEType]any{"image/png": []byte{1}}}, 3, "x"))
	f.Add([]byte{0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &messages{r: bufioReader(b)}
		d := gob.NewDecoder(m)
		var ids IDs
		for m.err == nil {
			var data protocol.DisplayData
			if d.Decode(&data) != nil {
				continue
			}
			out := displayOf(&data, ids.kind(data.DisplayID))
			coded := func(v any) {
				t.Helper()
				if _, err := json.Marshal(v); err != nil {
					t.Errorf("%v: %v", v, err)
				}
			}
			coded(out.Data)
			coded(out.Metadata)
		}
	})
}

func bufioReader(b []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(b)) }
