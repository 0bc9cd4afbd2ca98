package caption

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/streetview"
)

// Setting is how a street lies where a view is.
type Setting struct {
	Bridge     bool
	Over       string // what the bridge crosses: "Brandywine Creek", "the railway", "North Market Street"; empty if unknown
	Tunnel     bool
	Passage    bool   // the street runs through a building
	Under      string // the street whose bridge is overhead; empty if none is
	Roundabout bool
	Slope      Slope
}

// Slope is the slope of a street in the direction of the view.
type Slope uint8

const (
	Level    Slope = iota // or unknown
	Uphill                // in the direction of the view
	Downhill              //
	Sloping               // across the view, or the heading is not known
)

// overheadReach is how far from a view a bridge, or what it crosses, may be.
const overheadReach geo.Metres = 25

// settingOf reads the tags of a street and looks for what it crosses.
func settingOf(c *city.City, v streetview.View, street city.NodeID) Setting {
	if street == city.None {
		return Setting{}
	}
	n := &c.Nodes[street]
	s := Setting{
		Tunnel:     n.Tunnel(),
		Passage:    n.Tags["tunnel"] == "building_passage",
		Bridge:     n.Bridge(),
		Roundabout: n.Tags["junction"] == "roundabout" || n.Tags["junction"] == "circular",
		Slope:      slope(c, v, street),
	}
	if s.Tunnel {
		s.Bridge = false
		return s
	}
	if s.Bridge {
		s.Over = under(c, v, street)
		return s
	}
	for _, id := range c.Within(v.Pos, overheadReach) {
		o := &c.Nodes[id]
		if o.Kind == city.Street && id != street && o.Bridge() && o.Layer() > n.Layer() && o.Name != "" && o.Name != n.Name {
			s.Under = tidy(o.Name)
			break
		}
	}
	return s
}

// under says what a bridge crosses near a view: water before rails before
// streets, and of waters one with a name.
func under(c *city.City, v streetview.View, street city.NodeID) string {
	water, rail, name := "", "", ""
	for _, f := range c.SceneryWithin(v.Pos, overheadReach) {
		switch {
		case f.Layer == "rail":
			rail = "the railway"
		case f.Layer == "water" && name == "":
			water, name = article(ground("water", f.Tags)), tidy(f.Tags["name"])
		}
	}
	near := c.Within(v.Pos, overheadReach)
	for _, id := range near {
		if n := &c.Nodes[id]; n.Kind == city.Area && name == "" && slices.Contains([]string{"water", "river", "riverbank"}, n.Type) {
			name = tidy(n.Name)
		}
	}
	if found := cmp.Or(name, water, rail); found != "" {
		return found
	}
	self := &c.Nodes[street]
	best, rank := "", math.MaxInt
	for _, id := range near {
		n := &c.Nodes[id]
		if n.Kind != city.Street || id == street || n.Layer() >= self.Layer() || n.Name == self.Name && n.Name != "" || osm.Rank(n.Type) >= rank {
			continue
		}
		best, rank = cmp.Or(tidy(n.Name), article(StreetClass(n.Type))), osm.Rank(n.Type)
	}
	return best
}

// axis returns the direction of a street where a view is: that of its way.
func axis(c *city.City, v streetview.View, street city.NodeID) geo.Bearing {
	line, ok := c.Nodes[street].Geometry.(orb.LineString)
	if !ok || len(line) < 2 {
		return v.Heading
	}
	foot, _ := c.DistanceTo(street, v.Pos)
	best, at := math.Inf(1), 1
	for i := 1; i < len(line); i++ {
		d := float64(geo.Distance(line[i-1], foot) + geo.Distance(foot, line[i]) - geo.Distance(line[i-1], line[i]))
		if d < best {
			best, at = d, i
		}
	}
	return geo.BearingTo(line[at-1], line[at])
}

// slope reads the tag incline: "up", "down", or a number of percent or degrees
// in the direction of the way.
func slope(c *city.City, v streetview.View, street city.NodeID) Slope {
	tag := strings.TrimSpace(c.Nodes[street].Tags["incline"])
	up := 0.0
	switch tag {
	case "":
		return Level
	case "up", "yes":
		up = 1
	case "down":
		up = -1
	default:
		number := strings.TrimSpace(strings.TrimRight(tag, "%° "))
		value, err := strconv.ParseFloat(number, 64)
		if err != nil || math.IsNaN(value) || math.Abs(value) < 3 { // nothing that one sees
			return Level
		}
		up = value
	}
	if tag == "yes" || !v.HasHeading {
		return Sloping
	}
	switch off := math.Abs(axis(c, v, street).Diff(v.Heading)); {
	case off < 60 && up > 0, off > 120 && up < 0:
		return Uphill
	case off < 60 || off > 120:
		return Downhill
	}
	return Sloping
}
