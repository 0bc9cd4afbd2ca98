package graphml

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Type is the type of an attribute as GraphML has them.
type Type string

const (
	String  Type = "string"  // a Go string
	Boolean Type = "boolean" // bool
	Long    Type = "long"    // int64, 64 bits; also an int
	Double  Type = "double"  // float64
)

// Key declares an attribute.
type Key struct {
	Name string
	Type Type
}

// Value is an attribute of the graph itself.
type Value struct {
	Key
	Value any
}

// Header says what stands before the nodes.
type Header struct {
	Directed bool
	Graph    []Value // attributes of the graph
	Nodes    []Key   // attributes of nodes
	Edges    []Key   // attributes of edges
	// Untyped declares every attribute a string, as OSMnx does, whose own loader
	// turns the strings into numbers and takes nothing else.
	Untyped bool
}

// Writer writes one graph. The first error stays: later calls do nothing and
// Close returns it.
type Writer struct {
	out    *bufio.Writer
	header Header
	edges  int
	err    error
}

// NewWriter starts a graph.
func NewWriter(w io.Writer, h Header) *Writer {
	g := &Writer{out: bufio.NewWriter(w), header: h}
	g.print(xml.Header + `<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ` +
		`xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">` + "\n")
	for i, v := range h.Graph {
		g.key('g', i, "graph", v.Key)
	}
	for i, k := range h.Nodes {
		g.key('n', i, "node", k)
	}
	for i, k := range h.Edges {
		g.key('e', i, "edge", k)
	}
	direction := "undirected"
	if h.Directed {
		direction = "directed"
	}
	g.print(`<graph edgedefault="` + direction + `">` + "\n")
	for i, v := range h.Graph {
		g.data('g', i, v.Type, v.Value)
	}
	return g
}

// Node writes a node; values are its attributes in the order of Header.Nodes,
// nil where it has none. A node comes before the edges that join it.
func (g *Writer) Node(id string, values ...any) {
	g.print(`<node id="` + escape(id) + `">` + "\n")
	g.values('n', g.header.Nodes, values, "node "+id)
	g.print("</node>\n")
}

// Edge writes an edge between two nodes; values are its attributes in the order
// of Header.Edges, nil where it has none.
func (g *Writer) Edge(from, to string, values ...any) {
	g.print(`<edge id="` + strconv.Itoa(g.edges) + `" source="` + escape(from) + `" target="` + escape(to) + `">` + "\n")
	g.values('e', g.header.Edges, values, "the edge from "+from+" to "+to)
	g.print("</edge>\n")
	g.edges++
}

// Close ends the file. It does not close what it was written to.
func (g *Writer) Close() error {
	g.print("</graph>\n</graphml>\n")
	if g.err == nil {
		g.err = g.out.Flush()
	}
	if g.err != nil {
		return fmt.Errorf("graphml: %w", g.err)
	}
	return nil
}

func (g *Writer) print(s string) {
	if g.err == nil {
		_, g.err = g.out.WriteString(s)
	}
}

func (g *Writer) key(group byte, i int, of string, k Key) {
	switch k.Type {
	case String, Boolean, Long, Double:
	default:
		g.err = errors.Join(g.err, fmt.Errorf("attribute %q has the type %q", k.Name, k.Type))
	}
	if g.header.Untyped {
		k.Type = String
	}
	g.print(`<key id="` + string(group) + strconv.Itoa(i) + `" for="` + of + `" attr.name="` + escape(k.Name) + `" attr.type="` + string(k.Type) + `"/>` + "\n")
}

func (g *Writer) values(group byte, keys []Key, values []any, what string) {
	if len(values) != len(keys) && g.err == nil {
		g.err = fmt.Errorf("%s has %d attributes, want %d", what, len(values), len(keys))
	}
	for i := 0; i < len(keys) && g.err == nil; i++ {
		g.data(group, i, keys[i].Type, values[i])
		if g.err != nil {
			g.err = fmt.Errorf("%s, attribute %q: %w", what, keys[i].Name, g.err)
		}
	}
}

func (g *Writer) data(group byte, i int, t Type, v any) {
	if v == nil {
		return
	}
	text, err := format(t, v)
	if err != nil {
		g.err = err
		return
	}
	g.print(`<data key="` + string(group) + strconv.Itoa(i) + `">` + text + "</data>\n")
}

// format writes a value as Python reads it back: floats as short as they can be,
// without exponents that XML Schema lacks.
func format(t Type, v any) (string, error) {
	switch v := v.(type) {
	case string:
		if t == String {
			return escape(v), nil
		}
	case bool:
		if t == Boolean {
			return strconv.FormatBool(v), nil
		}
	case int64:
		if t == Long {
			return strconv.FormatInt(v, 10), nil
		}
	case int:
		if t == Long {
			return strconv.Itoa(v), nil
		}
	case float64:
		switch {
		case t != Double:
		case math.IsInf(v, 1):
			return "INF", nil
		case math.IsInf(v, -1):
			return "-INF", nil
		default:
			return strconv.FormatFloat(v, 'g', -1, 64), nil
		}
	}
	return "", fmt.Errorf("a %T is no %s", v, t)
}

// escape writes text into XML. What XML cannot hold, such as the control
// characters below a blank, becomes U+FFFD.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
