package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/quick"
	"time"
)

// strs makes frames.
func strs(frames ...string) [][]byte {
	var b [][]byte
	for _, f := range frames {
		b = append(b, []byte(f))
	}
	return b
}

func TestDecodeOfEncodeIsTheMessage(t *testing.T) {
	key := NewKey()
	a, b := NewSession(key, `us"er<é>`), NewSession(key, "other")
	same := func(identity []byte, msgType, text string, count int, nested map[string][]string, buffer []byte) bool {
		if string(identity) == delimiter || msgType == "" {
			return true
		}
		type body struct {
			Text   string
			Count  int
			Nested map[string][]string
		}
		content := body{strings.ToValidUTF8(text, "?"), count, nil}
		for k, v := range nested {
			if content.Nested == nil {
				content.Nested = map[string][]string{}
			}
			for i := range v {
				v[i] = strings.ToValidUTF8(v[i], "?")
			}
			content.Nested[strings.ToValidUTF8(k, "?")] = v
		}
		msgType = strings.ToValidUTF8(msgType, "?")
		parent := json.RawMessage(`{"msg_id":"p","extra":[1]}`)
		frames, id, err := a.Encode(Draft{
			Identities: [][]byte{identity, nil}, Type: msgType, Parent: parent, Content: content,
			Metadata: map[string]int{"n": count}, Buffers: [][]byte{buffer, nil},
		})
		if err != nil {
			t.Error(err)
			return false
		}
		m, err := b.Decode(frames)
		if err != nil {
			t.Errorf("%q: %v", frames, err)
			return false
		}
		var got body
		if err := m.Unmarshal(&got); err != nil {
			t.Error(err)
		}
		h := m.Header
		if at, err := time.Parse(time.RFC3339Nano, h.Date); err != nil || time.Since(at).Abs() > time.Minute || !strings.HasSuffix(h.Date, "Z") {
			t.Errorf("date %q: %v", h.Date, err)
		}
		h.Date = ""
		return h == Header{MsgID: id, Username: `us"er<é>`, Session: a.ID(), MsgType: msgType, Version: "5.4"} &&
			m.Parent.MsgID == "p" && bytes.Equal(m.RawParent, parent) && reflect.DeepEqual(got, content) &&
			string(m.Metadata) == fmt.Sprintf(`{"n":%d}`, count) &&
			len(m.Identities) == 2 && bytes.Equal(m.Identities[0], identity) && len(m.Buffers) == 2 && bytes.Equal(m.Buffers[0], buffer)
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func TestEncodeTakesRawAndNothing(t *testing.T) {
	s := NewSession(nil, "")
	for _, c := range []struct {
		content any
		want    string
	}{
		{nil, `{}`}, {json.RawMessage(nil), `{}`}, {json.RawMessage(` {"a":1e999}`), ` {"a":1e999}`},
		{map[string]string{"html": "<a href='x'>&</a>"}, `{"html":"<a href='x'>&</a>"}`}, {struct{}{}, `{}`},
	} {
		frames, _, err := s.Encode(Draft{Type: "t", Content: c.content})
		if err != nil || string(frames[5]) != c.want || string(frames[3])+string(frames[4]) != "{}{}" || len(frames[1]) != 0 {
			t.Errorf("%v: %q, %v", c.content, frames, err)
		}
	}
	for _, wrong := range []any{1, "x", []int{1}, json.RawMessage("[]"), json.RawMessage("{"), json.RawMessage("\xff"), math.NaN(), map[string]any{"c": make(chan int)}, (*struct{})(nil)} {
		if _, _, err := s.Encode(Draft{Type: "t", Content: wrong}); err == nil {
			t.Errorf("content %v was taken", wrong)
		}
		if _, _, err := s.Encode(Draft{Type: "t", Metadata: wrong}); err == nil {
			t.Errorf("metadata %v was taken", wrong)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	key := NewKey()
	s := NewSession(key, "u")
	const header = `{"msg_id":"1","username":"u","session":"s","msg_type":"t","version":"5.3","date":"d"}`
	sign := func(parts ...string) [][]byte {
		f := strs(parts...)
		return append([][]byte{[]byte(delimiter), s.sign(f[:4]...)}, f...)
	}
	for _, c := range []struct {
		frames [][]byte
		want   error
		text   string
	}{
		{sign(header, "{}", "{}", "{}"), nil, ""},
		{sign(header, "{}", "{}", "{}"), ErrReplay, ""},
		{sign(header, `{"msg_id":"p"}`, " {}", "{}\n", "buffer"), nil, ""},
		{sign(`{"msg_id":"1","session":"","msg_type":"t"}`, "{}", "{}", "{}"), nil, ""},
		{strs(), ErrMalformed, "no frame <IDS|MSG>"},
		{strs("a", "b"), ErrMalformed, "no frame <IDS|MSG>"},
		{strs(delimiter, "sig", header, "{}", "{}"), ErrMalformed, "4 frames after <IDS|MSG>"},
		{strs(delimiter, "", header, "{}", "{}", "{}"), ErrSignature, ""},
		{strs(delimiter, strings.Repeat("0", 64), header, "{}", "{}", "{}"), ErrSignature, ""},
		{append(sign(header, "{}", "{}", `{"a":1}`)[:5], []byte(`{"a":2}`)), ErrSignature, ""},
		{sign(`{"session":"s","msg_type":"t"}`, "{}", "{}", "{}"), ErrMalformed, "header has no msg_id"},
		{sign(`{"msg_id":null,"session":"s","msg_type":"t"}`, "{}", "{}", "{}"), ErrMalformed, "header has no msg_id"},
		{sign(`{"msg_id":"1","msg_type":"t"}`, "{}", "{}", "{}"), ErrMalformed, "header has no session"},
		{sign(`{"msg_id":"1","session":"s"}`, "{}", "{}", "{}"), ErrMalformed, "header has no msg_type"},
		{sign(`{"msg_id":"1","session":"s","msg_type":""}`, "{}", "{}", "{}"), ErrMalformed, "msg_type in the header is empty"},
		{sign(`{"msg_id":1,"session":"s","msg_type":"t"}`, "{}", "{}", "{}"), ErrMalformed, "msg_id in the header is a number"},
		{sign(`{"msg_id":"1","session":"s","msg_type":"t","date":{}}`, "{}", "{}", "{}"), ErrMalformed, "date in the header is a object"},
		{sign(`[]`, "{}", "{}", "{}"), ErrMalformed, "header is not a JSON object"},
		{sign(``, "{}", "{}", "{}"), ErrMalformed, "header is not JSON"},
		{sign("{\"msg_id\":\"\xff\"}", "{}", "{}", "{}"), ErrMalformed, "header is not UTF-8"},
		{sign(header, "null", "{}", "{}"), ErrMalformed, "parent header is not a JSON object"},
		{sign(header, `{"msg_id":[]}`, "{}", "{}"), ErrMalformed, "msg_id in the parent header is a array"},
		{sign(header, "{}", "[]", "{}"), ErrMalformed, "metadata is not a JSON object"},
		{sign(header, "{}", "{}", "NaN"), ErrMalformed, "content is not JSON"},
		{sign(header, "{}", "{}", "{}{}"), ErrMalformed, "content is not JSON"},
		{sign(header, "{}", "{}", strings.Repeat("[", 1<<20)), ErrMalformed, "content is not JSON"},
	} {
		m, err := s.Decode(c.frames)
		if !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), c.text) || (m == nil) != (err != nil) {
			t.Errorf("%.200q: %v, want %v with %q", c.frames, err, c.want, c.text)
		}
	}
	if m, err := NewSession(nil, "").Decode(strs("id", delimiter, "any", header, "{}", "{}", "{}")); err != nil || m.Header.MsgID != "1" {
		t.Errorf("unsigned: %v", err)
	}
}

func TestUnmarshalNamesTheField(t *testing.T) {
	m := &Message{Content: json.RawMessage(`{"code":1}`)}
	var content struct {
		Code string `json:"code"`
	}
	if err := m.Unmarshal(&content); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "code in the content is a number, want string") {
		t.Error(err)
	}
}

func TestReplaysAreBounded(t *testing.T) {
	var r replays
	signature := func(i int) []byte { return fmt.Appendf(nil, "%032x and more", i) }
	for i := range remembered + 100 {
		if !r.add(signature(i)) {
			t.Fatalf("signature %d came before", i)
		}
	}
	if len(r.known) != remembered || len(r.order) != remembered {
		t.Errorf("%d are known, %d in order", len(r.known), len(r.order))
	}
	for i, isNew := range map[int]bool{remembered + 99: false, 100 + 1: false, 0: true} {
		if got := r.add(signature(i)); got != isNew {
			t.Errorf("signature %d is new: %v", i, got)
		}
	}
}

func TestIDsAreUnique(t *testing.T) {
	a, b := NewSession(nil, ""), NewSession(nil, "")
	var seen sync.Map
	var running sync.WaitGroup
	for _, s := range []*Session{a, a, b, b} {
		running.Go(func() {
			for range 1000 {
				_, id, err := s.Encode(Draft{Type: "t"})
				if _, before := seen.LoadOrStore(id, true); before || err != nil {
					t.Errorf("id %q again (%v)", id, err)
				}
			}
		})
	}
	running.Wait()
}

// TestAgainstJupyter has jupyter_client read what Encode wrote, and Decode read what that wrote.
func TestAgainstJupyter(t *testing.T) {
	python, err := filepath.Abs("../../.venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(python, "-c", "import jupyter_client").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no Python with jupyter_client: %v\n%s", err, out)
		}
		t.Skipf("no Python with jupyter_client at %s (ugkernel lab makes one): %v", python, err)
	}
	key := NewKey()
	s := NewSession(key, "go")
	frames, id, err := s.Encode(Draft{Identities: strs("me"), Type: "execute_request", Content: map[string]string{"code": "é"}, Buffers: strs("b")})
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-c", `
import sys
from jupyter_client.session import Session
s = Session(key=sys.argv[1].encode(), username="py")
ids, rest = s.feed_identities([bytes.fromhex(a) for a in sys.argv[2:]])
m = s.deserialize(rest)
assert ids == [b"me"] and m["content"] == {"code": "é"} and m["buffers"][0] == b"b" and m["header"]["date"].tzinfo, m
reply = s.msg("execute_reply", {"status": "ok", "n": [1.5, None, "ü"]}, parent=m)
for f in s.serialize(reply, ident=b"you"):
    print(f.hex())
