package keep

import (
	"cmp"
	"reflect"
	"slices"
	"unsafe"
)

// failure is an error of this package.
type failure string

func (f failure) Error() string { return string(f) }

// form says what lies in an object.
type form byte

const (
	elements  form = iota // values of one type
	entries               // keys and values of a map
	reopening             // the reference by which a thing is opened again

	forms
)

// object is something that a value refers to. All that refer to it do so by its number.
type object struct {
	form form
	plan *plan // of the elements, of the map, of the pointer to what is opened again
	n    int   // elements or entries
	at   unsafe.Pointer
	ref  []byte // reopening
}

// reference tells objects apart. A pointer to a struct and one to its first field are two.
type reference struct {
	at   unsafe.Pointer
	n    int
	plan *plan
}

type encoder struct {
	wires   wires
	objects []object
	ids     map[reference]int
	lengths []int // of the objects' payloads
	out     []byte
	far     []memory
	farSize int64
	limit   int64
	opened  bool // holds a thing that is opened again
	zoned   bool // holds a time of a named place
	errors  int  // nested, see text
}

// encode writes the value of type t at p as a file of at most limit bytes. The error says what about the
// value cannot be kept.
func encode(t reflect.Type, p unsafe.Pointer, limit int64) (e *encoded, err error) {
	w := &encoder{wires: newWires(), ids: map[reference]int{}, limit: limit}
	defer func() {
		if r := recover(); r != nil { // in a method of the value
			e, err = nil, failure("writing it panics: "+panicText(r))
		}
	}()
	w.objects = append(w.objects, object{plan: planOf(t), n: 1, at: p})
	for i := 0; i < len(w.objects); i++ {
		start := len(w.out)
		if err := w.object(w.objects[i]); err != nil {
			return nil, err
		}
		w.lengths = append(w.lengths, len(w.out)-start)
		if err := w.full(); err != nil {
			return nil, err
		}
	}
	return w.file(), nil
}

// full is the error when the file would pass its limit.
func (w *encoder) full() error {
	if int64(len(w.out))+w.farSize <= w.limit {
		return nil
	}
	return failure("it takes more than " + bytesText(w.limit) + "; the variable " + limitVariable + " sets another limit, in bytes")
}

// object writes what lies in an object.
func (w *encoder) object(o object) error {
	p := o.plan
	switch {
	case o.form == reopening:
		w.out = append(w.out, o.ref...)
		return nil
	case o.form == entries:
		return w.entries(o)
	case p.plain:
		size := p.size * uintptr(o.n)
		if size < farMinimum {
			w.out = append(w.out, unsafe.Slice((*byte)(o.at), size)...)
			return nil
		}
		w.memory(o.at, size)
		return nil
	}
	for i := range o.n {
		if err := w.value(p, unsafe.Add(o.at, uintptr(i)*p.size)); err != nil {
			return err
		}
		if err := w.full(); err != nil {
			return err
		}
	}
	return nil
}

// entries writes a map, in the order of its keys where that takes no time: so the same map is written as
// the same bytes.
func (w *encoder) entries(o object) error {
	at := o.at
	m := reflect.NewAt(o.plan.t, unsafe.Pointer(&at)).Elem()
	key, value := reflect.New(o.plan.key.t), reflect.New(o.plan.elem.t)
	write := func() error {
		if err := w.value(o.plan.key, key.UnsafePointer()); err != nil {
			return err
		}
		if err := w.value(o.plan.elem, value.UnsafePointer()); err != nil {
			return err
		}
		return w.full()
	}
	if keys := sorted(m, o.plan.key.kind); keys != nil {
		for _, k := range keys {
			key.Elem().Set(k)
			value.Elem().Set(m.MapIndex(k))
			if err := write(); err != nil {
				return err
			}
		}
		return nil
	}
	for it := m.MapRange(); it.Next(); {
		key.Elem().SetIterKey(it)
		value.Elem().SetIterValue(it)
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// sorted returns the keys of a map that is not too long in order, nil if they have none.
func sorted(m reflect.Value, k kind) []reflect.Value {
	if m.Len() > 10_000 {
		return nil
	}
	var compare func(a, b reflect.Value) int
	switch {
	case k == kindString:
		compare = func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) }
	case k >= kindInt && k <= kindInt64:
		compare = func(a, b reflect.Value) int { return cmp.Compare(a.Int(), b.Int()) }
	case k >= kindUint && k <= kindUintptr:
		compare = func(a, b reflect.Value) int { return cmp.Compare(a.Uint(), b.Uint()) }
	default:
		return nil
	}
	keys := m.MapKeys()
	slices.SortFunc(keys, compare)
	return keys
}

// memory writes a reference to memory that goes into the far part of the file.
func (w *encoder) memory(at unsafe.Pointer, size uintptr) {
	w.out = appendUvarint(w.out, uint64(w.farSize))
	w.far = append(w.far, memory{at, size, w.farSize})
	w.farSize = align(w.farSize + int64(size))
}

// refer writes the number of an object, which it puts in line if it is new.
func (w *encoder) refer(id reference, o object) {
	n, ok := w.ids[id]
	if !ok {
		n = len(w.objects)
		w.ids[id] = n
		w.objects = append(w.objects, o)
	}
	w.out = appendUvarint(w.out, uint64(n)+1)
}

func (w *encoder) null() { w.out = append(w.out, 0) }

func (w *encoder) bytes(b []byte) {
	w.out = appendUvarint(w.out, uint64(len(b)))
	w.out = append(w.out, b...)
}

