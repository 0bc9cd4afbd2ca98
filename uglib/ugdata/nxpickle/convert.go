package nxpickle

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/nlpodyssey/gopickle/types"
)

// deepest is how deep values may nest.
const deepest = 64

// converter turns what gopickle built into graphs and plain values. A pickle may
// refer to one value many times, so that few bytes would become many values: it
// makes no more than left.
type converter struct{ left int64 }

var errTooMany = errors.New("its values refer to each other so often that they would not fit into memory")

func (c *converter) spend(n int) error {
	if c.left -= int64(n); c.left < 0 {
		return errTooMany
	}
	return nil
}

// file finds the graph in what a file holds.
func (c *converter) file(value any) (*File, error) {
	if o, ok := value.(*object); ok {
		g, err := c.graph(o)
		if err != nil {
			return nil, err
		}
		return &File{Graph: g, Centers: central(g)}, nil
	}
	d, ok := entries(value)
	if !ok {
		return nil, fmt.Errorf("it holds a %s, where a graph or a dictionary with one is expected", kindOf(value))
	}
	if inner, ok := entries(lookup(d, "subgraph_data")); ok {
		d = inner
	}
	o, ok := lookup(d, "subgraph").(*object)
	if !ok {
		return nil, errors.New(`it holds a dictionary without a graph as "subgraph"`)
	}
	g, err := c.graph(o)
	if err != nil {
		return nil, err
	}
	f := &File{Graph: g, Centers: central(g)}
	if list := lookup(d, "center_nodes"); list != nil {
		values, ok := items(list)
		if !ok {
			values = []any{list}
		}
		f.Centers = nil
		for _, v := range values {
			id, err := nodeID(v)
			if err != nil {
				return nil, fmt.Errorf("center_nodes: %w", err)
			}
			f.Centers = append(f.Centers, id)
		}
	}
	return f, nil
}

// central returns the node that the graph's own attributes name as its middle.
func central(g *Graph) []ID {
	for _, key := range []string{"central_node_id", "central_node"} {
		if v, ok := g.Attrs.Get(key); ok {
			if id, err := nodeID(v); err == nil {
				return []ID{id}
			}
		}
	}
	return nil
}

func lookup(d []types.DictEntry, key string) any {
	for i := len(d) - 1; i >= 0; i-- {
		if d[i].Key == any(key) {
			return d[i].Value
		}
	}
	return nil
}

// entries returns the entries of a dictionary; keys that come twice are still
// there, the last of which counts.
func entries(v any) ([]types.DictEntry, bool) {
	switch v := v.(type) {
	case *types.Dict:
		return *v, true
	case *types.OrderedDict:
		var out []types.DictEntry
		for e := v.List.Front(); e != nil; e = e.Next() {
			if x, ok := e.Value.(*types.OrderedDictEntry); ok {
				out = append(out, types.DictEntry{Key: x.Key, Value: x.Value})
			}
		}
		return out, true
	}
	return nil, false
}

// items returns the items of a list, tuple, set or array.
func items(v any) ([]any, bool) {
	switch v := v.(type) {
	case *types.List:
		return *v, true
	case *types.Tuple:
		return *v, true
	case *array:
		return v.values, true
	case *types.Set:
		var out []any
		for x := range *v {
			out = append(out, x)
		}
		return out, true
	case *types.FrozenSet:
		var out []any
		for x := range *v {
			out = append(out, x)
		}
		return out, true
	}
	return nil, false
}

// kindOf names the Python type of a value for an error.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil, missing:
		return "None"
	case bool:
		return "bool"
	case int, int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []byte, *types.ByteArray:
		return "bytes"
	case *types.List, *array:
		return "list"
	case *types.Tuple:
		return "tuple"
	case *types.Set, *types.FrozenSet:
		return "set"
	case *types.Dict, *types.OrderedDict:
		return "dict"
	case *object:
		return v.class.name
	case *shape:
		return "geometry"
	}
	return "class or function"
}

