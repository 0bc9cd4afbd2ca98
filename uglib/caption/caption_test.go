package caption

import (
	"fmt"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

var frame = geo.Frame{Origin: orb.Point{-75.55, 39.74}}

// at is a point in metres east and north of the middle of the town.
func at(x, y float64) orb.Point { return frame.LonLat(orb.Point{x, y}) }

func line(xy ...float64) orb.LineString {
	var l orb.LineString
	for i := 0; i < len(xy); i += 2 {
		l = append(l, at(xy[i], xy[i+1]))
	}
	return l
}

func box(x0, y0, x1, y1 float64) orb.Polygon {
	return orb.Polygon{orb.Ring(line(x0, y0, x1, y0, x1, y1, x0, y1, x0, y0))}
}

// town is two streets that cross at (50, 0), with some things around:
// Market Street from west to east, Oak Road from south to north.
func town() *city.City {
	return &city.City{
		Name: "town", Title: "Town, Delaware", Frame: frame,
		Nodes: []city.Node{
			{OSM: 1, Kind: city.Street, Name: "Market Street", Category: "major_road", Type: "primary", Geometry: line(-200, 0, 200, 0), Tags: map[string]string{"lanes": "4"}},
			{OSM: 2, Kind: city.Street, Name: "Oak Road", Category: "residential", Type: "residential", Geometry: line(50, -200, 50, 200)},
			{OSM: 3, Kind: city.Street, Category: "service_road", Type: "service", Geometry: line(-60, 0, -60, 90)},
			{OSM: 4, Kind: city.Crossing, Name: "Intersection of Market Street and Oak Road", Type: "crossing", Geometry: at(50, 0), Streets: []city.NodeID{0, 1}},
			{OSM: 5, Kind: city.Crossing, Name: "Intersection of Market Street and service", Type: "crossing", Geometry: at(-60, 0), Streets: []city.NodeID{0, 2}},
			{OSM: 6, Kind: city.POI, Name: "Joe's", Category: "food", Type: "restaurant", Geometry: at(25, 14)},
			{OSM: 7, Kind: city.POI, Name: "Back Room", Category: "food", Type: "bar", Geometry: at(30, 60)},
			{OSM: 8, Kind: city.Area, Name: "Rose Park", Category: "leisure", Type: "park", Geometry: box(-50, -60, -10, -20)},
			{OSM: 9, Kind: city.POI, Name: "Millville", Category: "place", Type: "hamlet", Geometry: at(20, 5)},
		},
		Scenery: []city.Feature{
			{OSM: 20, Layer: "building", Tags: map[string]string{"building": "retail", "building:levels": "3"}, Geometry: box(15, 10, 45, 40)},
			{OSM: 21, Layer: "building", Tags: map[string]string{"building": "house"}, Geometry: box(20, -30, 30, -20)},
			{OSM: 22, Layer: "building", Tags: map[string]string{"building": "house"}, Geometry: box(34, -30, 44, -20)},
			{OSM: 25, Layer: "building", Tags: map[string]string{"building": "church"}, Geometry: box(24, 44, 40, 56)}, // behind the shop
			{OSM: 23, Layer: "signal", Geometry: at(55, 5)},
			{OSM: 8, Layer: "green", Tags: map[string]string{"leisure": "park"}, Geometry: box(-50, -60, -10, -20)},
			{OSM: 24, Layer: "parking", Tags: map[string]string{"amenity": "parking"}, Geometry: box(54, 10, 90, 40)},
		},
	}
}

func view(x, y float64, heading geo.Bearing) streetview.View {
	return streetview.View{Pos: at(x, y), Heading: heading, HasHeading: true, Street: city.None, Origin: streetview.Rendered}
}

func TestText(t *testing.T) {
	c := town()
	unknown := view(0, 0, 0)
	unknown.HasHeading = false
	for _, x := range []struct {
		name        string
		view        streetview.View
		text, names string
	}{
		{"along", view(0, 0, 90),
			"Facing east on Market Street, a four-lane primary road in a mixed-use area of Millville, Town. " +
				"A three-storey shop building on the left, houses on the right. " +
				"Ahead on the left, 30 m northeast: restaurant Joe's. Ahead, 50 m: crossing with Oak Road, traffic signals. " +
				"Ahead, 55 m: car park. Right, 20 m southwest: Rose Park.",
			"Market Street, Millville, Joe's, Oak Road, Rose Park."},
		{"back", view(0, 0, 270),
			"Facing west on Market Street, a four-lane primary road in a mixed-use area of Millville, Town. Open ground. " +
				"Ahead on the left, 30 m southwest: Rose Park. Ahead, 60 m: crossing with a service road. " +
				"Behind, 30 m northeast: restaurant Joe's. Behind, 50 m: crossing with Oak Road, traffic signals.",
			"Market Street, Millville, Rose Park, Joe's, Oak Road."},
		{"no heading", unknown,
			"Standing on Market Street, a four-lane primary road in a mixed-use area of Millville, Town. " +
				"20 m southwest: Rose Park. 30 m northeast: restaurant Joe's. " +
				"50 m east: crossing with Oak Road, traffic signals. 55 m east: car park.",
			"Market Street, Millville, Rose Park, Joe's, Oak Road."},
		{"in the park", view(-30, -40, 180),
			"Facing south near Market Street, a four-lane primary road in Rose Park, Town. Open ground. " +
				"Left, 75 m northeast: restaurant Joe's. Left, 90 m: crossing with Oak Road, traffic signals.",
			"Market Street, Rose Park, Joe's, Oak Road."},
		{"nowhere", view(5000, 5000, 0), "Facing north away from any street in Town. Open ground.", "Town."},
	} {
		got := Describe(c, x.view)
		if got.Text() != x.text {
			t.Errorf("%s:\n got %s\nwant %s", x.name, got.Text(), x.text)
		}
		if got.NamesOnly() != x.names {
			t.Errorf("%s: names %q, want %q", x.name, got.NamesOnly(), x.names)
		}
	}
}

// A place behind another building is not in sight; one in its own building is.
func TestHidden(t *testing.T) {
	x := Describe(town(), view(0, 0, 45))
	seen := map[string]bool{}
	for _, th := range x.Things {
		seen[th.Name] = th.Visible
	}
	if x.Left.Count+x.Middle.Count+x.Right.Count != 1 {
		t.Errorf("buildings in sight: %+v, %+v, %+v, want the shop alone", x.Left, x.Middle, x.Right)
	}
	if !seen["Joe's"] || seen["Back Room"] {
		t.Errorf("in sight: %v, want Joe's and not Back Room", seen)
	}
}

func TestThingsInOrder(t *testing.T) {
	x := Describe(town(), view(0, 0, 90))
	if !slices.IsSortedFunc(x.Things, func(a, b Thing) int { return int(a.Distance) - int(b.Distance) }) {
		t.Errorf("things are not in order of distance: %+v", x.Things)
	}
	for range 5 {
		if again := Describe(town(), view(0, 0, 90)); again.Text() != x.Text() {
			t.Fatalf("the same view reads %q and %q", x.Text(), again.Text())
		}
	}
}

func TestWords(t *testing.T) {
	for _, x := range []struct{ got, want string }{
		{StreetClass("primary"), "primary road"},
		{StreetClass("motorway_link"), "motorway ramp"},
		{StreetClass("secondary_link"), "secondary link road"},
		{StreetClass("corridor"), "corridor way"},
		{PlaceName(&city.Node{Type: "fast_food", Category: "food", Name: "X"}), "fast food X"},
		{PlaceName(&city.Node{Type: "school", Category: "education"}), "education school"},
		{PlaceName(&city.Node{Type: "place_of_worship", Category: "amenity", Name: "St. Mary"}), "place of worship St. Mary"},
		{PlaceName(&city.Node{}), "place"},
		{ground("green", map[string]string{"natural": "wood"}), "wood"},
		{ground("water", map[string]string{"waterway": "river"}), "river"},
		{ground("bench", nil), ""},
		{buildingWord("yes", 100), "small building"},
		{buildingWord("yes", 5000), "large building"},
		{sentence("commercial shop Acme Co."), "commercial shop Acme Co."},
	} {
		if x.got != x.want {
			t.Errorf("got %q, want %q", x.got, x.want)
		}
	}
	for tag, want := range map[string]int{"3": 3, "2.5": 3, "0": 0, "many": 0, "400": 0} {
		if got := storeys(map[string]string{"building:levels": tag}); got != want {
			t.Errorf("building:levels=%s is %d storeys, want %d", tag, got, want)
		}
	}
	if got := storeys(map[string]string{"height": "9.6 m"}); got != 3 {
		t.Errorf("9.6 m is %d storeys, want 3", got)
	}
}

func ExampleDescribe() {
	v := streetview.View{Pos: at(-100, 0), Heading: 90, HasHeading: true, Street: 0}
	fmt.Println(Describe(town(), v).Text())
	// Output:
	// Facing east on Market Street, a four-lane primary road in Town. Ahead, 40 m: crossing with a service road. Ahead on the right, 55 m east: Rose Park.
}

func ExampleContext_Full() {
	v := streetview.View{Pos: at(0, 0), Heading: 90, HasHeading: true, Street: 0}
	fmt.Println(Describe(town(), v).Full(Options{Units: Imperial}))
	// Output:
	// The camera looks east along Market Street, a primary road with four lanes, in a mixed-use area of Millville, Town. A three-storey shop building stands on the left and houses on the right. Ahead on the left is the restaurant Joe's, 90 ft away to the northeast. Straight ahead is a car park, 180 ft away to the east. Ahead, the street meets Oak Road (160 ft, traffic signals). Out of view are Rose Park, 70 ft to the southwest; and the bar Back Room, 220 ft to the northeast.
}
