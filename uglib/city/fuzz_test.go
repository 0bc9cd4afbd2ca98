package city

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzBuild builds cities of small maps put together of bytes: nodes on a grid
// that lies by the equator, across the 180th meridian or around a pole, ways
// through any of them, and relations of any of those.
func FuzzBuild(f *testing.F) {
	f.Add([]byte{0, 20, 1, 2, 3, 4, 200, 1, 8, 15, 1, 210, 0, 1, 220})
	f.Add([]byte{1, 36, 0, 1, 2, 3, 4, 5, 200, 0, 6, 12, 18, 201, 7, 8, 14, 13, 7, 204, 0, 1, 2, 230})
	f.Add([]byte{2, 30, 0, 7, 200, 3, 9, 11, 202, 1, 2, 8, 7, 1, 205, 1, 2, 2, 240, 5, 6, 7, 206})
	f.Add([]byte{1, 36, 0, 7, 14, 21, 203, 5, 10, 15, 20, 203, 0, 5, 35, 30, 0, 207, 3, 231, 3, 241, 3, 251})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 3 || len(b) > 250 {
			return
		}
		path := filepath.Join(dir, "map.osm")
		if err := os.WriteFile(path, []byte(mapOf(b)), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := FromFile(path, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Build(context.Background(), s)
		if err != nil {
			return
		}
		checkInvariants(t, c)
		for i := range c.Nodes {
			c.AdminOf(NodeID(i))
		}
	})
}

var wayTags = [][]string{
	{"highway=residential", "name=A Street"}, {"highway=primary", "name=B Street", "bridge=yes"}, {"highway=footway"}, {"highway=service", "layer=-1", "tunnel=yes"},
	{"leisure=park", "name=C Park"}, {"building=yes", "name=D House"}, {"place=suburb", "name=E"}, {"boundary=administrative", "admin_level=8", "name=F"},
}

var relationTags = [][]string{
	{"type=multipolygon", "leisure=park", "name=G Park"},
	{"type=boundary", "boundary=administrative", "admin_level=8", "name=H"},
	{"type=boundary", "boundary=administrative", "admin_level=2", "name=I", "ISO3166-1=AD"},
	{"type=boundary", "boundary=administrative", "admin_level=4", "name=J", "ISO3166-2=FR-1"},
	{"type=boundary", "boundary=administrative", "admin_level=2", "name=K", "ISO3166-1=FR"},
}

// mapOf makes a map of bytes: the first says where it lies, the second how many
// nodes there are; then, byte by byte, below 200 a member, and from 200 what
// they are members of.
func mapOf(b []byte) string {
	var m strings.Builder
	m.WriteString("<osm version=\"0.6\">\n")
	tags := func(all []string) {
		for _, t := range all {
			k, v, _ := strings.Cut(t, "=")
			fmt.Fprintf(&m, `<tag k="%s" v="%s"/>`, k, v)
		}
	}
	n := int(b[1])%60 + 2
	for i := range n {
		x, y := float64(i%6)/1000, float64(i/6)/1000
		switch b[0] % 3 {
		case 1:
			if x += 179.9975; x > 180 {
				x -= 360
			}
		case 2:
			x, y = x*60000-180, -90+y
		}
		fmt.Fprintf(&m, `<node id="%d" lon="%.7f" lat="%.7f">`, i, x, y)
		if i%7 == 3 {
			tags([]string{"shop=tea", fmt.Sprintf("name=Shop %d", i)})
		}
		if i%11 == 5 {
			tags([]string{"place=village", "name=L"})
		}
		m.WriteString("</node>\n")
	}
	var members []byte
	ways := 0
	var relations strings.Builder
	for _, v := range b[2:] {
		switch {
		case v < 200:
			members = append(members, v)
			continue
		case v < 220:
			fmt.Fprintf(&m, `<way id="%d">`, ways)
			for _, k := range members {
				fmt.Fprintf(&m, `<nd ref="%d"/>`, int(k)%(n+2))
			}
			tags(wayTags[int(v)%len(wayTags)])
			m.WriteString("</way>\n")
			ways++
		default:
			fmt.Fprintf(&relations, `<relation id="%d">`, v)
			for _, k := range members {
				fmt.Fprintf(&relations, `<member type="%s" ref="%d" role="%s"/>`, []string{"way", "way", "way", "node", "relation"}[int(k)%5], int(k)/5, []string{"outer", "inner", "", "label", "subarea"}[int(k)%5])
			}
			for _, t := range relationTags[int(v)%len(relationTags)] {
				k, w, _ := strings.Cut(t, "=")
				fmt.Fprintf(&relations, `<tag k="%s" v="%s"/>`, k, w)
			}
			relations.WriteString("</relation>\n")
		}
		members = nil
	}
	return m.String() + relations.String() + "</osm>\n"
}