// nodeID returns a value as the key of a node.
func nodeID(v any) (ID, error) {
	switch v := v.(type) {
	case int:
		return int64(v), nil
	case int64:
		return v, nil
	case string:
		return strings.ToValidUTF8(v, "\ufffd"), nil
	case *big.Int:
		return nil, fmt.Errorf("node %v has more than 64 bits", v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), nil
		}
		return nil, fmt.Errorf("node %v is a float, which cannot hold an id above 2^53; write the ids as int or str", v)
	}
	return nil, fmt.Errorf("a node is named by a %s; int and str are read", kindOf(v))
}

// graph turns the state of a graph object into a graph.
func (c *converter) graph(o *object) (*Graph, error) {
	if o.class.form == nil {
		return nil, fmt.Errorf("it holds a %s, where a graph is expected", o.class.name)
	}
	state, ok := entries(o.state)
	if !ok {
		return nil, fmt.Errorf("a %s without its state", o.class.name)
	}
	g := &Graph{Directed: o.class.form.directed, Multi: o.class.form.multi}
	var err error
	if g.Attrs, err = c.attrs(lookup(state, "graph"), "graph"); err != nil {
		return nil, err
	}
	nodes, shown, okNodes := atlas(either(state, "_node", "node"))
	adjacency, _, okAdj := atlas(either(state, "_adj", "adj"))
	if !okNodes || !okAdj {
		return nil, errors.New("a graph without nodes or neighbours of its own: it may be a view of another graph; write a copy of it (G.copy())")
	}
	if shown != nil {
		nodes, adjacency = within(nodes, shown), within(adjacency, shown)
	}
	index := make(map[ID]int, len(nodes))
	for _, n := range nodes {
		id, err := nodeID(n.Key)
		if err != nil {
			return nil, err
		}
		a, err := c.attrs(n.Value, fmt.Sprintf("node %v", id))
		if err != nil {
			return nil, err
		}
		if at, ok := index[id]; ok {
			g.Nodes[at].Attrs = a
			continue
		}
		index[id] = len(g.Nodes)
		g.Nodes = append(g.Nodes, Node{id, a})
	}
	return g, c.edges(g, adjacency, index, shown)
}

// atlas returns the dictionary of the nodes or neighbours of a graph. Those of a
// view of some nodes of another graph (G.subgraph) are the other graph's; shown
// holds the nodes that the view shows.
func atlas(v any) (d []types.DictEntry, shown map[any]bool, ok bool) {
	o, isView := v.(*object)
	if !isView {
		d, ok = entries(v)
		return d, nil, ok
	}
	state, _ := entries(o.state)
	filter, isFilter := lookup(state, "NODE_OK").(*object)
	edges, hasEdges := lookup(state, "EDGE_OK").(*class)
	if !isFilter || filter.class.name != "show_nodes" || lookup(state, "EDGE_OK") != nil && !(hasEdges && edges.name == "no_filter") {
		return nil, nil, false
	}
	inner, _ := entries(filter.state)
	set, isSet := items(lookup(inner, "nodes"))
	if d, ok = entries(lookup(state, "_atlas")); !ok || !isSet {
		return nil, nil, false
	}
	shown = make(map[any]bool, len(set))
	for _, id := range set {
		switch id.(type) {
		case int, string:
			shown[id] = true
		}
	}
	return d, shown, true
}

// within returns the entries whose keys are shown.
func within(d []types.DictEntry, shown map[any]bool) []types.DictEntry {
	return slices.DeleteFunc(slices.Clone(d), func(e types.DictEntry) bool {
		switch e.Key.(type) {
		case int, string:
			return !shown[e.Key]
		}
		return true
	})
}

func either(state []types.DictEntry, now, before string) any {
	if v := lookup(state, now); v != nil {
		return v
	}
	return lookup(state, before)
}

// edges adds the edges in the order of G.edges(): of an undirected graph each
// once, where it is met first. shown are the nodes of a view, else nil.
func (c *converter) edges(g *Graph, adjacency []types.DictEntry, index map[ID]int, shown map[any]bool) error {
	find := func(key any) (int, error) {
		id, err := nodeID(key)
		if err != nil {
			return 0, err
		}
		at, ok := index[id]
		if !ok {
			return 0, fmt.Errorf("an edge joins node %v, which the graph does not have", id)
		}
		return at, nil
	}
	done := make([]bool, len(g.Nodes))
	for _, row := range adjacency {
		from, err := find(row.Key)
		if err != nil {
			return err
		}
		neighbours, ok := entries(row.Value)
		if !ok {
			return fmt.Errorf("the neighbours of node %v are a %s, not a dictionary", g.Nodes[from].ID, kindOf(row.Value))
		}
		if err := c.spend(len(neighbours)); err != nil {
			return err
		}
		if shown != nil {
			neighbours = within(neighbours, shown)
		}
		for _, n := range neighbours {
			to, err := find(n.Key)
			if err != nil {
				return err
			}
			if !g.Directed && done[to] {
				continue
			}
			if err := c.edge(g, from, to, n.Value); err != nil {
				return err
			}
		}
		done[from] = true
	}
	return nil
}

