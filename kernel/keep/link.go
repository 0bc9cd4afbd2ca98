package keep

import (
	"reflect"
	"unsafe"
)

// link joins a type of a file with one of this program: what is there of it, and where it goes. Fields go
// by their names; a field that the program does not have is passed over, one that the file does not have
// stays zero.
type link struct {
	wire   int
	plan   *plan
	same   bool // plain, and alike byte by byte
	elem   *link
	key    *link
	fields []linkField // in the order of the file
	size   uintptr     // plain: of an element in the file
}

type linkField struct {
	wire   int
	from   uintptr // plain
	offset uintptr
	link   *link // nil if the program has no such field
}

type linkKey struct {
	wire int
	plan *plan
}

// link returns how to read values of a type of the file into a plan; the error says what does not fit. What
// pointers, slices and interfaces lead to is linked when it is met.
func (d *decoder) link(wire int, p *plan) (*link, error) {
	k := linkKey{wire, p}
	if l := d.links[k]; l != nil {
		return l, nil
	}
	w := &d.types[wire]
	if !fits(w.kind, p.kind) {
		return nil, failure("it was a " + w.text + " and is a " + p.t.String() + " now")
	}
	l := &link{wire: wire, plan: p, size: w.size}
	d.links[k] = l
	var err error
	switch p.kind {
	case kindArray:
		if w.n != p.n {
			return nil, failure("it was a " + w.text + " and is a " + p.t.String() + " now")
		}
		if l.elem, err = d.link(w.elem, p.elem); err == nil {
			l.same = l.elem.same
			l.size = d.types[w.elem].size
		}
	case kindStruct:
		err = d.linkFields(l, w)
	case kindMap:
		if l.key, err = d.link(w.key, p.key); err == nil {
			l.elem, err = d.link(w.elem, p.elem)
		}
	default:
		l.same = p.plain && !p.bools && w.kind == p.kind
	}
	if err != nil {
		delete(d.links, k)
		return nil, err
	}
	return l, nil
}

// fits reports whether values of a kind in a file can be read as another: numbers may change their width.
func fits(from, to kind) bool {
	class := func(k kind) kind {
		switch {
		case k >= kindInt && k <= kindInt64:
			return kindInt
		case k >= kindUint && k <= kindUintptr:
			return kindUint
		case k == kindFloat32:
			return kindFloat64
		case k == kindComplex64:
			return kindComplex128
		case k == kindReopened:
			return kindPointer
		}
		return k
	}
	return class(from) == class(to)
}

func (d *decoder) linkFields(l *link, w *wireType) error {
	p := l.plan
	l.same = p.plain && !p.bools && w.plain && w.size == p.size && len(w.fields) == len(p.fields)
	found := false
	for i, f := range w.fields {
		x := linkField{wire: f.wire, from: f.offset}
		for j, g := range p.fields {
			if f.name != g.name {
				continue
			}
			link, err := d.link(f.wire, g.plan)
			if err != nil {
				return failure("its field " + p.t.String() + "." + f.name + ": " + err.Error())
			}
			x.link, x.offset, found = link, g.offset, true
			l.same = l.same && link.same && i == j && f.offset == g.offset
			break
		}
		l.same = l.same && x.link != nil
		l.fields = append(l.fields, x)
	}
	if !found && len(w.fields) > 0 && len(p.fields) > 0 {
		return failure("it was a " + w.text + " that has no field in common with what is " + p.t.String() + " now")
	}
	return nil
}

// memory reads a plain value from memory as the file holds it.
func (l *link) memory(from []byte, at unsafe.Pointer) error {
	p := l.plan
	switch {
	case l.same:
		copy(unsafe.Slice((*byte)(at), p.size), from[:p.size])
	case p.kind == kindArray:
		for i := range p.n {
			if err := l.elem.memory(from[uintptr(i)*l.size:], unsafe.Add(at, uintptr(i)*p.elem.size)); err != nil {
				return err
			}
		}
	case p.kind == kindStruct:
		for _, f := range l.fields {
			if f.link == nil {
				continue
			}
			if err := f.link.memory(from[f.from:], unsafe.Add(at, f.offset)); err != nil {
				return err
			}
		}
	default:
		return l.number(from, at)
	}
	return nil
}

// number reads a bool or number, whose width may have changed.
func (l *link) number(from []byte, at unsafe.Pointer) error {
	var src [16]byte // from need not be aligned
	copy(src[:], from[:l.size])
	w := unsafe.Pointer(&src)
	v := reflect.NewAt(l.plan.t, at).Elem()
	switch v.Kind() {
	case reflect.Bool:
		if src[0] > 1 {
			return errDamaged
		}
		v.SetBool(src[0] == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		var x int64
		switch l.size {
		case 1:
			x = int64(*(*int8)(w))
		case 2:
			x = int64(*(*int16)(w))
		case 4:
			x = int64(*(*int32)(w))
		default:
			x = *(*int64)(w)
		}
		if v.OverflowInt(x) {
			return failure("a number does not fit into a " + l.plan.t.String())
		}
		v.SetInt(x)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		var x uint64
		switch l.size {
		case 1:
			x = uint64(*(*uint8)(w))
		case 2:
			x = uint64(*(*uint16)(w))
		case 4:
			x = uint64(*(*uint32)(w))
		default:
			x = *(*uint64)(w)
		}
		if v.OverflowUint(x) {
			return failure("a number does not fit into a " + l.plan.t.String())
		}
		v.SetUint(x)
	case reflect.Float32, reflect.Float64:
		x := *(*float64)(w)
		if l.size == 4 {
			x = float64(*(*float32)(w))
		}
		v.SetFloat(x)
	default:
		x := *(*complex128)(w)
		if l.size == 8 {
			x = complex128(*(*complex64)(w))
		}
		v.SetComplex(x)
	}
	return nil
}
