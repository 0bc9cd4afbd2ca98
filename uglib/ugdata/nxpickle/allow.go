package nxpickle

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nlpodyssey/gopickle/types"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/ewkb"
)

// findClass returns what stands in for a class or function that a pickle names.
// (gopickle itself puts data in the place of collections.OrderedDict and of
// object before it asks here.)
func findClass(module, name string) (any, error) {
	switch module {
	case "networkx.classes.graph", "networkx.classes.digraph", "networkx.classes.multigraph", "networkx.classes.multidigraph":
		if form, ok := graphForms[name]; ok {
			return &class{name: name, form: form}, nil
		}
	case "networkx.classes.reportviews", "networkx.classes.coreviews":
		return &class{name: name}, nil
	case "networkx.classes.filters":
		if name == "show_nodes" || name == "no_filter" {
			return &class{name: name}, nil
		}
	case "networkx.classes.function":
		if name == "frozen" { // what stands in the place of the methods of a frozen graph
			return &class{name: name}, nil
		}
	case "builtins", "__builtin__":
		if slices.Contains(builtinTypes, name) {
			return builtin(name), nil
		}
	case "collections":
		if name == "defaultdict" {
			return function(defaultDict), nil
		}
	case "_codecs":
		if name == "encode" {
			return function(encode), nil
		}
	case "numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric":
		if f, ok := numpyNames[module[strings.LastIndexByte(module, '.')+1:]+"."+name]; ok {
			return f, nil
		}
	case "shapely.io":
		if name == "from_wkb" {
			return function(fromWKB), nil
		}
	case "shapely.geometry.point", "shapely.geometry.linestring", "shapely.geometry.polygon", "shapely.geometry.multipoint",
		"shapely.geometry.multilinestring", "shapely.geometry.multipolygon", "shapely.geometry.collection":
		return function(newShape), nil
	case "pandas._libs.missing":
		if name == "NA" {
			return missing{}, nil
		}
	case "pandas._libs.tslibs.nattype":
		if name == "_nat_unpickle" {
			return function(func(...any) (any, error) { return missing{}, nil }), nil
		}
	}
	return nil, fmt.Errorf("it names %s.%s, which is not among the classes that are read; write the graph with plain attributes (numbers, texts, lists)", module, name)
}

// form says what kind of graph a class is.
type form struct{ directed, multi bool }

var graphForms = map[string]*form{
	"Graph": {}, "DiGraph": {directed: true}, "MultiGraph": {multi: true}, "MultiDiGraph": {directed: true, multi: true},
}

// class stands in for a class of NetworkX, a graph or a view of one.
type class struct {
	name string
	form *form // nil for a view
}

// PyNew makes an object of the class.
func (c *class) PyNew(...any) (any, error) { return &object{class: c}, nil }

// Call makes an object of the class.
func (c *class) Call(...any) (any, error) { return &object{class: c}, nil }

// object stands in for an object: it holds its state.
type object struct {
	class *class
	state any
}

// PySetState keeps the state.
func (o *object) PySetState(state any) error {
	o.state = state
	return nil
}

// builtin stands in for a type of Python's own; sets are made by calling it.
type builtin string

var builtinTypes = []string{"dict", "list", "set", "frozenset", "tuple", "int", "float", "str", "bool", "object"}

// Call makes a set of a list.
func (b builtin) Call(args ...any) (any, error) {
	if b != "set" && b != "frozenset" || len(args) != 1 {
		return nil, fmt.Errorf("it calls %s", string(b))
	}
	list, ok := args[0].(*types.List)
	if !ok {
		return nil, fmt.Errorf("it makes a %s of a %T", string(b), args[0])
	}
	return types.NewSetFromSlice(*list), nil
}

// function stands in for a function that makes data of data.
type function func(args ...any) (any, error)

// Call makes the data.
func (f function) Call(args ...any) (any, error) { return f(args...) }

// missing is a missing value of pandas.
type missing struct{}

func defaultDict(args ...any) (any, error) {
	if len(args) > 1 {
		return nil, errors.New("a defaultdict with more than a type")
	}
	if len(args) == 1 && args[0] != nil {
		if _, ok := args[0].(builtin); !ok {
			return nil, errors.New("a defaultdict of something that is no plain type")
		}
	}
	return types.NewDict(), nil
}

// encode is codecs.encode(text, "latin1"), by which protocol 2 writes bytes.
func encode(args ...any) (any, error) {
	if len(args) != 2 || args[1] != "latin1" && args[1] != "latin-1" {
		return nil, errors.New("it encodes other than to Latin-1")
	}
	text, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("it encodes a %T", args[0])
	}
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return nil, fmt.Errorf("%q is not in Latin-1", r)
		}
		out = append(out, byte(r))
	}
	return out, nil
}

// shape stands in for a Shapely geometry.
type shape struct{ geometry orb.Geometry }

// newShape is the class of a geometry; its WKB is the state that follows.
func newShape(args ...any) (any, error) {
	if len(args) > 0 {
		return fromWKB(args...)
	}
	return &shape{}, nil
}

// PySetState reads the WKB of a geometry.
func (s *shape) PySetState(state any) error {
	b, ok := bytesOf(state)
	if !ok {
		return fmt.Errorf("a geometry of a %T", state)
	}
	g, _, err := ewkb.Unmarshal(b)
	if err != nil {
		return fmt.Errorf("a geometry: %w", err)
	}
	s.geometry = g
	return nil
}

func fromWKB(args ...any) (any, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("a geometry of %d values", len(args))
	}
	s := &shape{}
	return s, s.PySetState(args[0])
}

// bytesOf returns a value that is bytes; pickles of Python 2 have them as text.
func bytesOf(v any) ([]byte, bool) {
	switch v := v.(type) {
	case []byte:
		return v, true
	case *types.ByteArray:
		return *v, true
	case string:
		return []byte(v), true
	}
	return nil, false
}
