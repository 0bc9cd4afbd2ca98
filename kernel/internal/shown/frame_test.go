package shown

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand"
	"reflect"
	"testing"
	"testing/quick"
)

func TestRoundTrip(t *testing.T) {
	f := func(seq uint32, kind, coding byte, wait bool, id, typ string, names []string, values [][]byte) bool {
		f := Frame{Seq: seq, Kind: Kind(kind), Wait: wait, ID: id, Type: typ}
		for i, v := range values {
			if v == nil {
				v = []byte{}
			}
			p := Part{Coding: Coding(coding), Value: v}
			if i < len(names) {
				p.Name = names[i]
			}
			f.Data = append(f.Data, p)
			if i%2 == 0 {
				f.Metadata = append(f.Metadata, p)
			}
		}
		b := f.Append([]byte("before"))[len("before"):]
		if len(b) != f.Size() || int(binary.BigEndian.Uint32(b)) != len(b)-4 {
			t.Errorf("%d bytes, Size %d, length %d", len(b), f.Size(), binary.BigEndian.Uint32(b))
			return false
		}
		got, err := Parse(b[4:])
		if err != nil || !reflect.DeepEqual(got, f) {
			t.Errorf("got %+v, %v; want %+v", got, err, f)
			return false
		}
		return true
	}
	if err := quick.Check(f, &quick.Config{Rand: rand.New(rand.NewSource(1))}); err != nil {
		t.Error(err)
	}
}

func example() []byte {
	f := Frame{Seq: 7, Kind: Display, ID: "id", Data: []Part{{"text/plain", Text, []byte("t")}, {"image/png", Bytes, []byte{1, 2}}},
		Metadata: []Part{{"a", JSON, []byte("{}")}}}
	return f.Append(nil)[4:]
}

// Every frame that is cut short, or has something behind it, is refused.
func TestParseRefuses(t *testing.T) {
	b := example()
	for n := range len(b) {
		if _, err := Parse(b[:n]); !errors.Is(err, ErrMalformed) {
			t.Errorf("of %d of %d bytes: %v", n, len(b), err)
		}
	}
	if _, err := Parse(append(bytes.Clone(b), 0)); !errors.Is(err, ErrMalformed) {
		t.Errorf("with one byte more: %v", err)
	}
	huge := bytes.Clone(b)
	copy(huge[len(b)-4-len("{}")-1-1-4-4:], "\xff\xff\xff\xff") // the number of metadata
	if _, err := Parse(huge); !errors.Is(err, ErrMalformed) {
		t.Errorf("with a huge number of parts: %v", err)
	}
}

func TestMark(t *testing.T) {
	for n, want := range map[uint32]string{1: "\x1b_ug1\x1b\\", 4294967295: "\x1b_ug4294967295\x1b\\"} {
		if got := Mark(n); got != want {
			t.Errorf("Mark(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestKind(t *testing.T) {
	for k, want := range map[Kind]string{Display: "display", Raw: "raw", 0: "kind 0", 99: "kind 99"} {
		if got := k.String(); got != want {
			t.Errorf("%d is %q, want %q", k, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example())
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Parse(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("error %v", err)
			}
			return
		}
		again := got.Append(nil)[4:]
		if len(again) != len(b) {
			t.Errorf("%d bytes read, %d written", len(b), len(again))
		}
		if second, err := Parse(again); err != nil || !reflect.DeepEqual(second, got) {
			t.Errorf("reads back as %+v, %v, not %+v", second, err, got)
		}
	})
}
