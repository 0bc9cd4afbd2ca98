package keep

import (
	"reflect"
	"unsafe"
)

// decoder fills a value from a file. Objects are filled in the order in which they are found. What needs
// complete contents, the keys of maps and the values in interfaces, is done at last, from the last found to
// the first.
type decoder struct {
	*file
	copied bool // the bytes of the file are not to be aliased
	links  map[linkKey]*link
	shells []shell
	queue  []uint64 // of objects to fill
	later  []func()
	alloc  int64 // bytes made
	errors int   // nested, see textError
}

// shell is an object of this program that is made before it is filled.
type shell struct {
	plan *plan
	link *link
	at   unsafe.Pointer
	ref  reflect.Value // a map
}

// decode fills the zero value of type t at p from the file. Long slices and strings alias the bytes of the
// file unless copied is set.
func decode(f *file, t reflect.Type, p unsafe.Pointer, copied bool) (err error) {
	d := &decoder{file: f, copied: copied, links: map[linkKey]*link{}, shells: make([]shell, len(f.objects))}
	defer func() {
		if r := recover(); r != nil { // in a method of the value, or a key that cannot be one
			err = failure("reading it panics: " + panicText(r))
		}
	}()
	root := f.objects[0]
	if root.form != elements || root.n != 1 {
		return errDamaged
	}
	l, err := d.link(root.wire, planOf(t))
	if err != nil {
		return err
	}
	d.shells[0] = shell{plan: planOf(t), link: l, at: p}
	d.queue = append(d.queue, 0)
	for len(d.queue) > 0 {
		i := d.queue[0]
		d.queue = d.queue[1:]
		if err := d.fill(&d.shells[i], &d.objects[i]); err != nil {
			return err
		}
	}
	for i := len(d.later) - 1; i >= 0; i-- {
		d.later[i]()
	}
	return nil
}

// spend accounts for memory that is made, so that a damaged file cannot ask for all there is.
func (d *decoder) spend(n int, size uintptr) error {
	budget := 64*d.size + 64<<20
	if size > 0 && (n < 0 || uint64(n) > uint64(budget)/uint64(size)) {
		return errDamaged
	}
	if d.alloc += int64(n) * int64(size); d.alloc > budget {
		return errDamaged
	}
	return nil
}

// shell returns the object of a number, as values of a plan, and makes it if it is new.
func (d *decoder) shell(id uint64, f form, p *plan) (*shell, *wireObject, error) {
	if id >= uint64(len(d.objects)) {
		return nil, nil, errDamaged
	}
	s, o := &d.shells[id], &d.objects[id]
	if o.form != f {
		return nil, nil, errDamaged
	}
	if s.plan != nil {
		if s.plan != p {
			return nil, nil, failure("one " + d.types[o.wire].text + " would become a " + s.plan.t.String() + " and a " + p.t.String())
		}
		return s, o, nil
	}
	made := shell{plan: p}
	var err error
	if f == reopening {
		if d.types[o.wire].kind != kindReopened {
			return nil, nil, errDamaged
		}
		made.at = reflect.New(p.t).UnsafePointer()
	} else if made.link, err = d.link(o.wire, p); err != nil {
		return nil, nil, err
	}
	switch f {
	case entries:
		if o.n > len(o.data) && o.n > 1 {
			return nil, nil, errDamaged
		}
		if err := d.spend(o.n, p.key.size+p.elem.size); err != nil {
			return nil, nil, err
		}
		made.ref = reflect.MakeMapWithSize(p.t, o.n)
	case elements:
		if made.at, err = d.room(o, made.link); err != nil {
			return nil, nil, err
		}
	}
	*s = made
	d.queue = append(d.queue, id)
	return s, o, nil
}

// room makes the memory of an object, or finds it in the file.
func (d *decoder) room(o *wireObject, l *link) (unsafe.Pointer, error) {
	w, p := &d.types[o.wire], l.plan
	if l.same && !d.copied && len(o.data) > 0 && uint64(o.n)*uint64(w.size) >= farMinimum {
		far, err := d.objectBytes(o)
		return address(far), err
	}
	if !w.plain && o.n > len(o.data) {
		return nil, errDamaged
	}
	if err := d.spend(o.n, p.size); err != nil {
		return nil, err
	}
	if o.n == 1 {
		return reflect.New(p.t).UnsafePointer(), nil
	}
	return reflect.MakeSlice(reflect.SliceOf(p.t), o.n, o.n).UnsafePointer(), nil
}

