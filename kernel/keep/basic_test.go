package keep

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"unsafe"
)

// cycle writes a value and reads it back.
func cycle[T any](t testing.TB, v T) (T, error) {
	t.Helper()
	var out T
	e, err := encode(reflect.TypeFor[T](), unsafe.Pointer(&v), defaultLimit)
	if err != nil {
		return out, err
	}
	path := filepath.Join(t.TempDir(), "v")
	if err := e.write(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != e.size {
		t.Fatalf("the file has %v bytes, %v; want %d", info.Size(), err, e.size)
	}
	m, err := mapFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return out, read(m, reflect.TypeFor[T](), unsafe.Pointer(&out))
}

func init() { openPackages[reflect.TypeFor[plan]().PkgPath()] = true }

func TestBasic(t *testing.T) {
	type node struct {
		Name string
		Next *node
		m    map[string]any
	}
	n := &node{Name: "a", m: map[string]any{"x": 1, "y": []any{"z", 2.5, nil}}}
	n.Next = n
	out, err := cycle(t, n)
	if err != nil || out.Next != out || !reflect.DeepEqual(out.m, n.m) {
		t.Fatal(err, out)
	}
}