// string writes a string's length and bytes; those of a long one lie in the far part.
func (w *encoder) string(s string) {
	w.out = appendUvarint(w.out, uint64(len(s)))
	if len(s) < farMinimum {
		w.out = append(w.out, s...)
		return
	}
	w.memory(unsafe.Pointer(unsafe.StringData(s)), uintptr(len(s)))
}

type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

// value writes the value that lies at an address.
func (w *encoder) value(p *plan, at unsafe.Pointer) error {
	if p.plain {
		w.out = append(w.out, unsafe.Slice((*byte)(at), p.size)...)
		return nil
	}
	switch p.kind {
	case kindString:
		w.string(*(*string)(at))
	case kindArray:
		for i := range p.n {
			if err := w.value(p.elem, unsafe.Add(at, uintptr(i)*p.elem.size)); err != nil {
				return err
			}
		}
	case kindStruct:
		for _, f := range p.fields {
			if err := w.value(f.plan, unsafe.Add(at, f.offset)); err != nil {
				return err
			}
		}
	case kindPointer:
		to := *(*unsafe.Pointer)(at)
		if to == nil {
			w.null()
			return nil
		}
		if p.elem.kind == kindEmpty && !zero(to, p.elem.size) {
			return w.value(p.elem, to) // fails, and before all else has been written
		}
		w.refer(reference{to, 1, p}, object{plan: p.elem, n: 1, at: to})
	case kindReopened:
		return w.reopened(p, *(*unsafe.Pointer)(at))
	case kindSlice:
		s := (*sliceHeader)(at)
		if s.data == nil {
			w.null()
			return nil
		}
		w.refer(reference{s.data, s.len, p}, object{plan: p.elem, n: s.len, at: s.data})
	case kindMap:
		m := *(*unsafe.Pointer)(at)
		if m == nil {
			w.null()
			return nil
		}
		w.refer(reference{m, 0, p}, object{form: entries, plan: p, n: reflect.NewAt(p.t, at).Elem().Len(), at: m})
	case kindTime:
		return w.writeTime(p, at)
	case kindInterface:
		return w.dynamic(reflect.NewAt(p.t, at).Elem())
	case kindEmpty:
		if !zero(at, p.size) {
			return failure("it holds a " + p.t.String() + ": " + p.why)
		}
		w.null()
	default:
		data, err := p.kind.write(reflect.NewAt(p.t, at).Interface())
		if err != nil {
			return failure("its " + p.t.String() + " cannot be written: " + err.Error())
		}
		w.bytes(data)
	}
	return nil
}

func zero(at unsafe.Pointer, size uintptr) bool {
	return !slices.ContainsFunc(unsafe.Slice((*byte)(at), size), func(b byte) bool { return b != 0 })
}

// reopened writes a pointer to a thing that is opened again, or to a copy where it cannot be.
func (w *encoder) reopened(p *plan, to unsafe.Pointer) error {
	if to == nil {
		w.null()
		return nil
	}
	id, o := reference{to, 1, p}, object{plan: p.elem, n: 1, at: to}
	if _, ok := w.ids[id]; !ok {
		ref, err := reflect.NewAt(p.elem.t, to).Interface().(Reopener).KeptAs()
		switch {
		case err == nil:
			o = object{form: reopening, plan: p, n: 1, ref: ref}
			w.opened = true
		case p.elem.kind == kindEmpty:
			return failure("its " + p.t.String() + " cannot be opened again: " + err.Error())
		}
	}
	w.refer(id, o)
	return nil
}

// dynamic writes the value in an interface: its type and then itself; a struct or array, which may hold
// further interfaces, as an object of its own, so that long chains of them take no stack.
func (w *encoder) dynamic(v reflect.Value) error {
	if v.IsNil() {
		w.null()
		return nil
	}
	v = v.Elem()
	t := v.Type()
	if t.Implements(errorType) {
		if s := sentinel(v.Interface().(error)); s != 0 {
			w.out = append(w.out, 1+wireSentinel, s)
			return nil
		}
	}
	name, own, why := typeText(t)
	if t.Implements(errorType) && (why != "" || !closed(t, map[reflect.Type]bool{})) {
		w.out = append(w.out, 1+wireError)
		return w.text(v.Interface().(error))
	}
	if why != "" {
		return failure("it holds a " + t.String() + " in an interface: " + why)
	}
	p := planOf(t)
	w.out = appendUvarint(w.out, 1+uint64(w.wires.dynamic(p, name, own)))
	c := reflect.New(t)
	c.Elem().Set(v)
	if p.boxed() {
		w.out = appendUvarint(w.out, uint64(len(w.objects)))
		w.objects = append(w.objects, object{plan: p, n: 1, at: c.UnsafePointer()})
		return nil
	}
	return w.value(p, c.UnsafePointer())
}

// text writes what an error says, and the errors that it wraps.
func (w *encoder) text(err error) error {
	w.bytes([]byte(err.Error()))
	var wrapped []error
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		wrapped = []error{err.Unwrap()}
	case interface{ Unwrap() []error }:
		wrapped = err.Unwrap()
	}
	if w.errors >= maxErrors {
		wrapped = nil
	}
	w.errors++
	defer func() { w.errors-- }()
	w.out = appendUvarint(w.out, uint64(len(wrapped)))
	for i := range wrapped {
		if err := w.dynamic(reflect.ValueOf(&wrapped[i]).Elem()); err != nil {
			return err
		}
	}
	return nil
}
