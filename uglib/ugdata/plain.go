package ugdata

import (
	"fmt"
	"math"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/caption"
	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// leastLeg is the length below which a leg of a walk is not spoken of.
const leastLeg geo.Metres = 5

// plainWalk says a walk in natural language:
//
//	From Elm Lane go 90 m east to Oak Road, 140 m south, then 15 m west to
//	education library City Library.
func plainWalk(c *city.City, walk []hop) string {
	var b strings.Builder
	b.WriteString("From " + street(c, walk[0].to) + " go ")
	at := walk[0].edge.At
	var legs []string
	move := func(to orb.Point) string {
		d := geo.Distance(at, to)
		dir := geo.BearingTo(at, to)
		at = to
		if d < leastLeg {
			return ""
		}
		return spoken(d) + " " + dir.Word8()
	}
	for i, h := range walk[1:] {
		last := i+2 == len(walk)
		if h.edge.Type == city.Continues { // the street goes on; so does the leg
			continue
		}
		leg := move(h.record(c))
		n := &c.Nodes[h.to]
		switch {
		case last:
			if leg != "" {
				legs = append(legs, leg)
			}
			own := move(c.Centroid(h.to))
			if own != "" {
				own += " "
			}
			legs = append(legs, own+"to "+caption.PlaceName(n))
		case n.Kind == city.Crossing:
			if leg != "" {
				legs = append(legs, leg)
			}
		default:
			if leg != "" {
				leg += " "
			}
			to := street(c, h.to)
			if n.Kind != city.Street {
				to = caption.PlaceName(n)
			}
			legs = append(legs, leg+"to "+to)
		}
	}
	for i, leg := range legs {
		switch {
		case i == 0:
		case i+1 == len(legs):
			b.WriteString(", then ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(leg)
	}
	return strings.TrimSuffix(b.String(), ".") + "."
}

// street names a street, or says what it is where it has no name.
func street(c *city.City, id city.NodeID) string {
	n := &c.Nodes[id]
	if n.Kind == city.Street && n.Name == "" {
		return "the " + caption.StreetClass(n.Type)
	}
	return c.DisplayName(id)
}

// spoken rounds a distance to 5 m below 100 m, else to 10 m.
func spoken(d geo.Metres) string {
	step := 10.0
	if d < 100 {
		step = 5
	}
	return fmt.Sprintf("%.0f m", math.Round(float64(d)/step)*step)
}
