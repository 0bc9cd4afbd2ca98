package keep

import (
	"reflect"
	"unsafe"
)

// Reopener is implemented by pointers to things that lie in files of their own. Such a thing is not written
// with the value that holds it: KeptAs returns a reference to it, and Reopen fills a new one from that
// reference in the program of a later cell. Where KeptAs fails, as for one that was made in memory, the
// thing is written like any other.
type Reopener interface {
	KeptAs() (reference []byte, err error)
	Reopen(reference []byte) error
}

// What packages offer to write their values.
type (
	binaryMarshaler   interface{ MarshalBinary() ([]byte, error) }
	binaryUnmarshaler interface{ UnmarshalBinary([]byte) error }
	gobEncoder        interface{ GobEncode() ([]byte, error) }
	gobDecoder        interface{ GobDecode([]byte) error }
	textMarshaler     interface{ MarshalText() ([]byte, error) }
	textUnmarshaler   interface{ UnmarshalText([]byte) error }

	buffer interface { // *bytes.Buffer
		Bytes() []byte
		Write([]byte) (int, error)
		Reset()
	}
	builder interface { // *strings.Builder
		String() string
		Write([]byte) (int, error)
		Reset()
	}
)

var (
	reopenerType = reflect.TypeFor[Reopener]()
	errorType    = reflect.TypeFor[error]()

	offers = []struct {
		kind        kind
		write, read reflect.Type
	}{
		{kindBinary, reflect.TypeFor[binaryMarshaler](), reflect.TypeFor[binaryUnmarshaler]()},
		{kindGob, reflect.TypeFor[gobEncoder](), reflect.TypeFor[gobDecoder]()},
		{kindText, reflect.TypeFor[textMarshaler](), reflect.TypeFor[textUnmarshaler]()},
	}
)

// offered returns the kind by which a struct's package writes it, kindInvalid if by none. Methods that the
// struct has from an embedded field write that field alone and do not count.
func offered(t reflect.Type) kind {
	switch t.PkgPath() + "." + t.Name() {
	case "time.Time":
		if zoneField(t).Type != nil {
			return kindTime
		}
	case "bytes.Buffer", "strings.Builder":
		return kindContent
	}
	p := reflect.PointerTo(t)
	for _, o := range offers {
		if p.Implements(o.write) && p.Implements(o.read) && !embeds(t, o.write) {
			return o.kind
		}
	}
	return kindInvalid
}

func embeds(t, method reflect.Type) bool {
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && (f.Type.Implements(method) || reflect.PointerTo(f.Type).Implements(method)) {
			return true
		}
	}
	return false
}

// write returns what the value that v points to offers to be written as.
func (k kind) write(v any) ([]byte, error) {
	switch k {
	case kindBinary:
		return v.(binaryMarshaler).MarshalBinary()
	case kindGob:
		return v.(gobEncoder).GobEncode()
	case kindText:
		return v.(textMarshaler).MarshalText()
	}
	if b, ok := v.(buffer); ok {
		return b.Bytes(), nil
	}
	return []byte(v.(builder).String()), nil
}

// read fills the zero value that v points to.
func (k kind) read(v any, data []byte) error {
	switch k {
	case kindBinary:
		return v.(binaryUnmarshaler).UnmarshalBinary(data)
	case kindGob:
		return v.(gobDecoder).GobDecode(data)
	case kindText:
		return v.(textUnmarshaler).UnmarshalText(data)
	}
	_, err := v.(interface{ Write([]byte) (int, error) }).Write(data)
	return err
}

// zoneField is the pointer to its place in a time.Time. The package time itself is not imported here: all
// cells would have to link it whole.
func zoneField(t reflect.Type) reflect.StructField {
	for i := range t.NumField() {
		if f := t.Field(i); f.Name == "loc" && f.Type.Kind() == reflect.Pointer {
			return f
		}
	}
	return reflect.StructField{}
}

// zones finds the place of a name; nil if the program has said of none.
var zones func(name string) unsafe.Pointer

// Zones makes places of the world known, for times that are not in UTC or local time: load is
// time.LoadLocation.
func Zones[L any](load func(name string) (*L, error)) Known {
	zones = func(name string) unsafe.Pointer {
		l, err := load(name)
		if err != nil {
			return nil
		}
		return unsafe.Pointer(l)
	}
	return Known{}
}

type zoned interface {
	Zone() (name string, offset int)
}

// writeTime writes an instant, and the name of its place, which the package time leaves out.
func (w *encoder) writeTime(p *plan, at unsafe.Pointer) error {
	data, err := reflect.NewAt(p.t, at).Interface().(binaryMarshaler).MarshalBinary()
	if err != nil {
		return failure("its " + p.t.String() + " cannot be written: " + err.Error())
	}
	name := ""
	f := zoneField(p.t)
	if loc := *(*unsafe.Pointer)(unsafe.Add(at, f.Offset)); loc != nil {
		if s, ok := reflect.NewAt(f.Type.Elem(), loc).Interface().(interface{ String() string }); ok {
			name = s.String()
		}
	}
	if name == "UTC" || name == "Local" {
		name = ""
	}
	w.zoned = w.zoned || name != ""
	w.bytes(data)
	w.bytes([]byte(name))
	return nil
}

// readTime reads it. A place that is not known here leaves its distance from UTC.
func readTime(p *plan, at unsafe.Pointer, data []byte, name string) error {
	t := reflect.NewAt(p.t, at).Interface()
	if err := t.(binaryUnmarshaler).UnmarshalBinary(data); err != nil {
		return failure("its " + p.t.String() + " cannot be read: " + err.Error())
	}
	z, ok := t.(zoned)
	if name == "" || zones == nil || !ok {
		return nil
	}
	_, before := z.Zone()
	loc := (*unsafe.Pointer)(unsafe.Add(at, zoneField(p.t).Offset))
	old := *loc
	if *loc = zones(name); *loc == nil {
		*loc = old
	} else if _, after := z.Zone(); after != before {
		*loc = old
	}
	return nil
}
