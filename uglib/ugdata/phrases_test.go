package ugdata

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	w := words{street: "Elm Lane", leg: "95 m east", turn: "left"}
	for phrase, want := range map[string]string{
		"plain":                                 "plain",
		"From {street}":                         "From Elm Lane",
		"From {street}[ go[ {way}] {leg}]":      "From Elm Lane go 95 m east",
		"[x {place}]y":                          "y",
		"[{turn} onto {street}[, {place}]] end": "left onto Elm Lane end",
		"{side}":                                "",
	} {
		if got := fill(phrase, &w); got != want {
			t.Errorf("%q is filled in as %q, want %q", phrase, got, want)
		}
	}
}

func TestVoicesRefuse(t *testing.T) {
	for _, file := range []string{"start x\n", "voice 1\nstart x\n", "voice 1\nstart\n", phraseFile + "\nsing la\n"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%.40q is read", file)
				}
			}()
			parseVoices(file)
		}()
	}
}

// Paths in natural language end with a full stop, hold no hole and no doubled
// mark, name street and destination, and come in every voice.
func TestPlainIsWhole(t *testing.T) {
	c := gridTown("alpha", 6, gridOrigin)
	starts := map[string]int{}
	for seed := range uint64(2) {
		o := Options{Paths: 6, Destinations: "all", MinHops: 2}.complete()
		for _, v := range gridViews(c, 1000).Views {
			if v.ID%3 == 0 {
				v.HasHeading = false
			}
			for _, p := range o.paths(c, v, rand.New(rand.NewPCG(seed, uint64(v.ID)))) {
				s := p.Plain
				for _, bad := range []string{"  ", " ,", ",,", ";;", ", ;", "{", "[", "]", " .", ",.", ":,", "0 m"} {
					if bad == "0 m" {
						if strings.Contains(s, " 0 m") {
							t.Fatalf("%q says 0 m", s)
						}
					} else if strings.Contains(s, bad) {
						t.Fatalf("%q holds %q", s, bad)
					}
				}
				name := strings.TrimPrefix(c.Nodes[p.Destination].Name, "Intersection of ")
				if !strings.HasSuffix(s, ".") || !strings.Contains(s, c.Nodes[v.Street].Name) || !strings.Contains(s, name) {
					t.Fatalf("%q does not name %s and %s", s, c.Nodes[v.Street].Name, name)
				}
				starts[strings.Fields(s)[0]]++
			}
		}
	}
	if len(starts) != len(voices) {
		t.Errorf("paths start with %v", starts)
	}
	for word, n := range starts {
		if n < 100 {
			t.Errorf("only %d paths start with %q", n, word)
		}
	}
}