// edge adds the edge, or in a multigraph the edges, between two nodes.
func (c *converter) edge(g *Graph, from, to int, value any) error {
	what := fmt.Sprintf("the edge from %v to %v", g.Nodes[from].ID, g.Nodes[to].ID)
	if !g.Multi {
		a, err := c.attrs(value, what)
		g.Edges = append(g.Edges, Edge{From: from, To: to, Attrs: a})
		return err
	}
	keys, ok := entries(value)
	if !ok {
		return fmt.Errorf("%s has a %s for its keys", what, kindOf(value))
	}
	for _, k := range keys {
		key, err := c.value(k.Key, 0)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		a, err := c.attrs(k.Value, what)
		if err != nil {
			return err
		}
		g.Edges = append(g.Edges, Edge{From: from, To: to, Key: key, Attrs: a})
	}
	return nil
}

// attrs turns a dictionary into attributes.
func (c *converter) attrs(v any, what string) (Attrs, error) {
	if v == nil {
		return nil, nil
	}
	d, ok := entries(v)
	if !ok {
		return nil, fmt.Errorf("%s has a %s for attributes", what, kindOf(v))
	}
	if err := c.spend(len(d) + 1); err != nil {
		return nil, err
	}
	out := make(Attrs, 0, len(d))
	seen := make(map[string]int, len(d))
	for _, e := range d {
		key, ok := attrKey(e.Key)
		if !ok {
			return nil, fmt.Errorf("%s has an attribute named by a %s", what, kindOf(e.Key))
		}
		value, err := c.value(e.Value, 0)
		if err != nil {
			return nil, fmt.Errorf("%s, attribute %q: %w", what, key, err)
		}
		if at, ok := seen[key]; ok {
			out[at].Value = value
			continue
		}
		seen[key] = len(out)
		out = append(out, Attr{key, value})
	}
	return out, nil
}

func attrKey(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return strings.ToValidUTF8(v, "\ufffd"), true
	case int:
		return strconv.Itoa(v), true
	}
	return "", false
}

// value turns a value into a plain one, see [Attr].
func (c *converter) value(v any, depth int) (any, error) {
	if depth > deepest {
		return nil, fmt.Errorf("values nest more than %d deep", deepest)
	}
	if err := c.spend(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil, missing:
		return nil, nil
	case bool, int64, float64, []byte, *big.Int:
		return v, nil
	case int:
		return int64(v), nil
	case string:
		if err := c.spend(len(v) / instructionCost); err != nil {
			return nil, err
		}
		return strings.ToValidUTF8(v, "\ufffd"), nil
	case *types.ByteArray:
		return []byte(*v), nil
	case *shape:
		return v.geometry, nil
	}
	if d, ok := entries(v); ok {
		m := Map{}
		for _, e := range d {
			key, err := c.value(e.Key, depth+1)
			if err != nil {
				return nil, err
			}
			value, err := c.value(e.Value, depth+1)
			if err != nil {
				return nil, err
			}
			m = append(m, Entry{key, value})
		}
		return m, nil
	}
	list, ok := items(v)
	if !ok {
		return nil, fmt.Errorf("its value is a %s", kindOf(v))
	}
	out := make([]any, 0, len(list))
	for _, x := range list {
		value, err := c.value(x, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	switch v.(type) {
	case *types.Tuple:
		return Tuple(out), nil
	case *types.Set, *types.FrozenSet:
		slices.SortFunc(out, func(a, b any) int { return strings.Compare(fmt.Sprintf("%T %v", a, a), fmt.Sprintf("%T %v", b, b)) })
	}
	return out, nil
}
