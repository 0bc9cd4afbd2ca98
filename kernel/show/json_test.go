package show

import (
	"encoding/json"
	"math"
	"math/rand"
	"reflect"
	"testing"
	"testing/quick"
	"time"
)

type inner struct {
	A int `json:"a"`
	b int
}

type coded struct {
	inner
	S    string            `json:"s,omitempty"`
	P    *float64          `json:",omitempty"`
	Skip int               `json:"-"`
	M    map[string][]bool `json:"m"`
	I    map[int8]uint16
	T    time.Time
	Z    int `json:"z,omitzero"`
	Any  any
	N    [2]float32
}

// What is coded reads back as what encoding/json codes.
func TestJSONLikeEncodingJSON(t *testing.T) {
	check := func(v any) bool {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got := appendJSON(nil, v)
		var g, w any
		if err := json.Unmarshal(got, &g); err != nil {
			t.Errorf("%s: %v", got, err)
			return false
		}
		if err := json.Unmarshal(want, &w); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(g, w) {
			t.Errorf("got %s, want %s", got, want)
			return false
		}
		return true
	}
	f := func(s, u string, p *float64, m map[string][]bool, i map[int8]uint16, n [2]float32, sec int32) bool {
		return check(coded{inner{1, 2}, s, p, 3, m, i, time.Unix(int64(sec), 5).UTC(), 0, []any{u, nil, true, p}, n})
	}
	if err := quick.Check(f, &quick.Config{Rand: rand.New(rand.NewSource(1)), MaxCount: 300}); err != nil {
		t.Error(err)
	}
	for _, v := range []any{
		1, -0.5, 1e300, "" == "x", []string{"\u2028<>&\"\\\n\t\x00\x7f", "ä\U0001f600", "a\xffb"},
		map[string]any{}, []int(nil), (*int)(nil), struct{}{}, []int{}, map[string]int(nil), json.RawMessage(`{"a":1}`),
		map[time.Month]int{1: 2}, struct{ X, y int }{1, 2}, []time.Duration{1},
	} {
		if _, raw := v.(json.RawMessage); !raw {
			check(v)
		}
	}
}

func TestJSONOfWhatJSONCannotHold(t *testing.T) {
	self := map[string]any{}
	self["a"], self["b"] = self, self
	ring := &node{Name: "x"}
	ring.Next = ring
	deep := any(1)
	for range 100 {
		deep = []any{deep}
	}
	for _, c := range []struct {
		v    any
		want string
	}{
		{math.NaN(), "null"},
		{[]float64{math.Inf(1), 1}, "[null,1]"},
		{func() {}, "null"},
		{map[string]any{"c": make(chan int)}, `{"c":null}`},
		{self, `{"a":null,"b":null}`},
		{ring, `{"Name":"x","Next":null}`},
		{`{"raw":1}`, `{"raw":1}`},
		{[]byte("[1]"), "[1]"},
		{nil, "null"},
	} {
		if got := string(appendJSON(nil, c.v)); got != c.want {
			t.Errorf("%v: %s, want %s", c.v, got, c.want)
		}
	}
}
