package ugdata

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/city"
)

// mapPaths returns the paths by the grammar that the maps of testdata expect.
func mapPaths(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/maps/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if strings.HasPrefix(line, "(") && strings.Contains(line, ", nearest, ") {
				all = append(all, strings.TrimSpace(line))
			}
		}
	}
	if len(all) < 30 {
		t.Fatalf("the maps expect %d paths", len(all))
	}
	return all
}

func TestParsePath(t *testing.T) {
	items, err := ParsePath("(700000000000001, nearest, Elm Lane) (7.4m, 0°(N)) -> (94.4m, 90°(E)) -> (Elm Lane, Intersection of Elm Lane and Oak Road, Oak Road) -> (30.0m, 180°(S)) -> (Oak Road, near, Park) (0.5m, NW)")
	if err != nil {
		t.Fatal(err)
	}
	want := []PathItem{
		{Source: "700000000000001", Middle: "nearest", Target: "Elm Lane", Tuple: &PathTuple{7.4, 0, "N"}},
		{Tuple: &PathTuple{94.4, 90, "E"}},
		{Source: "Elm Lane", Middle: "Intersection of Elm Lane and Oak Road", Target: "Oak Road"},
		{Tuple: &PathTuple{30, 180, "S"}},
		{Source: "Oak Road", Middle: "near", Target: "Park", Tuple: &PathTuple{0.5, -1, "NW"}},
	}
	if len(items) != len(want) {
		t.Fatalf("%d items, want %d", len(items), len(want))
	}
	for i, x := range items {
		if x.String() != want[i].String() || x.IsTransition() != want[i].IsTransition() || x.Source != want[i].Source || x.Middle != want[i].Middle || x.Target != want[i].Target {
			t.Errorf("item %d is %+v, want %+v", i, x, want[i])
		}
	}
}

func TestParsePathRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "at byte 0",
		"Elm Lane":                               `an item starts with "("`,
		"(Elm Lane, near, Shop)":                 "the first source the id of an image",
		"(1, nearest)":                           "a triple is (source, middle, target)",
		"(1, nearest, Elm) (3m)":                 "there is more",
		"(1, nearest, Elm) -> ":                  "at byte 21",
		"(1, nearest, Elm) -> (Oak, near, Shop)": "each other the target before it",
		"(1, nearest, Elm) (1.0m, 0°(N)) -> (2.0m, E)":   "a path ends with a triple",
		"(9999999999999999999, nearest, Elm)":            "the first source the id of an image",
		"(1, nearest, Elm) (01.0m, 0°(N))":               "there is more",
		"(1, nearest, Elm) (1.0m, 0°(X))":                "there is more",
		"(1.0m, 0°(N)) -> (1, nearest, Elm) (1.0m, N) x": "at byte",
	} {
		if _, err := ParsePath(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParsePath(%q): error %v, want one with %q", text, err, want)
		}
	}
}

// A path of a town is read back to its own nodes, by its text alone.
func TestPathsReadBack(t *testing.T) {
	c := gridTown("alpha", 6, gridOrigin)
	o := Options{Paths: 12, Destinations: "all", MinHops: 2}.complete()
	n := 0
	for _, v := range gridViews(c, 1000).Views {
		for _, p := range o.paths(c, v, rand.New(rand.NewPCG(3, uint64(v.ID)))) {
			n++
			items, err := ParsePath(p.Text)
			if err != nil || FormatPath(items) != p.Text {
				t.Fatalf("%s is read back as %s (%v)", p.Text, FormatPath(items), err)
			}
			walks, err := FindWalks(c, v, p.Text)
			if err != nil || len(walks) != 1 || !slices.Equal(walks[0], p.Nodes) {
				t.Fatalf("%s leads through %v (%v), want %v", p.Text, walks, err, p.Nodes)
			}
		}
	}
	if n < 1000 {
		t.Fatalf("only %d paths", n)
	}
}