`, string(key)}
	for _, f := range frames {
		args = append(args, hex.EncodeToString(f))
	}
	out, err := exec.Command(python, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var answer [][]byte
	for line := range strings.Lines(string(out)) {
		f, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		answer = append(answer, f)
	}
	m, err := s.Decode(answer)
	if err != nil {
		t.Fatal(err)
	}
	if m.Parent.MsgID != id || m.Header.MsgType != "execute_reply" || m.Header.Username != "py" || string(m.Identities[0]) != "you" {
		t.Errorf("%+v", m)
	}
}

// FuzzDecode decodes frames that are unsigned, or signed as they are: what is accepted is whole and can be
// passed on.
func FuzzDecode(f *testing.F) {
	f.Add(`{"msg_id":"1","session":"s","msg_type":"t"}`, `{}`, `{}`, `{"a":[1]}`, []byte("id"), false)
	f.Add(`{"msg_id":1}`, `{"date":""}`, ` {}`, "{\"\xff\":0}", []byte(delimiter), true)
	f.Fuzz(func(t *testing.T, header, parent, metadata, content string, identity []byte, signed bool) {
		var key Key
		if signed {
			key = Key("k")
		}
		s := NewSession(key, "u")
		parts := strs(header, parent, metadata, content)
		m, err := s.Decode(append([][]byte{identity, []byte(delimiter), s.sign(parts...)}, parts...))
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrSignature) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if m.Header.MsgID == "" || m.Header.MsgType == "" {
			t.Fatalf("accepted %+v", m.Header)
		}
		frames, _, err := s.Encode(Draft{Identities: m.Identities, Type: m.Header.MsgType, Parent: m.RawHeader, Content: m.Content, Metadata: m.Metadata, Buffers: m.Buffers})
		if err != nil {
			t.Fatalf("passing on: %v", err)
		}
		again, err := s.Decode(frames)
		if err != nil || again.Parent != m.Header || !bytes.Equal(again.Content, m.Content) || !bytes.Equal(again.Metadata, m.Metadata) {
			t.Fatalf("passed on: %+v, %v", again, err)
		}
	})
}

// BenchmarkEncode writes and signs a short output.
func BenchmarkEncode(b *testing.B) {
	s := NewSession(NewKey(), "u")
	parent, _, _ := s.Encode(Draft{Type: "execute_request"})
	draft := Draft{Identities: strs("stream"), Type: "stream", Parent: parent[2], Content: map[string]string{"name": "stdout", "text": strings.Repeat("x", 300)}}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Encode(draft); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRoundTrip encodes and decodes a message.
func BenchmarkRoundTrip(b *testing.B) {
	for _, size := range []int{300, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := NewSession(NewKey(), "u")
			draft := Draft{Type: "stream", Content: map[string]string{"name": "stdout", "text": strings.Repeat("x", size)}}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				frames, _, err := s.Encode(draft)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := s.Decode(frames); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
