package keep

import (
	"reflect"
	"strconv"
	"unsafe"
)

// A value's file:
//
//	magic                        8 bytes, with the version of the format and the word of the machine
//	types    number, each: kind, text, and by kind
//	                             array: length, type; struct: size, number of fields, each: name, type, offset
//	                             pointer, slice: type; map: types of key and element
//	dynamic  number, each: type, text with import paths
//	objects  number, each: 4*type+form, number of elements, length
//	far      length
//	         what lies in the objects, one after another
//	far part                     memory of long slices and strings, each part at a multiple of 64 bytes
//
// All numbers are uvarints, all strings have their length before them. Object 0 is the value. A type that
// another holds by value comes before that.

const (
	magicText = "ugkeep\x01"

	// farMinimum are the bytes from which on plain memory lies in the far part.
	farMinimum = 32 << 10

	// Types that are always there: what stands in interfaces instead of errors that no other cell can name.
	wireError, wireSentinel, firstWire = 0, 1, 2

	// maxErrors is how deep errors that wrap others are kept.
	maxErrors = 64

	maxTypes = 1 << 16
)

// magic begins each file. Values lie in it as in memory, so it names the order of bytes and their number.
func magic() []byte {
	x := uint16(unsafe.Sizeof(uintptr(0)))
	return append([]byte(magicText), *(*byte)(unsafe.Pointer(&x)))
}

func align(n int64) int64 { return (n + 63) &^ 63 }

// encoded is a value's file before it is written.
type encoded struct {
	head    []byte // with padding
	far     []memory
	size    int64
	dynamic []string // texts of the types in interfaces
	own     []string // types of cells that these texts name
	opened  bool     // holds a thing that is opened again
	zoned   bool     // holds a time of a named place
}

// memory is a part of the file that is written from where it lies.
type memory struct {
	at     unsafe.Pointer
	size   uintptr
	offset int64 // in the far part
}

func (m memory) bytes() []byte { return unsafe.Slice((*byte)(m.at), m.size) }

// wires numbers the types of a value.
type wires struct {
	plans []*plan // firstWire and on
	ids   map[*plan]int
	names []name
	named map[int]bool
	own   []string
}

// name is the text of a type in an interface.
type name struct {
	id   int
	text string
}

func newWires() wires {
	return wires{ids: map[*plan]int{}, named: map[int]bool{}}
}

// id returns the number of a type.
func (w *wires) id(p *plan) int {
	if id, ok := w.ids[p]; ok {
		return id
	}
	switch p.kind {
	case kindArray:
		w.id(p.elem)
	case kindStruct:
		for _, f := range p.fields {
			w.id(f.plan)
		}
	}
	id, ok := w.ids[p] // a type may refer to itself
	if !ok {
		id = firstWire + len(w.plans)
		w.ids[p] = id
		w.plans = append(w.plans, p)
	}
	switch p.kind {
	case kindMap:
		w.id(p.key)
		w.id(p.elem)
	case kindPointer, kindSlice, kindReopened:
		w.id(p.elem)
	}
	return id
}

// dynamic returns the number of a type that stands in an interface.
func (w *wires) dynamic(p *plan, text string, own []string) int {
	id := w.id(p)
	if !w.named[id] {
		w.named[id] = true
		w.names = append(w.names, name{id, text})
		w.own = append(w.own, own...)
	}
	return id
}

// file puts the parts together.
func (w *encoder) file() *encoded {
	e := &encoded{far: w.far, own: w.wires.own, opened: w.opened, zoned: w.zoned}
	var objects []byte
	objects = appendUvarint(objects, uint64(len(w.objects)))
	for i, o := range w.objects {
		objects = appendUvarint(objects, uint64(w.wires.id(o.plan))*4+uint64(o.form))
		objects = appendUvarint(objects, uint64(o.n))
		objects = appendUvarint(objects, uint64(w.lengths[i]))
	}
	h := w.wires.append(magic())
	h = appendUvarint(h, uint64(len(w.wires.names)))
	for _, n := range w.wires.names {
		h = appendString(appendUvarint(h, uint64(n.id)), n.text)
		e.dynamic = append(e.dynamic, n.text)
	}
	h = append(h, objects...)
	h = appendUvarint(h, uint64(w.farSize))
	h = append(h, w.out...)
	e.head = append(h, make([]byte, align(int64(len(h)))-int64(len(h)))...)
	e.size = int64(len(e.head)) + w.farSize
	return e
}

func (w *wires) append(h []byte) []byte {
	h = appendUvarint(h, uint64(len(w.plans)))
	for i := 0; i < len(w.plans); i++ {
		p := w.plans[i]
		h = appendString(append(h, byte(p.kind)), p.t.String())
		switch p.kind {
		case kindArray:
			h = appendUvarint(appendUvarint(h, uint64(p.n)), uint64(w.id(p.elem)))
		case kindStruct:
			h = appendUvarint(h, uint64(p.size))
			h = appendUvarint(h, uint64(len(p.fields)))
			for _, f := range p.fields {
				h = appendUvarint(appendString(h, f.name), uint64(w.id(f.plan)))
				h = appendUvarint(h, uint64(f.offset))
			}
		case kindMap:
			h = appendUvarint(appendUvarint(h, uint64(w.id(p.key))), uint64(w.id(p.elem)))
		case kindPointer, kindSlice, kindReopened:
			h = appendUvarint(h, uint64(w.id(p.elem)))
		}
	}
	return h
}

func appendUvarint(b []byte, x uint64) []byte {
	for x >= 0x80 {
		b = append(b, byte(x)|0x80)
		x >>= 7
	}
	return append(b, byte(x))
}

// uvarint reads a number from the beginning of b and returns how many bytes it takes, 0 if there is none.
func uvarint(b []byte) (x uint64, n int) {
	for i, c := range b {
		if i == 9 && c > 1 || i > 9 {
			return 0, 0
		}
		x |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return x, i + 1
		}
	}
	return 0, 0
}

func appendString(b []byte, s string) []byte {
	return append(appendUvarint(b, uint64(len(s))), s...)
}

// bytesText writes a number of bytes for people.
func bytesText(n int64) string {
	for _, u := range []struct {
		shift int
		name  string
	}{{30, " GiB"}, {20, " MiB"}, {10, " KiB"}} {
		if n>>u.shift > 0 {
			return strconv.FormatInt(n>>u.shift, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// panicText is what a panic said.
func panicText(r any) string {
	switch r := r.(type) {
	case error:
		return r.Error()
	case string:
		return r
	}
	return "with a " + reflect.TypeOf(r).String()
}
