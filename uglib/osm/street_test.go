package osm

import "testing"

func TestLevels(t *testing.T) {
	for _, c := range []struct {
		what           string
		tags           Tags
		layer          int
		bridge, tunnel bool
	}{
		{"on the ground", Tags{"highway": "primary"}, 0, false, false},
		{"a bridge", Tags{"bridge": "yes"}, 1, true, false},
		{"a viaduct on the second level", Tags{"bridge": "viaduct", "layer": "2"}, 2, true, false},
		{"no bridge", Tags{"bridge": "no"}, 0, false, false},
		{"a tunnel", Tags{"tunnel": "yes"}, -1, false, true},
		{"a culvert", Tags{"tunnel": "culvert"}, -1, false, true},
		{"a passage in a building", Tags{"tunnel": "building_passage"}, 0, false, false},
		{"a layer of its own", Tags{"layer": " -3 "}, -3, false, false},
		{"a layer by half", Tags{"layer": "1.5"}, 1, false, false},
		{"a layer beyond all", Tags{"layer": "19"}, 5, false, false},
		{"a layer that is none", Tags{"layer": "up", "bridge": "yes"}, 1, true, false},
		{"a layer without an end", Tags{"layer": "1e999"}, 0, false, false},
		{"a layer that is no number", Tags{"layer": "NaN"}, 0, false, false},
	} {
		if l, b, u := Layer(c.tags), IsBridge(c.tags), IsTunnel(c.tags); l != c.layer || b != c.bridge || u != c.tunnel {
			t.Errorf("%s: layer %d, bridge %v, tunnel %v", c.what, l, b, u)
		}
	}
}

func TestOneway(t *testing.T) {
	for _, c := range []struct {
		tags Tags
		want int
	}{
		{Tags{"oneway": "yes"}, 1}, {Tags{"oneway": "1"}, 1}, {Tags{"oneway": "true"}, 1}, {Tags{"oneway": "-1"}, -1}, {Tags{"oneway": "reverse"}, -1},
		{Tags{"oneway": "no"}, 0}, {Tags{"oneway": "reversible"}, 0}, {nil, 0},
		{Tags{"highway": "motorway"}, 1}, {Tags{"highway": "motorway", "oneway": "no"}, 0}, {Tags{"junction": "roundabout"}, 1},
	} {
		if got := Oneway(c.tags); got != c.want {
			t.Errorf("%v: %d, want %d", c.tags, got, c.want)
		}
	}
}
