package show

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of what is printed on one line.
const (
	lineMost  = 20_000 // bytes; more is cut
	sliceMost = 100    // elements of a slice that are all printed
	sliceEnds = 5      // else so many from each end
	deepest   = 12     // values within values
)

// line prints a value on one line, much like %v does; but pointers are followed, long slices abridged,
// texts within other values quoted, and values that contain themselves do no harm.
func line(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	p := printer{most: lineMost}
	p.value(reflect.ValueOf(v), 0)
	return p.String()
}

// cell prints a value for a cell of a table, at most so many characters.
func cell(v reflect.Value, most int) string {
	for v.IsValid() && v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.IsValid() && v.Kind() == reflect.String && spoken(v) == nil {
		return cut(v.String(), most)
	}
	p := printer{most: 4 * most}
	p.value(v, 0)
	return cut(p.String(), most)
}

// cut shortens a text to so many characters, the last of which is then an ellipsis.
func cut(s string, most int) string {
	n := 0
	at := 0
	for i := range s {
		if n == most-1 {
			at = i
		}
		if n++; n > most {
			return s[:at] + "…"
		}
	}
	return s
}

// printer prints values until it is full.
type printer struct {
	b    []byte
	most int
	path []reference // what is being printed
}

// reference tells a map, pointer or slice from others.
type reference struct {
	at  uintptr
	len int
	of  reflect.Type
}

func referenceTo(v reflect.Value) reference {
	r := reference{at: v.Pointer(), of: v.Type()}
	if v.Kind() == reflect.Slice {
		r.len = v.Len()
	}
	return r
}

func (p *printer) full() bool { return len(p.b) > p.most }

func (p *printer) add(s string) {
	if !p.full() {
		p.b = append(p.b, s...)
	}
}

// String is what was printed, cut where it is longer than it may be.
func (p *printer) String() string {
	if !p.full() {
		return string(p.b)
	}
	end := p.most
	for end > 0 && !utf8.RuneStart(p.b[end]) {
		end--
	}
	return string(p.b[:end]) + "…"
}

// spoken is the method by which v prints itself; nil when there is none that can be called.
func spoken(v reflect.Value) func() string {
	if !v.CanInterface() {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan, reflect.Interface:
		if v.IsNil() {
			return nil
		}
	}
	x := v.Interface()
	if v.CanAddr() && v.Addr().CanInterface() {
		switch a := v.Addr().Interface().(type) {
		case fmt.Formatter, error, fmt.Stringer:
			if _, ok := x.(fmt.Stringer); !ok {
				x = a
			}
		}
	}
	switch x := x.(type) {
	case time.Time:
		return func() string { return clock(x) }
	case fmt.Formatter:
		return func() string { return fmt.Sprint(x) }
	case error:
		return x.Error
	case fmt.Stringer:
		return x.String
	}
	return nil
}

