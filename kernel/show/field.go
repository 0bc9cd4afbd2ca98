package show

import (
	"reflect"
	"unsafe"
)

// fieldOf is a field of a struct. Of one that is not exported it is a copy with which all can be done that
// can be done with others: times and the like in them are to be readable too.
func fieldOf(v reflect.Value, i int) reflect.Value {
	f := v.Field(i)
	if f.CanInterface() {
		return f
	}
	if !v.CanAddr() {
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		f = c.Field(i)
	}
	return reflect.ValueOf(reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Interface())
}
