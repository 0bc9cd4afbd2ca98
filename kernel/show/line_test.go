package show

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

type point struct{ X, Y int }

type node struct {
	Name string
	Next *node
}

type spoken1 struct{ n int }

func (s spoken1) String() string { return fmt.Sprintf("<%d>", s.n) }

type spoken2 struct{ n int }

func (s *spoken2) String() string { return fmt.Sprintf("<%d>", s.n) }

type rude struct{}

func (rude) String() string { panic("no") }

type formatted struct{}

func (formatted) Format(s fmt.State, verb rune) { fmt.Fprintf(s, "formatted %c", verb) }

func TestLine(t *testing.T) {
	ring := &node{Name: "a"}
	ring.Next = &node{"b", ring}
	self := map[string]any{}
	self["self"] = self
	loop := []any{1, nil}
	loop[1] = loop
	var none *node
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "<nil>"},
		{true, "true"},
		{-3, "-3"},
		{uint8(200), "200"},
		{0.1, "0.1"},
		{float32(0.1), "0.1"},
		{1e20, "100000000000000000000"},
		{1e21, "1e+21"},
		{0.0001, "0.0001"},
		{0.00001, "1e-05"},
		{math.NaN(), "NaN"},
		{math.Inf(-1), "-Inf"},
		{1 + 2i, "(1+2i)"},
		{"a\nb", "a\nb"},
		{'x', "120"},
		{[]string{"a b", "c"}, `["a b" "c"]`},
		{[]int(nil), "[]"},
		{map[string]int(nil), "map[]"},
		{map[string]int{"b": 1, "a": 2}, `map["a":2 "b":1]`},
		{map[int]bool{10: true, 9: false}, "map[9:false 10:true]"},
		{map[any]int{"b": 1, 2: 2}, `map[2:2 "b":1]`},
		{point{1, 2}, "{1 2}"},
		{&point{1, 2}, "&{1 2}"},
		{[]*point{{1, 2}, nil}, "[&{1 2} <nil>]"},
		{none, "<nil>"},
		{ring, `&{"a" &{"b" …}}`},
		{self, `map["self":…]`},
		{loop, `[1 …]`},
		{[3]int{1, 2, 3}, "[1 2 3]"},
		{make([]int, 1_000_000), "[0 0 0 0 0 … 0 0 0 0 0] (1000000 int)"},
		{time.Second, "1s"},
		{time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), "2026-01-02"},
		{time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.FixedZone("CET", 3600)), "2026-01-02 03:04:05.6 CET"},
		{struct{ T time.Time }{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, "{2026-01-02 03:04:05 UTC}"},
		{struct{ t time.Time }{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, "{2026-01-02 03:04:05 UTC}"},
		{&struct{ d time.Duration }{5e9}, "&{5s}"},
		{map[string]struct{ s spoken1 }{"a": {spoken1{3}}}, `map["a":{<3>}]`},
		{struct{ p *spoken2 }{&spoken2{3}}, "{<3>}"},
		{struct {
			a any
			e error
			f func()
			s []struct{ t time.Duration }
		}{nil, nil, nil, []struct{ t time.Duration }{{1}}}, "{<nil> <nil> <nil> [{1ns}]}"},
		{spoken1{3}, "<3>"},
		{&spoken2{3}, "<3>"},
		{[]spoken2{{3}}, "[<3>]"},
		{(*spoken2)(nil), "<nil>"},
		{big.NewInt(12), "12"},
		{netip.MustParseAddr("1.2.3.4"), "1.2.3.4"},
		{formatted{}, "formatted v"},
		{rude{}, "(show.rude: panic: no)"},
		{errors.New("bad"), "bad"},
		{[]error{errors.New("bad"), nil}, "[bad <nil>]"},
		{[]byte("hello\n"), "hello\n"},
		{[]byte{0, 255}, "0x00ff"},
		{[]byte{}, "[]"},
		{make([]byte, 100), "0x" + strings.Repeat("00", 32) + "… (100 bytes)"},
		{struct{ B []byte }{[]byte("x")}, `{"x"}`},
		{func(int) string { return "" }, "func(int) string"},
		{(func())(nil), "<nil>"},
		{make(chan int), "chan int"},
		{struct{ any }{point{1, 2}}, "{{1 2}}"},
	} {
		if got := line(c.v); got != c.want {
			t.Errorf("line(%#v) = %q, want %q", c.v, got, c.want)
		}
	}
}

// What is unlimited in size or depth ends in time, and is cut between characters.
func TestLineIsBounded(t *testing.T) {
	deep := any(1)
	for range 100_000 {
		deep = []any{deep, deep}
	}
	wide := map[int][]string{}
	for i := range 200_000 {
		wide[i] = []string{strings.Repeat("é", 100)}
	}
	for name, v := range map[string]any{"deep": deep, "wide": wide, "text": []string{strings.Repeat("é", 1<<20)},
		"array": [1]string{strings.Repeat("é", 1<<20)}, "odd": [1]string{"a" + strings.Repeat("é", 1<<20)}} {
		start := time.Now()
		s := line(v)
		if len(s) > lineMost+10 || !utf8.ValidString(s) {
			t.Errorf("%s: %d bytes, valid %v", name, len(s), utf8.ValidString(s))
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		s    string
		most int
		want string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"äöüß", 3, "äö…"}, {"", 3, ""}, {"ab", 1, "…"},
	} {
		if got := cut(c.s, c.most); got != c.want {
			t.Errorf("cut(%q, %d) = %q, want %q", c.s, c.most, got, c.want)
		}
	}
}

func TestSomeKeys(t *testing.T) {
	m := map[float64]bool{2: true, -1: true, 0.5: true}
	keys, left := someKeys(reflect.ValueOf(m), 2)
	if len(keys) != 2 || left != 1 || keys[0].Float() != -1 || keys[1].Float() != 0.5 {
		t.Errorf("someKeys = %v, %d left", keys, left)
	}
	huge := map[int]int{}
	for i := range sortMost + 10 {
		huge[i] = i
	}
	keys, left = someKeys(reflect.ValueOf(huge), 5)
	if len(keys) != 5 || left != sortMost+5 {
		t.Errorf("of a huge map: %d keys, %d left", len(keys), left)
	}
	for i := 1; i < len(keys); i++ {
		if keys[i-1].Int() >= keys[i].Int() {
			t.Errorf("keys of a huge map are not in order: %v", keys)
		}
	}
}
