package nxpickle

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
)

// WritePickle writes the graph as a pickle of protocol 3 that NetworkX 2.4 and
// newer load, with the attributes that [Attr] lists but geometries. An edge of an
// undirected graph that comes twice is an error.
func (g *Graph) WritePickle(w io.Writer) error {
	p := &writer{out: bufio.NewWriter(w)}
	p.raw("\x80\x03")
	name, module := "Graph", "graph"
	switch {
	case g.Directed && g.Multi:
		name, module = "MultiDiGraph", "multidigraph"
	case g.Directed:
		name, module = "DiGraph", "digraph"
	case g.Multi:
		name, module = "MultiGraph", "multigraph"
	}
	p.raw("cnetworkx.classes." + module + "\n" + name + "\n)\x81}(")
	p.text("graph")
	if err := p.attrs(g.Attrs, "graph"); err != nil {
		return err
	}
	p.text("_node")
	p.raw("}(")
	for _, n := range g.Nodes {
		if err := p.value(n.ID); err != nil {
			return err
		}
		if err := p.attrs(n.Attrs, fmt.Sprintf("node %v", n.ID)); err != nil {
			return err
		}
	}
	p.raw("u")
	if err := p.neighbours(g); err != nil {
		return err
	}
	p.raw("ub.")
	return p.out.Flush()
}

// writer writes instructions; the buffer keeps the first error of the file.
type writer struct {
	out  *bufio.Writer
	memo uint32
}

func (p *writer) raw(s string) { _, _ = p.out.WriteString(s) } // Flush reports the error

func (p *writer) number(n int) {
	_ = binary.Write(p.out, binary.LittleEndian, uint32(n)) // Flush reports the error
}

func (p *writer) text(s string) {
	p.raw("X")
	p.number(len(s))
	p.raw(s)
}

// put numbers the value on the stack; get brings it back.
func (p *writer) put() uint32 {
	p.raw("r")
	p.number(int(p.memo))
	p.memo++
	return p.memo - 1
}

func (p *writer) get(at uint32) {
	p.raw("j")
	p.number(int(at))
}

func (p *writer) attrs(a Attrs, what string) error {
	p.raw("}(")
	for _, x := range a {
		p.text(x.Key)
		if err := p.value(x.Value); err != nil {
			return fmt.Errorf("pickle: %s, attribute %q: %w", what, x.Key, err)
		}
	}
	p.raw("u")
	return nil
}

// neighbours writes the dictionaries of neighbours. NetworkX keeps the attributes
// of an edge once: both ends refer to the same dictionary.
func (p *writer) neighbours(g *Graph) error {
	type half struct {
		to    int
		edges []int
	}
	type table struct {
		rows [][]half
		at   map[[2]int]int // where in its row a neighbour stands
	}
	out, in := table{make([][]half, len(g.Nodes)), map[[2]int]int{}}, table{make([][]half, len(g.Nodes)), map[[2]int]int{}}
	add := func(t table, from, to, edge int) error {
		i, ok := t.at[[2]int{from, to}]
		switch {
		case !ok:
			t.at[[2]int{from, to}] = len(t.rows[from])
			t.rows[from] = append(t.rows[from], half{to, []int{edge}})
		case g.Multi:
			t.rows[from][i].edges = append(t.rows[from][i].edges, edge)
		default:
			return fmt.Errorf("pickle: edge %d joins %v and %v, as an edge before it does", edge, g.Nodes[from].ID, g.Nodes[to].ID)
		}
		return nil
	}
	for i, e := range g.Edges {
		if e.From < 0 || e.From >= len(g.Nodes) || e.To < 0 || e.To >= len(g.Nodes) {
			return fmt.Errorf("pickle: edge %d joins nodes %d and %d of %d", i, e.From, e.To, len(g.Nodes))
		}
		back := in
		if !g.Directed {
			back = out
		}
		if err := add(out, e.From, e.To, i); err != nil {
			return err
		}
		if e.From == e.To && !g.Directed {
			continue
		}
		if err := add(back, e.To, e.From, i); err != nil {
			return err
		}
	}
	written := make(map[int]uint32, len(g.Edges))
	edge := func(i int) error {
		if at, ok := written[i]; ok {
			p.get(at)
			return nil
		}
		err := p.attrs(g.Edges[i].Attrs, fmt.Sprintf("edge %d", i))
		written[i] = p.put()
		return err
	}
	rows := func(t table) error {
		p.raw("}(")
		for from, row := range t.rows {
			if err := p.value(g.Nodes[from].ID); err != nil {
				return err
			}
			p.raw("}(")
			for _, h := range row {
				if err := p.value(g.Nodes[h.to].ID); err != nil {
					return err
				}
				if !g.Multi {
					if err := edge(h.edges[0]); err != nil {
						return err
					}
					continue
				}
				p.raw("}(")
				for n, i := range h.edges {
					key := g.Edges[i].Key
					if key == nil {
						key = int64(n)
					}
					if err := p.value(key); err != nil {
						return err
					}
					if err := edge(i); err != nil {
						return err
					}
				}
				p.raw("u")
			}
			p.raw("u")
		}
		p.raw("u")
		return nil
	}
	p.text("_adj")
	if err := rows(out); err != nil || !g.Directed {
		return err
	}
	successors := p.put()
	p.text("_succ")
	p.get(successors)
	p.text("_pred")
	return rows(in)
}

// value writes a value of [Attr].
func (p *writer) value(v any) error {
	switch v := v.(type) {
	case nil:
		p.raw("N")
	case bool:
		p.raw(map[bool]string{true: "\x88", false: "\x89"}[v])
	case int64:
		if v == int64(int32(v)) {
			p.raw("J")
			p.number(int(int32(v)))
			return nil
		}
		p.raw("\x8a\x08")
		_ = binary.Write(p.out, binary.LittleEndian, v) // Flush reports the error
	case *big.Int:
		return p.big(v)
	case float64:
		p.raw("G")
		_ = binary.Write(p.out, binary.BigEndian, math.Float64bits(v)) // Flush reports the error
	case string:
		p.text(v)
	case []byte:
		p.raw("B")
		p.number(len(v))
		p.raw(string(v))
	case []any:
		p.raw("](")
		return p.all(v, "e")
	case Tuple:
		p.raw("(")
		return p.all(v, "t")
	case Map:
		p.raw("}(")
		for _, e := range v {
			if err := p.all([]any{e.Key, e.Value}, ""); err != nil {
				return err
			}
		}
		p.raw("u")
	default:
		return fmt.Errorf("a %T cannot be written", v)
	}
	return nil
}

func (p *writer) all(values []any, end string) error {
	for _, v := range values {
		if err := p.value(v); err != nil {
			return err
		}
	}
	p.raw(end)
	return nil
}

// big writes an integer of more than 64 bits in two's complement.
func (p *writer) big(v *big.Int) error {
	n := v.BitLen()/8 + 1
	if n > longestInteger {
		return fmt.Errorf("an integer of %d bytes", n)
	}
	x := v
	if v.Sign() < 0 {
		x = new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), uint(8*n)), v)
	}
	b := x.FillBytes(make([]byte, n))
	slices.Reverse(b)
	p.raw("\x8a" + string([]byte{byte(n)}) + string(b))
	return nil
}
