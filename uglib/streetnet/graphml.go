package streetnet

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// WriteGraphML writes the network in OSMnx's dialect of GraphML, which
// osmnx.load_graphml and networkx.read_graphml read: a directed multigraph with
// OpenStreetMap ids as the names of nodes, all values as text as Python prints
// them (True, [1, 2]), lines as WKT. The same network always gives the same
// bytes, so that OSMnx's created_date is left out.
func (n *Network) WriteGraphML(w io.Writer) error {
	g := graphML{w: bufio.NewWriterSize(w, 1<<20)}
	g.head(n)
	for i := range n.Nodes {
		g.node(&n.Nodes[i])
	}
	for i := range n.Edges {
		g.edge(n, &n.Edges[i])
	}
	g.text("  </graph>\n</graphml>\n")
	if err := g.w.Flush(); err != nil {
		return fmt.Errorf("write GraphML: %w", err)
	}
	return nil
}

// graphML writes the parts of a document. The buffered writer keeps the first
// error until it is flushed.
type graphML struct {
	w        *bufio.Writer
	scratch  []byte
	nodeTags []string
	wayTags  []string
	keys     map[string]string // ids of "node x", "edge length" and so on
}

func (g *graphML) text(s string) { _, _ = g.w.WriteString(s) }

// head declares the attributes and opens the graph.
func (g *graphML) head(n *Network) {
	g.text(`<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ` +
		`xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
`)
	nodes, ways := map[string]bool{}, map[string]bool{}
	for i := range n.Nodes {
		for k := range n.Nodes[i].Tags {
			nodes[k] = true
		}
	}
	for i := range n.Edges {
		for _, w := range n.Edges[i].Ways {
			for k := range n.Ways[w].Tags {
				ways[k] = true
			}
		}
	}
	delete(ways, "oneway") // the attribute of this name says what was made of the tag
	g.nodeTags, g.wayTags = slices.Sorted(maps.Keys(nodes)), slices.Sorted(maps.Keys(ways))
	g.keys = map[string]string{}
	for _, of := range []struct {
		kind  string
		names []string
	}{
		{"graph", []string{"crs", "created_with", "simplified"}},
		{"node", append([]string{"y", "x", "street_count"}, g.nodeTags...)},
		{"edge", append([]string{"osmid", "oneway", "reversed", "length", "geometry"}, g.wayTags...)},
	} {
		for _, name := range of.names {
			id := "d" + strconv.Itoa(len(g.keys))
			g.keys[of.kind+" "+name] = id
			g.text(`  <key id="` + id + `" for="` + of.kind + `" attr.name="`)
			g.escaped(name)
			g.text("\" attr.type=\"string\" />\n")
		}
	}
	g.text("  <graph edgedefault=\"directed\">\n")
	g.data("graph crs", "epsg:4326")
	g.data("graph created_with", "urbangraph")
	g.data("graph simplified", pyBool(!n.Raw))
	g.text("\n")
}

// data writes one attribute.
func (g *graphML) data(key, value string) {
	g.text(`<data key="` + g.keys[key] + `">`)
	g.escaped(value)
	g.text("</data>")
}

// number writes one attribute whose text needs no escapes.
func (g *graphML) number(key string, value []byte) {
	g.text(`<data key="` + g.keys[key] + `">`)
	_, _ = g.w.Write(value)
	g.text("</data>")
	g.scratch = value[:0]
}

func (g *graphML) escaped(s string) {
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '<' || r == '>' || r == '&' || r == '"' }) < 0 {
		g.text(s)
		return
	}
	_ = xml.EscapeText(g.w, []byte(s))
}

func (g *graphML) node(v *Node) {
	g.text(`    <node id="`)
	g.scratch = strconv.AppendInt(g.scratch[:0], v.ID, 10)
	_, _ = g.w.Write(g.scratch)
	g.text(`">`)
	g.number("node y", strconv.AppendFloat(g.scratch[:0], v.At[1], 'f', -1, 64))
	g.number("node x", strconv.AppendFloat(g.scratch[:0], v.At[0], 'f', -1, 64))
	g.number("node street_count", strconv.AppendInt(g.scratch[:0], int64(v.Streets), 10))
	for _, k := range g.nodeTags {
		if value := v.Tags[k]; value != "" {
			g.data("node "+k, value)
		}
	}
	g.text("</node>\n")
}

func (g *graphML) edge(n *Network, e *Edge) {
	b := append(g.scratch[:0], `    <edge source="`...)
	b = strconv.AppendInt(b, n.Nodes[e.From].ID, 10)
	b = append(b, `" target="`...)
	b = strconv.AppendInt(b, n.Nodes[e.To].ID, 10)
	b = append(b, `" id="`...)
	b = strconv.AppendInt(b, int64(e.Key), 10)
	b = append(b, `">`...)
	_, _ = g.w.Write(b)
	g.scratch = b

	g.number("edge osmid", appendList(g.scratch[:0], len(e.Ways), func(b []byte, i int) []byte {
		return strconv.AppendInt(b, n.Ways[e.Ways[i]].ID, 10)
	}))
	oneway := [2]bool{} // whether some are, whether some are not
	for _, w := range e.Ways {
		oneway[0] = oneway[0] || n.Ways[w].Oneway
		oneway[1] = oneway[1] || !n.Ways[w].Oneway
	}
	g.number("edge oneway", appendBools(g.scratch[:0], oneway[1], oneway[0]))
	g.number("edge reversed", appendBools(g.scratch[:0], e.Forward, e.Backward))
	g.number("edge length", strconv.AppendFloat(g.scratch[:0], float64(e.Length), 'f', -1, 64))
	for _, k := range g.wayTags {
		switch values := n.Values(e, k); len(values) {
		case 0:
		case 1:
			g.data("edge "+k, values[0])
		default:
			g.data("edge "+k, string(appendList(nil, len(values), func(b []byte, i int) []byte { return appendPyString(b, values[i]) })))
		}
	}
	if e.Line != nil {
		g.number("edge geometry", appendWKT(g.scratch[:0], e.Line))
	}
	g.text("</edge>\n")
}

// appendList appends a value, or several as a list of Python.
func appendList(b []byte, n int, item func([]byte, int) []byte) []byte {
	if n == 1 {
		return item(b, 0)
	}
	b = append(b, '[')
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = item(b, i)
	}
	return append(b, ']')
}

// appendBools appends the truth values that there are.
func appendBools(b []byte, no, yes bool) []byte {
	if no && yes {
		return append(b, "[False, True]"...)
	}
	return append(b, pyBool(yes)...)
}

// pyBool returns a truth value as Python prints it.
func pyBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// appendPyString appends a text as Python's repr prints it.
func appendPyString(b []byte, s string) []byte {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	b = append(b, quote)
	for _, r := range s {
		switch {
		case r == rune(quote) || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < ' ' || r == 0x7f:
			b = fmt.Appendf(b, `\x%02x`, r)
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, quote)
}

// appendWKT appends a line as well-known text, longitude before latitude.
func appendWKT(b []byte, line orb.LineString) []byte {
	b = append(b, "LINESTRING ("...)
	for i, p := range line {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendFloat(b, p[0], 'f', -1, 64)
		b = append(b, ' ')
		b = strconv.AppendFloat(b, p[1], 'f', -1, 64)
	}
	return append(b, ')')
}
