package extract

import (
	"compress/bzip2"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/osm"
	"github.com/paulmach/osm/osmpbf"
	"github.com/paulmach/osm/osmxml"
)

// builtin returns the path of an extract that comes with a Go module.
func builtin(t testing.TB, name string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/paulmach/osm").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "testdata", name)
}

// sums are checksums of the elements of a file, by kind, and their numbers.
type sums struct {
	count [3]int
	sum   [3]uint64
}

func (s *sums) add(kind Type, id int64, at orb.Point, parts []Member, tags map[string]string) {
	h := fnv.New64a()
	number := func(n int64) {
		var b [8]byte
		for i := range b {
			b[i] = byte(n >> (8 * i))
		}
		_, _ = h.Write(b[:])
	}
	text := func(s string) { _, _ = io.WriteString(h, s+"\x00") }
	number(id)
	at = Round(at)
	number(int64(at[0] * 1e9))
	number(int64(at[1] * 1e9))
	for _, m := range parts {
		number(int64(m.Type))
		number(m.ID)
		text(m.Role)
	}
	keys := make([]string, 0, len(tags))
	for k := range tags {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		text(k)
		text(tags[k])
	}
	s.count[kind]++
	s.sum[kind] = s.sum[kind]*31 + h.Sum64() // the order counts
}

// TestSameAsReference compares every element of the built-in extracts with
// what the readers of github.com/paulmach/osm find.
func TestSameAsReference(t *testing.T) {
	for _, name := range []string{"delaware-latest.osm.pbf", "andorra-latest.osm.bz2"} {
		path := builtin(t, name)
		var got, want sums
		collect := func(t Tags) map[string]string {
			m := map[string]string{}
			for k, v := range t.All() {
				m[k] = v
			}
			return m
		}
		var parts []Member
		err := Scan(t.Context(), path, Handler{
			Node: func(id int64, at orb.Point, t Tags) { got.add(Node, id, at, nil, collect(t)) },
			Way: func(id int64, nodes []int64, t Tags) {
				parts = parts[:0]
				for _, n := range nodes {
					parts = append(parts, Member{ID: n})
				}
				got.add(Way, id, orb.Point{}, parts, collect(t))
			},
			Relation: func(id int64, m []Member, t Tags) { got.add(Relation, id, orb.Point{}, m, collect(t)) },
		})
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var s osm.Scanner
		if strings.HasSuffix(name, ".pbf") {
			s = osmpbf.New(t.Context(), f, 2)
		} else {
			s = osmxml.New(t.Context(), bzip2.NewReader(f))
		}
		defer s.Close()
		for s.Scan() {
			switch o := s.Object().(type) {
			case *osm.Node:
				want.add(Node, int64(o.ID), orb.Point{o.Lon, o.Lat}, nil, o.Tags.Map())
			case *osm.Way:
				parts = parts[:0]
				for _, n := range o.Nodes {
					parts = append(parts, Member{ID: int64(n.ID)})
				}
				want.add(Way, int64(o.ID), orb.Point{}, parts, o.Tags.Map())
			case *osm.Relation:
				parts = parts[:0]
				for _, m := range o.Members {
					kind := map[osm.Type]Type{osm.TypeNode: Node, osm.TypeWay: Way, osm.TypeRelation: Relation}[m.Type]
					parts = append(parts, Member{Type: kind, ID: m.Ref, Role: m.Role})
				}
				want.add(Relation, int64(o.ID), orb.Point{}, parts, o.Tags.Map())
			}
		}
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		if got != want {
			t.Errorf("%s: %v, the reference finds %v", name, got, want)
		}
	}
}

// BenchmarkScan decodes all elements and asks for all tags of ways.
func BenchmarkScan(b *testing.B) {
	for _, name := range []string{"delaware-latest.osm.pbf", "andorra-latest.osm.bz2"} {
		b.Run(name, func(b *testing.B) {
			path := builtin(b, name)
			b.ReportAllocs()
			for b.Loop() {
				err := Scan(b.Context(), path, Handler{
					Node: func(int64, orb.Point, Tags) {},
					Way: func(_ int64, _ []int64, t Tags) {
						for range t.All() {
						}
					},
					Relation: func(int64, []Member, Tags) {},
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