// clock writes a time for people: without the zone's offset where it has a name, and without a reading
// of the monotonic clock.
func clock(t time.Time) string {
	switch h, m, s := t.Clock(); {
	case t.IsZero():
		return "0001-01-01"
	case h == 0 && m == 0 && s == 0 && t.Nanosecond() == 0 && t.Location() == time.UTC:
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04:05.999999999 MST")
}

// say calls a method that prints a value; one that panics is told of.
func say(name func() string, of reflect.Value) (s string) {
	defer func() {
		if r := recover(); r != nil {
			s = fmt.Sprintf("(%s: panic: %v)", of.Type(), r)
		}
	}()
	return name()
}

func (p *printer) value(v reflect.Value, depth int) {
	if p.full() {
		return
	}
	if !v.IsValid() {
		p.add("<nil>")
		return
	}
	if method := spoken(v); method != nil {
		p.add(say(method, v))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		p.add(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.add(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		p.add(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32:
		p.add(float(v.Float(), 32))
	case reflect.Float64:
		p.add(float(v.Float(), 64))
	case reflect.Complex64, reflect.Complex128:
		p.add(strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits()))
	case reflect.String:
		p.text(v.String(), depth)
	case reflect.Interface:
		p.value(v.Elem(), depth)
	case reflect.Pointer, reflect.Map, reflect.Slice:
		p.reference(v, depth)
	case reflect.Array:
		p.list(v, depth)
	case reflect.Struct:
		p.fields(v, depth)
	default: // functions, channels, unsafe pointers
		if isNilValue(v) {
			p.add("<nil>")
			return
		}
		p.add(v.Type().String())
	}
}

func isNilValue(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return v.IsNil()
	}
	return false
}

// float prints a number as %v does.
func float(x float64, bits int) string {
	s := strconv.FormatFloat(x, 'g', -1, bits)
	if abs := max(x, -x); abs < 1e21 && abs >= 1e-4 {
		s = strconv.FormatFloat(x, 'f', -1, bits)
	}
	return s
}

// text prints a text, quoted where it is part of a value.
func (p *printer) text(s string, depth int) {
	if depth == 0 {
		p.add(s)
		return
	}
	if left := p.most - len(p.b) + 1; len(s) > left {
		s = s[:left] // what is over the limit would not be printed
	}
	p.add(strconv.Quote(s))
}

// reference prints a pointer, map or slice, unless it is being printed already or lies too deep.
func (p *printer) reference(v reflect.Value, depth int) {
	if v.IsNil() {
		switch v.Kind() {
		case reflect.Slice:
			p.add("[]")
		case reflect.Map:
			p.add("map[]")
		default:
			p.add("<nil>")
		}
		return
	}
	me := referenceTo(v)
	if depth > deepest || slices.Contains(p.path, me) {
		p.add("…")
		return
	}
	p.path = append(p.path, me)
	defer func() { p.path = p.path[:len(p.path)-1] }()
	switch v.Kind() {
	case reflect.Slice:
		p.list(v, depth)
	case reflect.Map:
		p.mapping(v, depth)
	default:
		switch v.Elem().Kind() {
		case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
			p.add("&")
		}
		p.value(v.Elem(), depth+1)
	}
}

// list prints a slice or array.
func (p *printer) list(v reflect.Value, depth int) {
	n := v.Len()
	if v.Type().Elem().Kind() == reflect.Uint8 && !spokenType(v.Type().Elem()) {
		p.bytes(v, depth)
		return
	}
	p.add("[")
	for i := 0; i < n && !p.full(); i++ {
		if i > 0 {
			p.add(" ")
		}
		if n > sliceMost && i == sliceEnds {
			p.add("… ")
			i = n - sliceEnds
		}
		p.value(v.Index(i), depth+1)
	}
	p.add("]")
	if n > sliceMost {
		p.add(" (" + strconv.Itoa(n) + " " + v.Type().Elem().String() + ")")
	}
}

// spokenType reports whether values of a type print themselves.
func spokenType(t reflect.Type) bool {
	return t.Implements(stringer) || t.Implements(formatter) || t.Implements(failure)
}

var (
	stringer  = reflect.TypeFor[fmt.Stringer]()
	formatter = reflect.TypeFor[fmt.Formatter]()
	failure   = reflect.TypeFor[error]()
)

// bytes prints bytes: readable text as text, else as hexadecimal digits.
func (p *printer) bytes(v reflect.Value, depth int) {
	const most = 4096
	n := v.Len()
	if n == 0 {
		p.add("[]")
		return
	}
	b := make([]byte, min(n, most))
	for i := range b {
		b[i] = byte(v.Index(i).Uint())
	}
	if readable(b, n > most) {
		p.text(string(b), depth)
		if n > most {
			p.add("… (" + strconv.Itoa(n) + " bytes)")
		}
		return
	}
	const digits = "0123456789abcdef"
	p.add("0x")
	for _, c := range b[:min(len(b), 32)] {
		p.b = append(p.b, digits[c>>4], digits[c&15])
	}
	if n > 32 {
		p.add("… (" + strconv.Itoa(n) + " bytes)")
	}
}

// readable reports whether b is text; where b is the beginning of more, its last character may lack its
// end.
func readable(b []byte, more bool) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return more && !utf8.FullRune(b)
		}
		if !unicode.IsPrint(r) && r != '\n' && r != '\t' && r != '\r' {
			return false
		}
		b = b[n:]
	}
	return true
}

// fields prints a struct.
func (p *printer) fields(v reflect.Value, depth int) {
	if depth > deepest {
		p.add("…")
		return
	}
	p.add("{")
	for i := range v.NumField() {
		if i > 0 {
			p.add(" ")
		}
		p.value(fieldOf(v, i), depth+1)
	}
	p.add("}")
}

// mapping prints a map, in the order of its keys.
func (p *printer) mapping(v reflect.Value, depth int) {
	p.add("map[")
	keys, left := someKeys(v, sliceMost)
	for i, k := range keys {
		if i > 0 {
			p.add(" ")
		}
		p.value(k, depth+1)
		p.add(":")
		p.value(v.MapIndex(k), depth+1)
	}
	if left > 0 {
		p.add(" … " + strconv.Itoa(left) + " more")
	}
	p.add("]")
}
