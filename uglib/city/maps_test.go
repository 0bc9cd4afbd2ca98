package city

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"
)

var update = flag.Bool("update", false, "write what the maps give into their tables, to be read by a person")

// TestMaps builds the city of each hand-written map of testdata/maps and
// compares its nodes, edges and faults with the table beside the map.
func TestMaps(t *testing.T) {
	maps, err := filepath.Glob("testdata/maps/*.osm")
	if err != nil || len(maps) < 5 {
		t.Fatal(maps, err)
	}
	for _, path := range maps {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".osm"), func(t *testing.T) {
			c := mapCity(t, path)
			got := c.describe()
			table := strings.TrimSuffix(path, ".osm") + ".txt"
			if *update {
				if err := os.WriteFile(table, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(table)
			if err != nil {
				t.Fatal(err)
			}
			compareLines(t, got, string(want))
			checkInvariants(t, c)
			again := t.TempDir()
			if err := Write(again, c); err != nil {
				t.Fatal(err)
			}
			read, err := Read(again)
			if err != nil {
				t.Fatal(err)
			}
			if err := same(c, read); err != nil {
				t.Errorf("written and read: %v", err)
			}
		})
	}
}

func mapCity(t testing.TB, path string) *City {
	t.Helper()
	s, err := FromFile(path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Build(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// compareLines says which lines two texts do not share.
func compareLines(t *testing.T, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	count := map[string]int{}
	for _, l := range g {
		count[l]++
	}
	for _, l := range w {
		count[l]--
	}
	for _, l := range w {
		if count[l] < 0 {
			count[l]++
			t.Errorf("missing: %s", l)
		}
	}
	for _, l := range g {
		if count[l] > 0 {
			count[l]--
			t.Errorf("too much: %s", l)
		}
	}
	if !t.Failed() {
		t.Errorf("the lines are in another order:\n%s", got)
	}
}

// describe writes a city as a table: a line for each node, edge and fault, in
// the order of the tables. Elements are named by their OSM ids.
func (c *City) describe() string {
	var b strings.Builder
	name := func(id NodeID) string {
		if id == None {
			return "nothing"
		}
		return fmt.Sprintf("%s %d", c.Nodes[id].Kind, c.Nodes[id].OSM)
	}
	fmt.Fprintf(&b, "country: %s %s\n", c.Country, c.CountryCode)
	b.WriteString("\nnodes: kind, id, name, class, address; of streets what sets them apart; where\n")
	for i := range c.Nodes {
		n := &c.Nodes[i]
		fmt.Fprintf(&b, "%s %q %s/%s", name(NodeID(i)), n.Name, n.Category, n.Type)
		if n.Address != "" {
			fmt.Fprintf(&b, " at %q", n.Address)
		}
		if n.Kind == Street {
			if n.Bridge() {
				b.WriteString(" bridge")
			}
			if n.Tunnel() {
				b.WriteString(" tunnel")
			}
			if l := n.Layer(); l != 0 {
				fmt.Fprintf(&b, " layer %d", l)
			}
			if o := n.Oneway(); o != 0 {
				fmt.Fprintf(&b, " oneway %d", o)
			}
		}
		switch g := n.Geometry.(type) {
		case orb.Polygon:
			fmt.Fprintf(&b, " (%d holes)", len(g)-1)
		case orb.MultiPolygon:
			fmt.Fprintf(&b, " (%d parts", len(g))
			for _, p := range g {
				fmt.Fprintf(&b, ", %d holes", len(p)-1)
			}
			b.WriteString(")")
		}
		var where []string
		a := c.AdminOf(NodeID(i))
		for _, s := range []string{a.Country, a.State, a.County, a.City, a.District, a.Neighbourhood} {
			if s != "" {
				where = append(where, s)
			}
		}
		if len(where) > 0 {
			fmt.Fprintf(&b, " in %s", strings.Join(where, " > "))
		}
		b.WriteString("\n")
	}
	b.WriteString("\nedges: type, from, to; distance and bearing\n")
	for i := range c.Edges {
		e := &c.Edges[i]
		fmt.Fprintf(&b, "%s %s - %s", e.Type, name(e.From), name(e.To))
		if e.Type == Crosses || e.Type == Along {
			fmt.Fprintf(&b, " by %s", name(e.Via))
		}
		if e.Type != Crosses && e.Type != Continues {
			fmt.Fprintf(&b, ": %.1f m %.0f° %s", float64(e.Distance), float64(e.Bearing), e.Bearing.Wind8())
		}
		if e.Relation != NoRelation {
			fmt.Fprintf(&b, ", %s", e.Relation)
		}
		if e.Type == Bounds {
			fmt.Fprintf(&b, " %.0f%%", 100*e.Overlap)
		}
		b.WriteString("\n")
	}
	if len(c.Faults) > 0 {
		b.WriteString("\nfaults\n")
	}
	for _, f := range c.Faults {
		fmt.Fprintf(&b, "%s\n", f)
	}
	return b.String()
}