func TestFindWalksRefuses(t *testing.T) {
	m, _ := readToy(t, "testdata/maps/elm.txt")
	for text, want := range map[string]string{
		"(700000000000001, nearest, Elm Lane) (7.5m, 0°(N))": "no walk from view 700000000000001",
		"(700000000000002, nearest, Elm Lane) (7.4m, 0°(N))": "no walk",
		"so what": "at byte 0",
		"(700000000000001, nearest, Elm Lane) (7.4m, 0°(N)) -> (94.3m, 90°(E)) -> (Elm Lane, Intersection of Elm Lane and Oak Road, Oak Road)": "no walk",
	} {
		if _, err := FindWalks(m.City, m.view, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	lost := m.view
	lost.Street = -1
	if _, err := FindWalks(m.City, lost, "(700000000000001, nearest, Elm Lane)"); err == nil || !strings.Contains(err.Error(), "no street") {
		t.Errorf("a view without a street: %v", err)
	}
}

// Twins that nothing tells apart are both found.
func TestFindWalksTwins(t *testing.T) {
	m, _ := readToy(t, "testdata/maps/elm.txt")
	twin := m.Nodes[m.keys["lib"]]
	m.Nodes = append(m.Nodes, twin)
	e := m.Edges[1]
	e.From = m.keys["lib"] + 1
	m.Edges = append(m.Edges, e)
	walks, err := FindWalks(m.City, m.view, "(700000000000001, nearest, Elm Lane) (7.4m, 0°(N)) -> (94.4m, 90°(E)) -> (Elm Lane, Intersection of Elm Lane and Oak Road, Oak Road) -> (140.2m, 180°(S)) -> (Oak Road, near, City Library) (15.3m, 90°(E))")
	if err != nil || len(walks) != 2 {
		t.Errorf("walks %v (%v), want two", walks, err)
	}
}

// Whatever is read is written as it was, and names of any kind come through
// where they do not break the chain.
func FuzzParsePath(f *testing.F) {
	for _, text := range mapPaths(f) {
		f.Add(text)
	}
	f.Add("(1, nearest, a) -> (a, b, c, d), e) (1.0m, N)) -> (1.0m, 0°(N)) -> (e) (1.0m, N), near, x)")
	f.Add("(1, nearest, " + strings.Repeat("), (", 200) + ")")
	f.Fuzz(func(t *testing.T, text string) {
		items, err := ParsePath(text)
		if err != nil {
			if items != nil || !strings.HasPrefix(err.Error(), "ugdata: ") {
				t.Fatalf("items %v with the error %v", items, err)
			}
			return
		}
		if back := FormatPath(items); back != text {
			t.Fatalf("read back\n got %q\nwant %q", back, text)
		}
		last := ""
		for i, x := range items {
			switch {
			case x.IsTransition():
				if x.Tuple == nil || i == 0 || i+1 == len(items) {
					t.Fatalf("item %d of %q is an empty or loose transition", i, text)
				}
			case last != "" && x.Source != last:
				t.Fatalf("item %d of %q starts at %q where %q is reached", i, text, x.Source, last)
			default:
				last = x.Target
			}
		}
	})
}

// A walk over streets and places with any two names is read back from its text.
func FuzzPathNames(f *testing.F) {
	f.Add("Elm Lane", "City Library")
	f.Add("a, near", "b) (1.0m, N) -> (1.0m, 0°(N)")
	f.Add("شارع", "京 -> 路")
	f.Fuzz(func(t *testing.T, road, goal string) {
		m, _ := readToy(t, "testdata/maps/elm.txt")
		m.Nodes[m.keys["oak"]].Name, m.Nodes[m.keys["lib"]].Name = road, goal
		m.Nodes[m.keys["x"]].Name = "Intersection of Elm Lane and " + road
		p := (&Options{}).newPath(m.City, m.view, m.walkOf(t, []string{"elm", "oak", "lib"}), &voices[0])
		if items, err := ParsePath(p.Text); err == nil && FormatPath(items) != p.Text || err != nil && pairs(road) && pairs(goal) {
			t.Fatalf("%q is read back as %q (%v)", p.Text, FormatPath(items), err)
		}
		walks, err := FindWalks(m.City, m.view, p.Text)
		if err != nil || !slices.ContainsFunc(walks, func(w []city.NodeID) bool { return slices.Equal(w, p.Nodes) }) {
			t.Fatalf("%q leads through %v (%v), want %v", p.Text, walks, err, p.Nodes)
		}
	})
}
