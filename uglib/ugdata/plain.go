package ugdata

import (
	"fmt"
	"math"
	"strings"

	"urbangraph/uglib/caption"
	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// leastLeg is the length below which a leg of a walk is not spoken of.
const leastLeg geo.Metres = 5

// say says a walk in natural language:
//
//	From Elm Lane go right 95 m east, turn right onto Oak Road, 140 m south,
//	then 15 m east to education library City Library on the left.
//
// The first direction is told relative to the camera where its heading is
// known, turns and sides relative to the walk.
func (v *voice) say(c *city.City, view streetview.View, walk []hop) string {
	all := stages(c, walk)
	end := all[len(all)-1]
	place := target(c, end.on)
	var b strings.Builder
	facing, known := view.Heading, view.HasHeading
	started := false
	for _, s := range all {
		w := words{leg: s.leg(), place: place}
		name := "leg"
		switch s.kind {
		case along:
			w.street = s.name
			switch {
			case !started:
				name = "start"
				if known && w.leg != "" {
					w.way, w.hand = side(facing, s.out)
				}
			case !known || w.leg == "":
				name = "onto"
			default:
				w.turn = turn(facing, s.out)
				name = "turn"
				if w.turn == "" {
					name = "on"
				}
			}
			started = true
		case upTo, across:
			w.place = target(c, s.on)
			name = "to"
			if s.kind == across {
				name = "through"
			}
		case fromTo:
			if w.leg == "" {
				continue
			}
		case arrival:
			name = "end"
			if known && c.Nodes[s.on].Kind != city.Street && s.metres >= 1 {
				w.side = onSide(facing, s.out)
			}
			if w.leg == "" && w.side == "" {
				name = "arrive"
			}
		}
		b.WriteString(fill((*v)[name], &w))
		if s.metres >= 1 && s.kind != arrival {
			facing, known = s.in, true
		}
	}
	return strings.TrimSuffix(b.String(), ".") + "."
}

// leg says how far and in which direction a stage leads; nothing where it is
// short.
func (s *stage) leg() string {
	if s.metres < leastLeg {
		return ""
	}
	return spoken(s.metres) + " " + geo.BearingTo(s.from, s.to).Word8()
}

// Angles, in degrees, up to which a direction is straight on or slightly to
// one side, and from which it is back.
const (
	straightOn = 30
	slightly   = 60
	turnedBack = 150
)

// turn says which way a walker turns; nothing where the way is straight on.
func turn(from, to geo.Bearing) string {
	d := from.Diff(to)
	hand := "right"
	if d < 0 {
		hand = "left"
	}
	switch a := math.Abs(d); {
	case a < straightOn:
		return ""
	case a < slightly:
		return "slightly " + hand
	case a < turnedBack:
		return hand
	}
	return "back"
}

// side says where a direction lies for one who looks in another.
func side(facing, to geo.Bearing) (way, hand string) {
	switch d := facing.Diff(to); {
	case math.Abs(d) <= 45:
		return "ahead", "straight ahead"
	case math.Abs(d) >= 135:
		return "back", "behind you"
	case d < 0:
		return "left", "to the left"
	}
	return "right", "to the right"
}

// onSide says on which side of a walk a destination lies; nothing where it is
// ahead or behind.
func onSide(facing, to geo.Bearing) string {
	d := facing.Diff(to)
	switch a := math.Abs(d); {
	case a < straightOn || a > turnedBack:
		return ""
	case d < 0:
		return "on the left"
	}
	return "on the right"
}

// street names a street, or says what it is where it has no name.
func street(c *city.City, id city.NodeID) string {
	n := &c.Nodes[id]
	if n.Kind == city.Street && n.Name == "" {
		return "the " + caption.StreetClass(n.Type)
	}
	return caption.Tidy(c.DisplayName(id))
}

// target names a destination or a place on the way.
func target(c *city.City, id city.NodeID) string {
	n := &c.Nodes[id]
	switch n.Kind {
	case city.Street:
		return street(c, id)
	case city.Crossing:
		if rest, ok := strings.CutPrefix(n.Name, "Intersection of "); ok {
			return "the intersection of " + rest
		}
		return "the intersection " + n.Name
	}
	return caption.Called(n)
}

// spoken rounds a distance as people say it: to 5 m below 100 m, to 10 m below
// 300 m, to 50 m below a kilometre, then to a tenth of one.
func spoken(d geo.Metres) string {
	step := 5.0
	switch {
	case d >= 975:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(d)/1000), ".0") + " km"
	case d >= 297.5:
		step = 50
	case d >= 97.5:
		step = 10
	}
	return fmt.Sprintf("%.0f m", math.Round(float64(d)/step)*step)
}
