package keep

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

func init() { openPackages[reflect.TypeFor[plan]().PkgPath()] = true }

// cell is the program of a cell that gets the values of files.
func cell(t testing.TB, root string, n int, files ...string) *state {
	t.Helper()
	t.Setenv(Prefix, filepath.Join(root, fmt.Sprintf("run%d", n)))
	t.Setenv(Files, strings.Join(files, ","))
	return load()
}

func puts[T any](s *state, name string, v T) Entry {
	s.add(name, reflect.TypeFor[T](), unsafe.Pointer(&v))
	return s.index[len(s.index)-1]
}

func gets[T any](s *state, name string) (v T) {
	s.get(name, reflect.TypeFor[T](), unsafe.Pointer(&v))
	return v
}

type record struct {
	Values []float64
	Label  string
	Long   string
}

// TestSame follows a value with long parts through cells that change nothing, little and much of it.
func TestSame(t *testing.T) {
	root := t.TempDir()
	r := record{make([]float64, 100_000), "a", strings.Repeat("long", 50_000)}
	for i := range r.Values {
		r.Values[i] = float64(i)
	}
	e := puts(cell(t, root, 1), "r", r)
	if e.Why != "" || e.Size < 1_000_000 || e.Same {
		t.Fatalf("%+v", e)
	}
	kept := "r=" + e.File + ":1"
	before, err := os.ReadFile(filepath.Join(root, e.File))
	if err != nil {
		t.Fatal(err)
	}

	second := cell(t, root, 2, kept)
	r = gets[record](second, "r")
	if r.Values[99_999] != 99_999 || r.Label != "a" || !strings.HasSuffix(r.Long, "longlong") {
		t.Fatal("it came back as another")
	}
	if e := puts(second, "r", r); !e.Same || e.File != "" {
		t.Errorf("unchanged: %+v", e)
	}

	third := cell(t, root, 3, kept)
	r = gets[record](third, "r")
	r.Values[50_000] = -1
	e = puts(third, "r", r)
	if e.Same || e.File == "" {
		t.Errorf("one number changed: %+v", e)
	}
	if after, err := os.ReadFile(filepath.Join(root, "run1.v0")); err != nil || !bytes.Equal(before, after) {
		t.Error("writing to the value has changed its file")
	}
	r = gets[record](cell(t, root, 4, "r="+e.File+":3"), "r")
	if r.Values[50_000] != -1 || r.Values[50_001] != 50_001 {
		t.Error("the change is lost")
	}

	// A copy elsewhere in memory is the same value.
	fifth := cell(t, root, 5, kept)
	r = gets[record](fifth, "r")
	r.Values, r.Long = slices.Clone(r.Values), strings.Clone(r.Long)
	if e := puts(fifth, "r", r); !e.Same {
		t.Errorf("copied: %+v", e)
	}
	r.Label = "b"
	fifth.put["r"] = false
	if e := puts(fifth, "r", r); e.Same {
		t.Errorf("label changed: %+v", e)
	}
}

// TestGetFails says what is wrong with a value that cannot be got.
func TestGetFails(t *testing.T) {
	root := t.TempDir()
	e := puts(cell(t, root, 1), "x", record{})
	for _, c := range []struct {
		files, want string
		get         func(*state)
	}{
		{"x=" + e.File + ":7", "the value of x from cell [7] cannot be used: it was a keep.record and is a int now", func(s *state) { gets[int](s, "x") }},
		{"x=none:7", "no such file", func(s *state) { gets[record](s, "x") }},
		{"", "it is not there", func(s *state) { gets[record](s, "x") }},
	} {
		func() {
			defer func() {
				if r, ok := recover().(lost); !ok || !strings.Contains(r.Error(), c.want) {
					t.Errorf("%q: %v, want %q", c.files, r, c.want)
				}
			}()
			c.get(cell(t, root, 100+len(c.files), c.files))
		}()
	}
}

func BenchmarkSmall(b *testing.B) {
	root := b.TempDir()
	e := puts(cell(b, root, 1), "x", 1)
	file := "x=" + e.File + ":1"
	b.Run("put", func(b *testing.B) {
		s := cell(b, root, 2)
		for i := 0; b.Loop(); i++ {
			puts(s, fmt.Sprint("x", i), i)
		}
	})
	b.Run("get", func(b *testing.B) {
		s := cell(b, root, 3, file)
		for b.Loop() {
			gets[int](s, "x")
		}
	})
}

// BenchmarkLarge takes 100 MB of numbers out of a program and into the next.
func BenchmarkLarge(b *testing.B) {
	root := b.TempDir()
	v := make([]float64, 12_500_000)
	for i := range v {
		v[i] = float64(i)
	}
	e := puts(cell(b, root, 1), "x", v)
	file := "x=" + e.File + ":1"
	b.SetBytes(e.Size)
	n := 1
	next := func(b *testing.B, files ...string) *state { n++; return cell(b, root, n, files...) }
	b.Run("put", func(b *testing.B) {
		for b.Loop() {
			s := next(b)
			puts(s, "x", v)
			os.Remove(s.prefix + ".v0")
		}
	})
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			s := next(b, file)
			gets[[]float64](s, "x")
			unmap(s.files["x"].kept.data)
		}
	})
	b.Run("getAndRead", func(b *testing.B) {
		sum := 0.0
		for b.Loop() {
			s := next(b, file)
			for _, x := range gets[[]float64](s, "x") {
				sum += x
			}
			unmap(s.files["x"].kept.data)
		}
	})
	b.Run("putUnchanged", func(b *testing.B) {
		sum := 0.0
		for b.Loop() {
			s := next(b, file)
			x := gets[[]float64](s, "x")
			for _, y := range x {
				sum += y
			}
			if !puts(s, "x", x).Same {
				b.Fatal("it was written")
			}
			unmap(s.files["x"].kept.data)
		}
	})
}
