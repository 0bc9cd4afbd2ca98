package keep

import (
	"unsafe"
)

// wireType is a type as a file describes it.
type wireType struct {
	kind   kind
	text   string
	name   string // with import paths; in interfaces only
	size   uintptr
	plain  bool
	elem   int
	key    int
	n      int
	fields []wireField
}

// boxed reports whether a value of the type in an interface is an object of its own.
func (t *wireType) boxed() bool { return !t.plain && (t.kind == kindStruct || t.kind == kindArray) }

type wireField struct {
	name   string
	wire   int
	offset uintptr
}

// wireObject is an object as a file describes it.
type wireObject struct {
	form form
	wire int
	n    int
	data []byte
}

// file is a value's file, read.
type file struct {
	types   []wireType
	objects []wireObject
	far     []byte
	size    int64
}

var errDamaged = failure("its file is damaged")

// reader takes a file apart. The first fault stays.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) fail() {
	r.data, r.bad = nil, true
}

func (r *reader) uvarint() uint64 {
	x, n := uvarint(r.data)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return x
}

// number reads a number of at most max.
func (r *reader) number(max int) int {
	x := r.uvarint()
	if max < 0 || x > uint64(max) {
		r.fail()
		return 0
	}
	return int(x)
}

// count reads a number of things of which each takes a byte at least.
func (r *reader) count() int { return r.number(len(r.data)) }

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.data) {
		r.fail()
		return nil
	}
	b := r.data[:n:n]
	r.data = r.data[n:]
	return b
}

func (r *reader) byte() byte {
	if len(r.data) == 0 {
		r.fail()
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return b
}

func (r *reader) bytes() []byte  { return r.take(r.count()) }
func (r *reader) string() string { return string(r.bytes()) }

// readFile reads what a file describes. Nothing of it is copied but names.
func readFile(data []byte) (*file, error) {
	m := magic()
	if len(data) < len(m) || string(data[:len(m)]) != string(m) {
		return nil, failure("its file was written by another version of the kernel")
	}
	r := &reader{data: data[len(m):]}
	f := &file{size: int64(len(data))}
	f.readTypes(r)
	f.readNames(r)
	f.objects = make([]wireObject, r.count())
	lengths := make([]int, len(f.objects))
	for i := range f.objects {
		x := r.number(maxTypes * 4)
		o := wireObject{form: form(x % 4), wire: x / 4, n: r.number(1 << 48)}
		lengths[i] = r.number(len(data))
		if o.form >= forms || o.wire < firstWire || o.wire >= len(f.types) {
			r.fail()
		}
		f.objects[i] = o
	}
	far := r.number(len(data))
	for i, n := range lengths {
		f.objects[i].data = r.take(n)
	}
	if r.bad || len(f.objects) == 0 {
		return nil, errDamaged
	}
	start := align(int64(len(data) - len(r.data)))
	if start+int64(far) != int64(len(data)) {
		return nil, errDamaged
	}
	f.far = data[start:]
	return f, nil
}

func (f *file) readTypes(r *reader) {
	n := firstWire + r.count()
	if n > maxTypes {
		r.fail()
		return
	}
	f.types = make([]wireType, firstWire, n)
	f.types[wireError].kind, f.types[wireSentinel].kind = kindError, kindSentinel
	for id := firstWire; id < n && !r.bad; id++ {
		t := wireType{kind: kind(r.byte()), text: r.string()}
		switch k := t.kind; k {
		case kindArray:
			t.n, t.elem = r.number(1<<48), r.number(id-1)
			f.array(r, &t)
		case kindStruct:
			t.size, t.plain = uintptr(r.number(1<<48)), true
			t.fields = make([]wireField, r.count())
			for i := range t.fields {
				t.fields[i] = wireField{r.string(), r.number(id - 1), uintptr(r.number(1 << 48))}
				f.field(r, &t, t.fields[i])
			}
		case kindMap:
			t.key, t.elem = r.number(n-1), r.number(n-1)
		case kindPointer, kindSlice, kindReopened:
			t.elem = r.number(n - 1)
		case kindInvalid, kindError, kindSentinel:
			r.fail()
		default:
			if k >= kinds {
				r.fail()
			} else if k < kindString {
				t.size, t.plain = basic[k], true
			}
		}
		f.types = append(f.types, t)
	}
}

// array completes the type of an array.
func (f *file) array(r *reader, t *wireType) {
	if r.bad || t.elem < firstWire {
		r.fail()
		return
	}
	e := f.types[t.elem]
	if t.plain = e.plain; !t.plain {
		return
	}
	if e.size > 0 && uintptr(t.n) > 1<<48/e.size {
		r.fail()
		return
	}
	t.size = uintptr(t.n) * e.size
}

// field takes a field into account in the type of its struct.
func (f *file) field(r *reader, t *wireType, x wireField) {
	if r.bad || x.wire < firstWire {
		r.fail()
		return
	}
	e := f.types[x.wire]
	t.plain = t.plain && e.plain
	if e.plain && x.offset+e.size > t.size {
		r.fail()
	}
}

func (f *file) readNames(r *reader) {
	for range r.count() {
		id := r.number(len(f.types) - 1)
		if name := r.string(); id < firstWire {
			r.fail()
			return
		} else {
			f.types[id].name = name
		}
	}
}

// farPart returns memory of the far part.
func (f *file) farPart(offset uint64, size uintptr) ([]byte, error) {
	n := uint64(len(f.far))
	if offset%64 != 0 || offset > n || uint64(size) > n-offset {
		return nil, errDamaged
	}
	return f.far[offset : offset+uint64(size) : offset+uint64(size)], nil
}

// address is where bytes lie.
func address(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
