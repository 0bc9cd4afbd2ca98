package keep

import (
	"math/rand"
	"reflect"
	"testing"
	"testing/quick"
)

// random checks that random values of a type come back as they were.
func random[T any](t *testing.T) {
	t.Run(reflect.TypeFor[T]().String(), func(t *testing.T) {
		same := func(v T) bool {
			got, err := become[T, T](t, v)
			if err != nil {
				t.Log(err)
			}
			return err == nil && equal(reflect.ValueOf(&got).Elem(), reflect.ValueOf(&v).Elem())
		}
		if err := quick.Check(same, &quick.Config{MaxCount: 60, Rand: rand.New(rand.NewSource(1))}); err != nil {
			t.Error(err)
		}
	})
}

// equal is DeepEqual for values without NaN.
func equal(a, b reflect.Value) bool { return reflect.DeepEqual(a.Interface(), b.Interface()) }

type (
	randomRow struct {
		ID    int64
		Name  string
		Score float32
		Tags  []string
		Next  *randomRow
		Sub   struct {
			On bool
			By map[string][3]uint16
		}
	}
	randomPlain struct {
		A int8
		B int64
		C [3]struct {
			D uint16
			E float64
			F bool
		}
		G complex64
	}
)

func TestRandom(t *testing.T) {
	random[bool](t)
	random[int](t)
	random[int8](t)
	random[uint64](t)
	random[float32](t)
	random[complex128](t)
	random[string](t)
	random[[]byte](t)
	random[[]string](t)
	random[[7]int16](t)
	random[[][]int32](t)
	random[[]*int](t)
	random[map[string]int](t)
	random[map[int8][]string](t)
	random[map[[2]string]map[uint8]*string](t)
	random[map[float64]struct{}](t)
	random[**string](t)
	random[randomPlain](t)
	random[[]randomPlain](t)
	random[map[int]randomPlain](t)
	random[randomRow](t)
	random[[]randomRow](t)
	random[map[string]*randomRow](t)
	random[[2][]map[uint16][]randomRow](t)
}
