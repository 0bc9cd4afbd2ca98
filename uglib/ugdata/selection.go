package ugdata

import (
	"fmt"
	"slices"
	"strings"

	"urbangraph/uglib/city"
)

// Selection says which classes of nodes a path may lead to: words joined by
// "+", of "pois", "areas", "streets", "crossings", "places" (pois+areas) and
// "all". The six sets of the UGE reference (--node_selection) are
//
//	places                    no_intersection_nodes, the default
//	places+streets            no_intersection
//	streets+crossings         linestring_nodes
//	areas+streets+crossings   with_intersection
//	places+crossings          all_point
//	all                       all_nodes
//
// and its names are understood as well. A crossing is told by its class; the
// reference tells it by the words "Crossing" and "Intersection" in a name or an
// address, so that a bar called The Intersection is no place there.
type Selection string

var selections = map[string]Selection{
	"no_intersection_nodes": "places", "no_intersection": "places+streets", "linestring_nodes": "streets+crossings",
	"with_intersection": "areas+streets+crossings", "all_point": "places+crossings", "all_nodes": "all",
}

// kindSet is a set of kinds of nodes, as bits.
type kindSet uint8

func kindsOf(kinds ...city.Kind) (s kindSet) {
	for _, k := range kinds {
		s |= 1 << k
	}
	return s
}

func (s kindSet) has(k city.Kind) bool { return s&(1<<k) != 0 }

type selectionWord struct {
	word  string
	kinds kindSet
}

var selectionWords = []selectionWord{
	{"pois", kindsOf(city.POI)}, {"areas", kindsOf(city.Area)}, {"places", kindsOf(city.POI, city.Area)},
	{"streets", kindsOf(city.Street)}, {"crossings", kindsOf(city.Crossing)},
	{"all", kindsOf(city.POI, city.Area, city.Street, city.Crossing)},
}

// ParseSelection checks a selection and brings it into its short form: its
// words in a fixed order, none twice; an empty one is "places".
func ParseSelection(s string) (Selection, error) {
	set, err := Selection(s).kinds()
	if err != nil {
		return "", err
	}
	if set == kindsOf(city.POI, city.Area, city.Street, city.Crossing) {
		return "all", nil
	}
	places := kindsOf(city.POI, city.Area)
	var words []string
	for _, w := range selectionWords[:5] {
		whole := set&places == places
		if w.kinds&^places == 0 && whole != (w.word == "places") {
			continue
		}
		if set&w.kinds == w.kinds {
			words = append(words, w.word)
		}
	}
	return Selection(strings.Join(words, "+")), nil
}

// kinds returns the classes of nodes that a selection names.
func (s Selection) kinds() (set kindSet, err error) {
	if s == "" {
		s = "places"
	}
	if ours, ok := selections[string(s)]; ok {
		s = ours
	}
	for word := range strings.SplitSeq(string(s), "+") {
		i := slices.IndexFunc(selectionWords, func(w selectionWord) bool { return w.word == strings.TrimSpace(word) })
		if i < 0 {
			return 0, fmt.Errorf("ugdata: Destinations is %q, but %q is no class of nodes; join some of pois, areas, places, streets, crossings and all by \"+\"", string(s), word)
		}
		set |= selectionWords[i].kinds
	}
	return set, nil
}
