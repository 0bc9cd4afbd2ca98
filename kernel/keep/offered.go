package keep

import (
	"reflect"
	"time"
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
	timeType     = reflect.TypeFor[time.Time]()

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
		return kindTime
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
	case kindTime:
		return writeTime(*v.(*time.Time))
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
	case kindTime:
		t, err := readTime(data)
		*v.(*time.Time) = t
		return err
	}
	_, err := v.(interface{ Write([]byte) (int, error) }).Write(data)
	return err
}

// writeTime writes the instant and the name of the place, which the time package leaves out.
func writeTime(t time.Time) ([]byte, error) {
	data, err := t.MarshalBinary()
	return append(append([]byte{byte(len(data))}, data...), t.Location().String()...), err
}

func readTime(data []byte) (t time.Time, err error) {
	if len(data) == 0 || len(data) <= int(data[0]) {
		return t, failure("its time is cut short")
	}
	n := 1 + int(data[0])
	if err := t.UnmarshalBinary(data[1:n]); err != nil {
		return t, err
	}
	switch name := string(data[n:]); name {
	case "", "UTC":
	case "Local":
		t = t.Local()
	default:
		_, offset := t.Zone()
		if loc, err := time.LoadLocation(name); err == nil {
			if _, there := t.In(loc).Zone(); there == offset {
				return t.In(loc), nil
			}
		}
		t = t.In(time.FixedZone(name, offset))
	}
	return t, nil
}
