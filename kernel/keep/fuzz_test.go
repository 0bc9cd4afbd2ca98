package keep

import (
	"reflect"
	"testing"
	"time"
	"unsafe"
)

// fuzzed are types that damaged files are read as.
var fuzzed = []reflect.Type{
	reflect.TypeFor[any](), reflect.TypeFor[error](), reflect.TypeFor[[]string](), reflect.TypeFor[map[any]any](),
	reflect.TypeFor[place1](), reflect.TypeFor[[]flat1](), reflect.TypeFor[flat5](), reflect.TypeFor[randomRow](),
	reflect.TypeFor[[][]float64](), reflect.TypeFor[map[string]*randomRow](), reflect.TypeFor[[2]time.Time](),
	reflect.TypeFor[[]chan int](), reflect.TypeFor[map[[1]any]struct{}](), reflect.TypeFor[[1 << 16]flat2](),
}

func seeds(t testing.TB) [][]byte {
	var out [][]byte
	add := func(v any) {
		p := reflect.New(reflect.TypeOf(v))
		p.Elem().Set(reflect.ValueOf(v))
		e, err := encode(p.Type().Elem(), p.UnsafePointer(), defaultLimit)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.flat())
	}
	add([]string{"a", "b"})
	add(&place1{Name: "x", gone: map[string][]any{"k": {1, 2.5, Dropped{1}}}, err: &textError{"e", []error{sentinels[0]}}})
	add([]flat1{{1, true, 2, 3}})
	add(map[any]any{"a": [1]string{"b"}, 1: []any{nil, time.Unix(0, 0)}})
	add(map[string]*randomRow{"a": {Tags: []string{"t"}}})
	add([2]time.Time{})
	add([][]float64{{1}, {}})
	return out
}

// FuzzDecode reads any bytes as values of many types: it must end with a value or an error, in time and
// memory that the size of the file allows.
func FuzzDecode(f *testing.F) {
	register(reflect.TypeFor[Dropped]())
	register(reflect.TypeFor[[1]string]())
	register(reflect.TypeFor[time.Time]())
	for _, s := range seeds(f) {
		for i := range fuzzed {
			f.Add(s, byte(i))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, which byte) {
		v, err := readFile(data)
		if err != nil {
			return
		}
		typ := fuzzed[int(which)%len(fuzzed)]
		out := reflect.New(typ)
		if decode(v, typ, unsafe.Pointer(out.Pointer()), true) == nil {
			_, _ = encode(typ, unsafe.Pointer(out.Pointer()), 1<<20) // touches all of it
		}
	})
}

// FuzzIndex reads any bytes as an index; what it holds is written and read again.
func FuzzIndex(f *testing.F) {
	f.Add(AppendEntry(nil, Entry{Name: "x", Type: "int", Short: "int", Dynamic: []string{"a"}, Own: []string{"b"}, File: "v0", Same: true, Opened: true, Size: 3, Why: "w", Unnamed: "u"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := ParseEntries(data)
		if err != nil {
			return
		}
		var out []byte
		for _, e := range all {
			out = AppendEntry(out, e)
		}
		again, err := ParseEntries(out)
		if err != nil || !reflect.DeepEqual(all, again) {
			t.Errorf("%v, %v after %v", again, err, all)
		}
	})
}

// TestDamaged cuts files short and changes each of their bytes.
func TestDamaged(t *testing.T) {
	register(reflect.TypeFor[Dropped]())
	for _, s := range seeds(t) {
		for n := range s {
			for _, x := range []byte{0, 0x7f, s[n] + 1} {
				bad := append([]byte(nil), s...)
				bad[n] = x
				for _, data := range [][]byte{bad, bad[:n]} {
					if v, err := readFile(data); err == nil {
						typ := fuzzed[n%len(fuzzed)]
						_ = decode(v, typ, reflect.New(typ).UnsafePointer(), true)
					}
				}
			}
		}
	}
}
