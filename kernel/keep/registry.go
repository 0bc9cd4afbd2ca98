package keep

import "reflect"

// registered are the types that values in interfaces may have, by their texts.
var registered map[string]reflect.Type

// types returns them; those that Go programs have anyway are always there.
func types() map[string]reflect.Type {
	if registered != nil {
		return registered
	}
	registered = map[string]reflect.Type{}
	for _, t := range []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](),
		reflect.TypeFor[int32](), reflect.TypeFor[int64](), reflect.TypeFor[uint](), reflect.TypeFor[uint8](),
		reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](),
		reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[complex64](), reflect.TypeFor[complex128](),
		reflect.TypeFor[string](), reflect.TypeFor[[]any](), reflect.TypeFor[[]byte](), reflect.TypeFor[[]string](),
		reflect.TypeFor[[]int](), reflect.TypeFor[[]float64](), reflect.TypeFor[map[string]any](), reflect.TypeFor[map[string]string](),
	} {
		register(t)
	}
	return registered
}

func register(t reflect.Type) {
	if text, _, why := typeText(t); why == "" {
		types()[text] = t
	}
}

// Builtin reports whether programs know a type by its text without [Type].
func Builtin(text string) bool { return types()[text] != nil }

// Known stands for a type that values in interfaces have.
type Known struct{}

// Type makes such a type known.
func Type[T any]() Known { return known((*T)(nil)) }

func known(pointer any) Known {
	register(reflect.TypeOf(pointer).Elem())
	return Known{}
}
