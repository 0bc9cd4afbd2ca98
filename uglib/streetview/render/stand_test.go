package render

import (
	"math"
	"testing"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

func TestStands(t *testing.T) {
	c, w := villageWorld(t)
	stands := w.Stands(c.Bound, 60, 1)
	if len(stands) != 60 {
		t.Fatalf("%d stands, want 60", len(stands))
	}
	for i, s := range stands {
		n := &c.Nodes[s.Street]
		if n.Kind != city.Street {
			t.Fatalf("stand %d is on node %d, a %v", i, s.Street, n.Kind)
		}
		if n.Type == "footway" || n.Type == "service" {
			t.Errorf("stand %d is on a %s", i, n.Type)
		}
		look, lanes := roadOf(n.Type, n.Tags)
		if _, d := c.DistanceTo(s.Street, s.Pos); float64(d) > widthOf(look, lanes, n.Tags)/2 {
			t.Errorf("stand %d is %v from the middle of %s, off the carriageway", i, d, n.Name)
		}
		if !c.Bound.Contains(s.Pos) {
			t.Errorf("stand %d at %v is out of the bound", i, s.Pos)
		}
		for j, o := range stands[:i] {
			// Stands are at least 12 m apart in the middle of the street, so less by two half widths in their lanes.
			if d := geo.Distance(s.Pos, o.Pos); d < 4 {
				t.Errorf("stands %d and %d are %v apart", j, i, d)
			}
		}
	}
	fewer := w.Stands(c.Bound, 20, 1)
	again := New(c).Stands(c.Bound, 20, 1)
	for i := range fewer {
		if fewer[i] != again[i] {
			t.Errorf("stand %d is %+v of one world and %+v of another of the same city", i, fewer[i], again[i])
		}
	}
	if other := w.Stands(c.Bound, 20, 2); other[0] == fewer[0] && other[1] == fewer[1] {
		t.Error("another seed gives the same stands")
	}
	all := w.Stands(c.Bound, 100000, 1)
	if len(all) >= 1000 || len(all) < 60 {
		t.Errorf("a village has room for %d stands", len(all))
	}
	// A bound along the middle of a street cuts one of its lanes off.
	north := c.Bound
	north.Min[1] = at(0, -0.5)[1]
	for _, s := range w.Stands(north, 1000, 1) {
		if !north.Contains(s.Pos) {
			t.Errorf("a stand at %v is south of the bound", s.Pos)
		}
	}
}

// TestStandsKeepRight checks the lane, and that it is the left one where
// traffic keeps left.
func TestStandsKeepRight(t *testing.T) {
	c, err := village()
	if err != nil {
		t.Fatal(err)
	}
	for _, country := range []string{"Andorra", "Ireland"} {
		there := &city.City{Name: c.Name, Country: country, Bound: c.Bound, Frame: c.Frame, Nodes: c.Nodes, Scenery: c.Scenery}
		checked := 0
		for _, s := range New(there).Stands(c.Bound, 60, 3) {
			foot, d := c.DistanceTo(s.Street, s.Pos)
			if d < 1 {
				continue
			}
			turn := s.Heading.Diff(geo.BearingTo(s.Pos, foot)) // to the middle of the street
			if math.Abs(math.Abs(turn)-90) > 20 {
				continue // looks to the side
			}
			checked++
			if (turn > 0) != (country == "Ireland") {
				t.Errorf("%s: the middle of the street lies %.0f degrees from where the camera looks", country, turn)
			}
		}
		if checked < 10 {
			t.Errorf("%s: %d stands checked, want at least 10", country, checked)
		}
	}
}
