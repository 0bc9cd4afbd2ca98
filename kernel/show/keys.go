package show

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// sortMost is the size up to which all keys of a map are sorted to find the first ones.
const sortMost = 50_000

// someKeys returns the first keys of a map in their order, at most so many, and how many are left out. Of
// a huge map it returns any keys, in their order.
func someKeys(m reflect.Value, most int) (keys []reflect.Value, left int) {
	n := m.Len()
	for it := m.MapRange(); it.Next(); {
		if n > sortMost && len(keys) == most {
			break
		}
		keys = append(keys, it.Key())
	}
	slices.SortStableFunc(keys, compareKeys)
	keys = keys[:min(len(keys), most)]
	return keys, n - len(keys)
}

// compareKeys orders numbers by size, texts by their bytes, and everything else by what is printed of it.
func compareKeys(a, b reflect.Value) int {
	for a.Kind() == reflect.Interface && b.Kind() == reflect.Interface && !a.IsNil() && !b.IsNil() {
		a, b = a.Elem(), b.Elem()
	}
	switch {
	case a.CanInt() && b.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint() && b.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat() && b.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	case a.Kind() == reflect.String && b.Kind() == reflect.String:
		return strings.Compare(a.String(), b.String())
	}
	return strings.Compare(cell(a, 200), cell(b, 200))
}
