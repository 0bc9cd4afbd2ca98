package show

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// appendJSON codes a value much like encoding/json does, but never fails: what JSON cannot hold, such as
// functions, numbers that are not finite and what contains itself, is null. A string or []byte is taken
// for JSON text.
func appendJSON(b []byte, v any) []byte {
	switch x := v.(type) {
	case string:
		return append(b, x...)
	case []byte:
		return append(b, x...)
	}
	c := coder{b: b}
	c.value(reflect.ValueOf(v))
	return c.b
}

// coder codes values as JSON.
type coder struct {
	b    []byte
	path []reference // what is being coded
}

func (c *coder) null() { c.b = append(c.b, "null"...) }

func (c *coder) value(v reflect.Value) {
	if !v.IsValid() {
		c.null()
		return
	}
	if s, ok := jsonMethod(v); ok {
		c.b = append(c.b, s...)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		c.b = strconv.AppendBool(c.b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		c.b = strconv.AppendInt(c.b, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		c.b = strconv.AppendUint(c.b, v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); f-f == 0 { // neither infinite nor no number
			c.b = strconv.AppendFloat(c.b, f, 'g', -1, v.Type().Bits())
		} else {
			c.null()
		}
	case reflect.String:
		c.text(v.String())
	case reflect.Interface:
		c.value(v.Elem())
	case reflect.Array:
		c.list(v)
	case reflect.Struct:
		c.b = append(c.b, '{')
		c.fields(v, false)
		c.b = append(c.b, '}')
	case reflect.Pointer, reflect.Slice, reflect.Map:
		c.follow(v)
	default:
		c.null()
	}
}

// follow codes what a pointer, slice or map refers to.
func (c *coder) follow(v reflect.Value) {
	me := referenceTo(v)
	if v.IsNil() || slices.Contains(c.path, me) {
		c.null()
		return
	}
	c.path = append(c.path, me)
	switch v.Kind() {
	case reflect.Pointer:
		c.value(v.Elem())
	case reflect.Slice:
		c.list(v)
	default:
		c.mapping(v)
	}
	c.path = c.path[:len(c.path)-1]
}

// jsonMethod lets a value code itself.
func jsonMethod(v reflect.Value) (s []byte, ok bool) {
	if !v.CanInterface() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		return nil, false
	}
	x := v.Interface()
	if v.CanAddr() {
		x = v.Addr().Interface()
	}
	defer func() {
		if recover() != nil {
			s, ok = []byte("null"), true
		}
	}()
	switch x := x.(type) {
	case interface{ MarshalJSON() ([]byte, error) }:
		if s, err := x.MarshalJSON(); err == nil {
			return s, true
		}
		return []byte("null"), true
	case interface{ MarshalText() ([]byte, error) }:
		if s, err := x.MarshalText(); err == nil {
			return appendText(nil, string(s)), true
		}
		return []byte("null"), true
	}
	return nil, false
}

func (c *coder) list(v reflect.Value) {
	c.b = append(c.b, '[')
	for i := range v.Len() {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		c.value(v.Index(i))
	}
	c.b = append(c.b, ']')
}

func (c *coder) mapping(v reflect.Value) {
	c.b = append(c.b, '{')
	keys, _ := someKeys(v, v.Len())
	for i, k := range keys {
		if i > 0 {
			c.b = append(c.b, ',')
		}
		c.key(k)
		c.b = append(c.b, ':')
		c.value(v.MapIndex(k))
	}
	c.b = append(c.b, '}')
}

// key codes a key of a map: texts and numbers as such, others as they are printed.
func (c *coder) key(k reflect.Value) {
	switch {
	case k.Kind() == reflect.String:
		c.text(k.String())
	case k.CanInt():
		c.text(strconv.FormatInt(k.Int(), 10))
	case k.CanUint():
		c.text(strconv.FormatUint(k.Uint(), 10))
	default:
		c.text(cell(k, lineMost))
	}
}

// fields codes the exported fields of a struct, and those of structs embedded in it, under the names that
// their json tags say. more tells whether a field stands before them, or does in the end.
func (c *coder) fields(v reflect.Value, more bool) bool {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, rest, _ := strings.Cut(tag, ",")
		if tag == "-" {
			continue
		}
		if f.Anonymous && name == "" && v.Field(i).Kind() == reflect.Struct {
			more = c.fields(v.Field(i), more)
			continue
		}
		if !f.IsExported() || strings.Contains(rest, "omitempty") && isEmpty(v.Field(i)) || strings.Contains(rest, "omitzero") && v.Field(i).IsZero() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if more {
			c.b = append(c.b, ',')
		}
		more = true
		c.text(name)
		c.b = append(c.b, ':')
		c.value(v.Field(i))
	}
	return more
}

// isEmpty is what omitempty means by it.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func (c *coder) text(s string) { c.b = appendText(c.b, s) }

// appendText codes a text; what is no UTF-8 becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r < ' ' || r == '<' || r == '>' || r == '&' || r == '\u2028' || r == '\u2029': // safe in HTML too
			b = append(b, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
