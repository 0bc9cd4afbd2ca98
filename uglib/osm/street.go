package osm

import (
	"slices"
	"strconv"
	"strings"
)

// Oneway returns 1 where vehicles may use a street only in the direction of its
// nodes, -1 where only against it, and 0 where both ways or by turns. Motorways
// and roundabouts are one-way unless they say no.
func Oneway(t Tags) int {
	switch t["oneway"] {
	case "yes", "true", "1":
		return 1
	case "-1", "reverse":
		return -1
	case "":
		if t["highway"] == "motorway" || t["junction"] == "roundabout" || t["junction"] == "circular" {
			return 1
		}
	}
	return 0
}

// IsBridge reports whether a way runs on a bridge.
func IsBridge(t Tags) bool { return t["bridge"] != "" && t["bridge"] != "no" }

// IsTunnel reports whether a way runs under the ground: in a tunnel, but not
// through a passage in a building or under a roof.
func IsTunnel(t Tags) bool {
	v := t["tunnel"]
	return v != "" && !slices.Contains([]string{"no", "building_passage", "covered", "avalanche_protector"}, v)
}

// Layer returns the level of a way over or under others, from -5 to 5 and 0
// for the ground: its layer tag, else 1 for a bridge and -1 for a tunnel.
func Layer(t Tags) int {
	if v := t["layer"]; v != "" {
		if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && f >= -20 && f <= 20 {
			return max(-5, min(5, int(f)))
		}
	}
	switch {
	case IsBridge(t):
		return 1
	case IsTunnel(t):
		return -1
	}
	return 0
}
