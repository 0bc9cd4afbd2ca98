package keep

import (
	"math"
	"math/big"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// become writes a value of one type and reads it as another, as when a cell has changed a type meanwhile.
func become[A, B any](t testing.TB, v A) (B, error) {
	t.Helper()
	var out B
	e, err := encode(reflect.TypeFor[A](), unsafe.Pointer(&v), defaultLimit)
	if err != nil {
		t.Fatal(err)
	}
	f, err := readFile(e.flat())
	if err != nil {
		t.Fatal(err)
	}
	return out, decode(f, reflect.TypeFor[B](), unsafe.Pointer(&out), false)
}

func changes[A, B any](v A, want B) func(*testing.T) {
	return func(t *testing.T) {
		got, err := become[A, B](t, v)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%#v became %#v, %v; want %#v", v, got, err, want)
		}
	}
}

func refuses[A, B any](v A, message string) func(*testing.T) {
	return func(t *testing.T) {
		got, err := become[A, B](t, v)
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%#v became %#v, %v; want %q", v, got, err, message)
		}
	}
}

type (
	place1 struct {
		Name  string
		At    [2]float64
		gone  map[string][]any
		Kind  int
		Kinds []int
		err   error
		last  *place1
	}
	place2 struct {
		last  *place2
		Kinds []int8
		Kind  int64
		New   string
		At    [2]float32
		Name  string
	}
	flat1 struct {
		A int32
		B bool
		C float64
		D uint16
	}
	flat2 struct {
		C float64
		A int
		D uint64
	}
	flat3 struct {
		A int32
		B bool
		C string
		D uint16
	}
	flat4 struct{ Z int }
	flat5 struct {
		A int32
		B bool
		C float64
		D uint16
		E string
	}
)

func TestChangedTypes(t *testing.T) {
	p := place1{"a", [2]float64{1, 2}, map[string][]any{"x": {1, "y", Dropped{1}}}, 3, []int{4}, &textError{"e", nil}, nil}
	p.last = &place1{Name: "b"}
	t.Run("fields", changes(p, place2{&place2{Name: "b"}, []int8{4}, 3, "", [2]float32{1, 2}, "a"}))
	many := make([]flat1, 3000)
	want := make([]flat2, 3000)
	full := make([]flat5, 3000)
	for i := range many {
		many[i] = flat1{int32(-i), true, float64(i), uint16(i)}
		want[i] = flat2{float64(i), -i, uint64(i)}
		full[i] = flat5{int32(-i), true, float64(i), uint16(i), ""}
	}
	t.Run("plain", changes(many, want))
	t.Run("more", changes(many, full))
	t.Run("few", changes(full[:3], many[:3]))
	type gap1 struct {
		A int8
		_ [2]int8
		B int8
	}
	type gap2 struct {
		A, B int8
		_    [2]int8
	}
	t.Run("gap", changes([]gap1{{A: 1, B: 2}}, []gap2{{A: 1, B: 2}}))
	t.Run("array", changes([2]flat1{{A: 1}, {D: 2}}, [2]flat2{{A: 1}, {D: 2}}))
	t.Run("map", changes(map[int8]flat1{1: {A: 5}}, map[int]flat2{1: {A: 5}}))
	t.Run("pointer", changes(&[]flat1{{A: 1}}, &[]flat2{{A: 1}}))

	t.Run("kind", refuses[flat1, flat3](flat1{}, "field keep.flat3.C: it was a float64 and is a string now"))
	t.Run("nothing", refuses[flat1, flat4](flat1{}, "no field in common"))
	t.Run("overflow", refuses[[]int, []int8]([]int{128}, "does not fit into a int8"))
	t.Run("unsigned", refuses[[]int, []uint]([]int{1}, "it was a int and is a uint now"))
	t.Run("length", refuses[[2]int, [3]int]([2]int{}, "it was a [2]int and is a [3]int now"))
	t.Run("container", refuses[[]int, map[int]int]([]int{1}, "it was a []int"))
	t.Run("widths", changes([]any{int8(1)}, []any{int8(1)}))
	t.Run("floats", changes([]float32{1.5, float32(math.Inf(1))}, []float64{1.5, math.Inf(1)}))
	t.Run("complex", changes([]complex128{1 + 2i}, []complex64{1 + 2i}))
}

func TestGoneTypes(t *testing.T) {
	_, err := become[any, any](t, Dropped{1})
	if err == nil || !strings.Contains(err.Error(), "a type that is gone") {
		t.Error(err)
	}
	register(reflect.TypeFor[Dropped]())
	got, err := become[any, any](t, Dropped{1})
	if err != nil || got != any(Dropped{1}) {
		t.Error(got, err)
	}
	if _, err := become[any, interface{ Area() }](t, Dropped{1}); err == nil || !strings.Contains(err.Error(), "which is no interface { Area() }") {
		t.Error(err)
	}
}

// Dropped is a type that stands in an interface.
type Dropped struct{ N int }

// TestOffered finds what packages offer to write their values.
func TestOffered(t *testing.T) {
	type stamped struct { // has the methods of its Time, which know nothing of n
		time.Time
		n int
	}
	for _, c := range []struct {
		t    reflect.Type
		want kind
	}{
		{reflect.TypeFor[time.Time](), kindTime},
		{reflect.TypeFor[big.Int](), kindGob},
		{reflect.TypeFor[url.URL](), kindBinary},
		{reflect.TypeFor[regexp.Regexp](), kindText},
		{reflect.TypeFor[strings.Builder](), kindContent},
		{reflect.TypeFor[stamped](), kindInvalid},
		{reflect.TypeFor[strings.Reader](), kindInvalid},
	} {
		if got := offered(c.t); got != c.want {
			t.Errorf("%v offers %d, want %d", c.t, got, c.want)
		}
	}
}
