package nxpickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nlpodyssey/gopickle/types"
)

// numpyNames are the functions and classes of NumPy that pickles of numbers and
// arrays name, by the last part of their module.
var numpyNames = map[string]any{
	"numpy.dtype":             function(newDtype),
	"numpy.ndarray":           &class{name: "ndarray"},
	"multiarray.scalar":       function(scalar),
	"multiarray._reconstruct": function(reconstruct),
	"numeric._frombuffer":     function(fromBuffer),
}

// dtype is the type of a NumPy value: its kind, as NumPy's code has it, the
// bytes of a value, and their order.
type dtype struct {
	kind  byte // 'b' bool, 'i', 'u', 'f', 'U' text, 'S' bytes, 'O' Python values
	size  int
	order binary.ByteOrder
}

// newDtype reads a code such as "f8".
func newDtype(args ...any) (any, error) {
	code, ok := first(args).(string)
	if !ok || len(code) < 2 {
		return nil, errors.New("a NumPy type without a code")
	}
	d := &dtype{kind: code[0], order: binary.LittleEndian}
	n, err := strconv.Atoi(code[1:])
	if err != nil || n < 0 || n > 1<<20 || !strings.ContainsRune("biufUSO", rune(d.kind)) {
		return nil, fmt.Errorf("a NumPy type %q", code)
	}
	if d.size = n; d.kind == 'U' {
		d.size *= 4
	}
	if known := map[byte][]int{'b': {1}, 'i': {1, 2, 4, 8}, 'u': {1, 2, 4, 8}, 'f': {4, 8}}[d.kind]; known != nil {
		for _, size := range known {
			if size == n {
				return d, nil
			}
		}
		return nil, fmt.Errorf("a NumPy type %q", code)
	}
	return d, nil
}

func first(args []any) any {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

// PySetState reads the order of bytes out of the state of a type.
func (d *dtype) PySetState(state any) error {
	t, ok := state.(*types.Tuple)
	if !ok || t.Len() < 2 {
		return errors.New("a NumPy type without its state")
	}
	switch t.Get(1) {
	case "<", "|", "=":
		d.order = binary.LittleEndian
	case ">":
		d.order = binary.BigEndian
	default:
		return fmt.Errorf("a NumPy type of the order %v", t.Get(1))
	}
	return nil
}

// value reads one value from the head of b, which has d.size bytes.
func (d *dtype) value(b []byte) (any, error) {
	switch d.kind {
	case 'b':
		return b[0] != 0, nil
	case 'f':
		if d.size == 4 {
			return float64(math.Float32frombits(d.order.Uint32(b))), nil
		}
		return math.Float64frombits(d.order.Uint64(b)), nil
	case 'i':
		switch d.size {
		case 1:
			return int64(int8(b[0])), nil
		case 2:
			return int64(int16(d.order.Uint16(b))), nil
		case 4:
			return int64(int32(d.order.Uint32(b))), nil
		}
		return int64(d.order.Uint64(b)), nil
	case 'u':
		switch d.size {
		case 1:
			return int64(b[0]), nil
		case 2:
			return int64(d.order.Uint16(b)), nil
		case 4:
			return int64(d.order.Uint32(b)), nil
		}
		if n := d.order.Uint64(b); n > math.MaxInt64 {
			return new(big.Int).SetUint64(n), nil
		}
		return int64(d.order.Uint64(b)), nil
	case 'S':
		return []byte(strings.TrimRight(string(b), "\x00")), nil
	case 'U':
		var text []byte
		for ; len(b) >= 4; b = b[4:] {
			text = utf8.AppendRune(text, rune(d.order.Uint32(b)))
		}
		return strings.TrimRight(string(text), "\x00"), nil
	}
	return nil, errors.New("a NumPy value of Python's own types")
}

// scalar is a NumPy number or text: a type and bytes.
func scalar(args ...any) (any, error) {
	d, ok := first(args).(*dtype)
	if !ok || len(args) != 2 {
		return nil, errors.New("a NumPy value without a type")
	}
	b, ok := bytesOf(args[1])
	if !ok || len(b) != d.size {
		return nil, fmt.Errorf("a NumPy value of %d bytes, of a type of %d", len(b), d.size)
	}
	return d.value(b)
}

// array stands in for a NumPy array.
type array struct{ values []any }

// reconstruct makes an empty array; its state follows.
func reconstruct(...any) (any, error) { return &array{}, nil }

// PySetState reads version, shape, type, order and content.
func (a *array) PySetState(state any) error {
	t, ok := state.(*types.Tuple)
	if !ok || t.Len() != 5 {
		return errors.New("a NumPy array without its state")
	}
	return a.fill(t.Get(4), t.Get(2), t.Get(1))
}

// fromBuffer is an array of protocol 5: content, type, shape, order.
func fromBuffer(args ...any) (any, error) {
	if len(args) != 4 {
		return nil, errors.New("a NumPy array without its content")
	}
	a := &array{}
	return a, a.fill(args[0], args[1], args[2])
}

// fill reads the values of an array of one dimension.
func (a *array) fill(content, kind, shape any) error {
	d, ok := kind.(*dtype)
	if !ok {
		return errors.New("a NumPy array without a type")
	}
	s, ok := shape.(*types.Tuple)
	if !ok || s.Len() != 1 {
		return errors.New("a NumPy array of other than one dimension")
	}
	n, ok := s.Get(0).(int)
	if !ok || n < 0 {
		return errors.New("a NumPy array without a length")
	}
	if list, ok := content.(*types.List); ok && d.kind == 'O' {
		if list.Len() != n {
			return fmt.Errorf("a NumPy array of %d values, not %d", list.Len(), n)
		}
		a.values = *list
		return nil
	}
	b, ok := bytesOf(content)
	if !ok || d.size == 0 || len(b)%d.size != 0 || len(b)/d.size != n {
		return fmt.Errorf("a NumPy array of %d bytes for %d values of %d", len(b), n, d.size)
	}
	a.values = make([]any, n)
	for i := range a.values {
		v, err := d.value(b[i*d.size:][:d.size])
		if err != nil {
			return err
		}
		a.values[i] = v
	}
	return nil
}
