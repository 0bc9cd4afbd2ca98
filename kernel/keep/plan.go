package keep

import "reflect"

// kind says how values of a type are written.
type kind byte

const (
	kindInvalid kind = iota

	// Plain kinds: written as they lie in memory.
	kindBool
	kindInt
	kindInt8
	kindInt16
	kindInt32
	kindInt64
	kindUint
	kindUint8
	kindUint16
	kindUint32
	kindUint64
	kindUintptr
	kindFloat32
	kindFloat64
	kindComplex64
	kindComplex128

	kindString
	kindArray
	kindStruct
	kindPointer
	kindSlice
	kindMap
	kindInterface
	kindReopened // a pointer whose pointee is opened again
	kindBinary   // MarshalBinary and UnmarshalBinary
	kindGob      // GobEncode and GobDecode
	kindText     // MarshalText and UnmarshalText
	kindTime     // time.Time
	kindContent  // bytes.Buffer and strings.Builder
	kindEmpty    // nothing but the zero value can be written
	kindError    // in interfaces: an error of which the text is written
	kindSentinel // in interfaces: io.EOF and the like

	kinds
)

// basic are the plain kinds and their sizes on machines with 64-bit words.
var basic = [kindString]uintptr{
	kindBool: 1, kindInt: 8, kindInt8: 1, kindInt16: 2, kindInt32: 4, kindInt64: 8,
	kindUint: 8, kindUint8: 1, kindUint16: 2, kindUint32: 4, kindUint64: 8, kindUintptr: 8,
	kindFloat32: 4, kindFloat64: 8, kindComplex64: 8, kindComplex128: 16,
}

// plan says how a type of this program is written and read.
type plan struct {
	t      reflect.Type
	kind   kind
	size   uintptr
	plain  bool // without pointers: written as it lies in memory
	bools  bool // plain, but not every byte is a value
	inner  bool // holds an interface by value
	elem   *plan
	key    *plan
	n      int // of an array
	fields []planField
	why    string // kindEmpty: why the value cannot be written
}

type planField struct {
	name   string
	offset uintptr
	plan   *plan
}

var plans = map[reflect.Type]*plan{}

// planOf returns the plan of a type.
func planOf(t reflect.Type) *plan {
	if p := plans[t]; p != nil {
		return p
	}
	p := &plan{t: t, size: t.Size()}
	plans[t] = p
	switch k := t.Kind(); k {
	case reflect.String:
		p.kind = kindString
	case reflect.Array:
		p.kind, p.n, p.elem = kindArray, t.Len(), planOf(t.Elem())
		p.plain, p.bools, p.inner = p.elem.plain, p.elem.bools, p.elem.inner
	case reflect.Slice:
		p.kind, p.elem = kindSlice, planOf(t.Elem())
	case reflect.Pointer:
		p.kind, p.elem = kindPointer, planOf(t.Elem())
		if t.Implements(reopenerType) {
			p.kind = kindReopened
		}
	case reflect.Map:
		p.kind, p.key, p.elem = kindMap, planOf(t.Key()), planOf(t.Elem())
	case reflect.Interface:
		p.kind, p.inner = kindInterface, true
	case reflect.Struct:
		p.structure()
	case reflect.Chan:
		p.empty("a channel lives no longer than the program that made it")
	case reflect.Func:
		p.empty("a function is code of the program that made it")
	case reflect.UnsafePointer:
		p.empty("an unsafe pointer is an address of the program that made it")
	case reflect.Uintptr:
		p.kind, p.plain = kindUintptr, true
		if t.PkgPath() == "" {
			p.plain = false
			p.empty("a uintptr may be an address of the program that made it")
		}
	default:
		p.kind, p.plain, p.bools = kind(k), true, k == reflect.Bool
	}
	return p
}

// boxed reports whether a value in an interface is an object of its own.
func (p *plan) boxed() bool { return !p.plain && (p.kind == kindStruct || p.kind == kindArray) }

func (p *plan) empty(why string) { p.kind, p.why = kindEmpty, why }

// structure plans a struct: field by field if its fields can be had and hold nothing hidden, else by what
// its package offers to write it.
func (p *plan) structure() {
	t := p.t
	if t.PkgPath() == "sync" && t.Name() != "Once" {
		p.empty("what it guards or counts is of the program that made it")
		return
	}
	open := openStruct(t)
	if !open || t.PkgPath() != "main" && t.Name() != "" && !closed(t, map[reflect.Type]bool{}) {
		if k := offered(t); k != kindInvalid {
			p.kind = k
			return
		}
	}
	if !open {
		p.empty("its fields are hidden in package " + t.PkgPath() + ", which offers no way to write it")
		return
	}
	p.kind, p.plain = kindStruct, true
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" {
			continue
		}
		e := planOf(f.Type)
		p.fields = append(p.fields, planField{f.Name, f.Offset, e})
		p.plain, p.bools, p.inner = p.plain && e.plain, p.bools || e.bools, p.inner || e.inner
	}
	p.bools = p.bools && p.plain
}

// openPackages are those whose hidden fields hold all of the state and nothing else, besides the cells'.
var openPackages = map[string]bool{
	"main": true, "sync": true, "sync/atomic": true, "container/ring": true, "math/rand/v2": true,
}

// openStruct reports whether all fields of a struct may be read and set.
func openStruct(t reflect.Type) bool {
	for i := range t.NumField() {
		if path := t.Field(i).PkgPath; path != "" && !openPackages[path] {
			return false
		}
	}
	return true
}

// closed reports whether values of the type can always be written, whatever they hold; interfaces aside.
func closed(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return true
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return false
	case reflect.Map:
		return closed(t.Key(), seen) && closed(t.Elem(), seen)
	case reflect.Pointer:
		return t.Implements(reopenerType) || closed(t.Elem(), seen)
	case reflect.Array, reflect.Slice:
		return closed(t.Elem(), seen)
	case reflect.Struct:
		if !openStruct(t) {
			return offered(t) != kindInvalid
		}
		if t.PkgPath() == "sync" && t.Name() != "Once" {
			return false
		}
		for i := range t.NumField() {
			if !closed(t.Field(i).Type, seen) {
				return false
			}
		}
	}
	return true
}
