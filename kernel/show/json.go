package show

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonDeepest is how deep values are coded; below it stands null, as it does for what contains itself.
const jsonDeepest = 64

// appendJSON codes a value much like encoding/json does, but never fails: what JSON cannot hold, such as
// functions and numbers that are not finite, is null. A string or []byte is taken for JSON text.
func appendJSON(b []byte, v any) []byte {
	switch x := v.(type) {
	case string:
		return append(b, x...)
	case []byte:
		return append(b, x...)
	}
	return jsonValue(b, reflect.ValueOf(v), 0)
}

func jsonValue(b []byte, v reflect.Value, depth int) []byte {
	if !v.IsValid() || depth > jsonDeepest {
		return append(b, "null"...)
	}
	if s, ok := jsonMethod(v); ok {
		return append(b, s...)
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.AppendUint(b, v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		f := v.Float()
		if f-f != 0 { // infinite, or not a number
			break
		}
		return strconv.AppendFloat(b, f, 'g', -1, v.Type().Bits())
	case reflect.String:
		return jsonString(b, v.String())
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			break
		}
		return jsonValue(b, v.Elem(), depth+1)
	case reflect.Slice:
		if v.IsNil() {
			break
		}
		return jsonList(b, v, depth)
	case reflect.Array:
		return jsonList(b, v, depth)
	case reflect.Map:
		if v.IsNil() {
			break
		}
		return jsonMap(b, v, depth)
	case reflect.Struct:
		b, _ = jsonFields(append(b, '{'), v, depth, false)
		return append(b, '}')
	}
	return append(b, "null"...)
}

// jsonMethod lets a value code itself.
func jsonMethod(v reflect.Value) (s []byte, ok bool) {
	if !v.CanInterface() || (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		return nil, false
	}
	x := v.Interface()
	if v.CanAddr() && v.Addr().CanInterface() {
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
			return jsonString(nil, string(s)), true
		}
		return []byte("null"), true
	}
	return nil, false
}

func jsonList(b []byte, v reflect.Value, depth int) []byte {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonValue(b, v.Index(i), depth+1)
	}
	return append(b, ']')
}

func jsonMap(b []byte, v reflect.Value, depth int) []byte {
	b = append(b, '{')
	keys, _ := someKeys(v, v.Len())
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(jsonString(b, cell(k, 1<<20)), ':')
		b = jsonValue(b, v.MapIndex(k), depth+1)
	}
	return append(b, '}')
}

// jsonFields codes the exported fields of a struct, and those of structs embedded in it, under the names
// that their json tags say; more reports whether something stands before them.
func jsonFields(b []byte, v reflect.Value, depth int, more bool) ([]byte, bool) {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, rest, _ := strings.Cut(tag, ",")
		if tag == "-" {
			continue
		}
		if f.Anonymous && name == "" && depth <= jsonDeepest {
			inner := v.Field(i)
			if inner.Kind() == reflect.Pointer && !inner.IsNil() {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				b, more = jsonFields(b, inner, depth+1, more)
				continue
			}
		}
		if !f.IsExported() {
			continue
		}
		if strings.Contains(rest, "omitempty") && isEmpty(v.Field(i)) || strings.Contains(rest, "omitzero") && v.Field(i).IsZero() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if more {
			b = append(b, ',')
		}
		more = true
		b = append(jsonString(b, name), ':')
		b = jsonValue(b, v.Field(i), depth+1)
	}
	return b, more
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

// jsonString codes a text; what is no UTF-8 becomes U+FFFD.
func jsonString(b []byte, s string) []byte {
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