// objectBytes returns the memory of plain elements.
func (d *decoder) objectBytes(o *wireObject) ([]byte, error) {
	w := &d.types[o.wire]
	if w.size > 0 && uint64(o.n) > 1<<48/uint64(w.size) {
		return nil, errDamaged
	}
	size := uintptr(o.n) * w.size
	if size < farMinimum {
		if uintptr(len(o.data)) != size {
			return nil, errDamaged
		}
		return o.data, nil
	}
	offset, n := uvarint(o.data)
	if n <= 0 {
		return nil, errDamaged
	}
	return d.farPart(offset, size)
}

// fill fills an object.
func (d *decoder) fill(s *shell, o *wireObject) error {
	r := &reader{data: o.data}
	switch {
	case o.form == entries:
		return d.entries(s, o, r)
	case o.form == reopening:
		v := reflect.NewAt(s.plan.t, s.at).Interface().(Reopener)
		if err := v.Reopen(o.data); err != nil {
			return failure("its " + reflect.PointerTo(s.plan.t).String() + " cannot be opened again: " + err.Error())
		}
		return nil
	case d.types[o.wire].plain:
		data, err := d.objectBytes(o)
		if err != nil || address(data) == s.at || s.plan.size == 0 {
			return err
		}
		if s.link.same {
			copy(unsafe.Slice((*byte)(s.at), len(data)), data)
			return nil
		}
		size := d.types[o.wire].size
		for i := range o.n {
			if err := s.link.memory(data[uintptr(i)*size:], unsafe.Add(s.at, uintptr(i)*s.plan.size)); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range o.n {
		if err := d.value(s.link, r, unsafe.Add(s.at, uintptr(i)*s.plan.size)); err != nil {
			return err
		}
	}
	return r.end()
}

// end is the error of what was read: all of it must have been there and nothing more.
func (r *reader) end() error {
	if r.bad || len(r.data) > 0 {
		return errDamaged
	}
	return nil
}

func (d *decoder) entries(s *shell, o *wireObject, r *reader) error {
	p := s.plan
	if !p.key.inner && !p.elem.inner {
		key, value := reflect.New(p.key.t), reflect.New(p.elem.t)
		for range o.n {
			key.Elem().SetZero()
			value.Elem().SetZero()
			if err := d.entry(s.link, r, key.UnsafePointer(), value.UnsafePointer()); err != nil {
				return err
			}
			s.ref.SetMapIndex(key.Elem(), value.Elem())
		}
		return r.end()
	}
	keys := reflect.MakeSlice(reflect.SliceOf(p.key.t), o.n, o.n)
	values := reflect.MakeSlice(reflect.SliceOf(p.elem.t), o.n, o.n)
	ref := s.ref
	d.later = append(d.later, func() {
		for i := range keys.Len() {
			ref.SetMapIndex(keys.Index(i), values.Index(i))
		}
	})
	for i := range o.n {
		if err := d.entry(s.link, r, keys.Index(i).Addr().UnsafePointer(), values.Index(i).Addr().UnsafePointer()); err != nil {
			return err
		}
	}
	return r.end()
}

func (d *decoder) entry(l *link, r *reader, key, value unsafe.Pointer) error {
	if err := d.value(l.key, r, key); err != nil {
		return err
	}
	return d.value(l.elem, r, value)
}

// value reads a value into zeroed memory.
func (d *decoder) value(l *link, r *reader, at unsafe.Pointer) error {
	w := &d.types[l.wire]
	if w.plain {
		data := r.take(int(w.size))
		if r.bad {
			return errDamaged
		}
		return l.memory(data, at)
	}
	switch p := l.plan; p.kind {
	case kindString:
		s, err := d.string(r)
		*(*string)(at) = s
		return err
	case kindArray:
		for i := range p.n {
			if err := d.value(l.elem, r, unsafe.Add(at, uintptr(i)*p.elem.size)); err != nil {
				return err
			}
		}
	case kindStruct:
		for _, f := range l.fields {
			if f.link == nil {
				d.skip(f.wire, r)
			} else if err := d.value(f.link, r, unsafe.Add(at, f.offset)); err != nil {
				return err
			}
		}
	case kindInterface:
		return d.dynamic(p, r, at)
	case kindEmpty:
		r.byte()
	case kindTime:
		data, name := r.bytes(), r.string()
		if r.bad {
			return errDamaged
		}
		return readTime(p, at, data, name)
	case kindPointer, kindReopened, kindSlice, kindMap:
		id := r.uvarint()
		if r.bad {
			return errDamaged
		}
		if id > 0 {
			return d.refer(p, id-1, at)
		}
	default:
		data := r.bytes()
		if r.bad {
			return errDamaged
		}
		if err := p.kind.read(reflect.NewAt(p.t, at).Interface(), data); err != nil {
			return failure("its " + p.t.String() + " cannot be read: " + err.Error())
		}
		return nil
	}
	if r.bad {
		return errDamaged
	}
	return nil
}

// refer sets a pointer, slice or map to an object.
func (d *decoder) refer(p *plan, id uint64, at unsafe.Pointer) error {
	f, of := elements, p.elem
	switch {
	case p.kind == kindMap:
		f, of = entries, p
	case p.kind == kindReopened && id < uint64(len(d.objects)) && d.objects[id].form == reopening:
		f = reopening
	}
	s, o, err := d.shell(id, f, of)
	if err != nil {
		return err
	}
	switch p.kind {
	case kindSlice:
		*(*sliceHeader)(at) = sliceHeader{s.at, o.n, o.n}
	case kindMap:
		reflect.NewAt(p.t, at).Elem().Set(s.ref)
	default:
		if o.n != 1 {
			return errDamaged
		}
		*(*unsafe.Pointer)(at) = s.at
	}
	return nil
}

func (d *decoder) string(r *reader) (string, error) {
	n := r.uvarint()
	if n < farMinimum {
		b := r.take(int(n))
		if r.bad {
			return "", errDamaged
		}
		return string(b), nil
	}
	offset := r.uvarint()
	if r.bad {
		return "", errDamaged
	}
	b, err := d.farPart(offset, uintptr(n))
	if err != nil || d.copied {
		return string(b), err
	}
	return unsafe.String(unsafe.SliceData(b), len(b)), nil
}

// dynamic reads what stands in an interface.
func (d *decoder) dynamic(p *plan, r *reader, at unsafe.Pointer) error {
	x := r.number(len(d.types))
	if r.bad {
		return errDamaged
	}
	if x == 0 {
		return nil
	}
	iface := reflect.NewAt(p.t, at).Elem()
	switch wire := x - 1; wire {
	case wireSentinel:
		i := int(r.byte())
		if r.bad || i < 1 || i > len(sentinels) {
			return errDamaged
		}
		return d.assign(iface, reflect.ValueOf(sentinels[i-1]))
	case wireError:
		e, err := d.textError(r)
		if err != nil {
			return err
		}
		return d.assign(iface, reflect.ValueOf(e))
	default:
		return d.named(wire, iface, r)
	}
}

// named reads a value of a type that is named in the file.
func (d *decoder) named(wire int, iface reflect.Value, r *reader) error {
	t := types()[d.types[wire].name]
	if t == nil {
		return failure("it holds a " + d.types[wire].text + ", a type that is gone")
	}
	p := planOf(t)
	if d.types[wire].boxed() {
		return d.box(wire, p, iface, r)
	}
	l, err := d.link(wire, p)
	if err != nil {
		return err
	}
	if err := d.spend(1, p.size); err != nil {
		return err
	}
	v := reflect.New(t)
	if err := d.value(l, r, v.UnsafePointer()); err != nil {
		return err
	}
	return d.assign(iface, v.Elem())
}

// box reads a struct or array that stands in an interface. It is set when it is complete.
func (d *decoder) box(wire int, p *plan, iface reflect.Value, r *reader) error {
	id := r.uvarint()
	if r.bad {
		return errDamaged
	}
	s, o, err := d.shell(id, elements, p)
	if err != nil {
		return err
	}
	if o.n != 1 || o.wire != wire {
		return errDamaged
	}
	v := reflect.NewAt(p.t, s.at).Elem()
	if err := d.implements(iface, p.t); err != nil {
		return err
	}
	d.later = append(d.later, func() { iface.Set(v) })
	return nil
}

func (d *decoder) implements(iface reflect.Value, t reflect.Type) error {
	if !t.Implements(iface.Type()) {
		return failure("it holds a " + t.String() + ", which is no " + iface.Type().String())
	}
	return nil
}

func (d *decoder) assign(iface, v reflect.Value) error {
	if err := d.implements(iface, v.Type()); err != nil {
		return err
	}
	iface.Set(v)
	return nil
}

// textError reads an error that is kept as its text.
func (d *decoder) textError(r *reader) (*textError, error) {
	if d.errors > maxErrors {
		return nil, errDamaged
	}
	d.errors++
	defer func() { d.errors-- }()
	e := &textError{text: r.string()}
	e.wrapped = make([]error, r.count())
	for i := range e.wrapped {
		if err := d.dynamic(planOf(errorType), r, unsafe.Pointer(&e.wrapped[i])); err != nil {
			return nil, err
		}
	}
	if r.bad {
		return nil, errDamaged
	}
	return e, nil
}
