package nxpickle

import "math/big"

// Graph is a NetworkX graph.
type Graph struct {
	Directed bool
	Multi    bool // edges have keys
	Attrs    Attrs
	Nodes    []Node // in the order in which they were added
	Edges    []Edge // in the order of G.edges()
}

// Node is a node of a [Graph].
type Node struct {
	ID    ID
	Attrs Attrs
}

// Edge is an edge of a [Graph]; From and To index its nodes.
type Edge struct {
	From, To int
	Key      any // of an edge of a multigraph; else nil
	Attrs    Attrs
}

// ID is what names a node: an int64 or a string.
type ID any

// Attrs are attributes in their order.
type Attrs []Attr

// Attr is an attribute. Its value is nil, a bool, int64, *big.Int (beyond 64
// bits), float64, string, []byte, []any (a list, a set in a fixed order, a NumPy
// array), [Tuple], [Map], or an orb.Geometry.
type Attr struct {
	Key   string
	Value any
}

// Tuple is a Python tuple.
type Tuple []any

// Map is a Python dictionary in its order.
type Map []Entry

// Entry is a key of a [Map] with its value.
type Entry struct{ Key, Value any }

// Get returns the value of an attribute and whether there is one.
func (a Attrs) Get(key string) (value any, ok bool) {
	for _, x := range a {
		if x.Key == key {
			return x.Value, true
		}
	}
	return nil, false
}

// Text returns an attribute that is a string, and "" for any other.
func (a Attrs) Text(key string) string {
	v, _ := a.Get(key)
	s, _ := v.(string)
	return s
}

// Float returns an attribute that is a number.
func (a Attrs) Float(key string) (float64, bool) {
	v, _ := a.Get(key)
	return Float(v)
}

// Float returns a value that is a number as a float64.
func Float(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, true
	}
	return 0, false
}
