package ugdata

import (
	"strings"
	"testing"
)

func TestOptionsCheck(t *testing.T) {
	for _, x := range []struct {
		o    Options
		want string
	}{
		{Options{}, ""},
		{Options{Recipe: RecipeHops, Destinations: "all_nodes", MinPaths: 2, PerCell: 3, PathText: "composed"}, ""},
		{Options{Recipe: "soup"}, `Recipe is "soup"`},
		{Options{Hops: 11}, "Hops is 11"},
		{Options{Nodes: 1}, "Nodes is 1"},
		{Options{Radius: -5}, "Radius is -5"},
		{Options{MinHops: 1}, "MinHops is 1"},
		{Options{MinHops: 9}, "above MaxHops"},
		{Options{MinDistance: 2000}, "not below MaxDistance"},
		{Options{MinDistance: -1}, "MinDistance is -1"},
		{Options{MinPaths: 3}, "MinPaths 3 is above Paths 2"},
		{Options{Destinations: "houses"}, "no class of nodes"},
		{Options{Voices: 99}, "Voices is 99"},
		{Options{PerCell: -1}, "PerCell is -1"},
		{Options{CellLevel: 31}, "CellLevel is 31"},
		{Options{PathText: "poem"}, `PathText is "poem"`},
		{Options{WithPaths: true, Buffer: 500}, "less than a subgraph is wide"},
	} {
		err := x.o.Check()
		if (err == nil) != (x.want == "") || err != nil && !strings.Contains(err.Error(), x.want) {
			t.Errorf("%+v: error %v, want one with %q", x.o, err, x.want)
		}
	}
	if o := (Options{Recipe: RecipeRadius}).complete(); o.Nodes != 1000 || o.Radius != 700 || o.Buffer != 1400 || o.Destinations != "places" || o.Voices != Voices() {
		t.Errorf("defaults %+v", o)
	}
	if o := (Options{WithPaths: true}).complete(); o.Buffer != 3000 {
		t.Errorf("the buffer of subgraphs with their paths is %v", o.Buffer)
	}
}
