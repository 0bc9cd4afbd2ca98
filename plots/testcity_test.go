package plots

import (
	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// town is a small city: two streets that cross, a footway, a park, a café with
// a hostile name, and some scenery.
func town() *city.City {
	f := geo.Frame{Origin: orb.Point{-75.55, 39.745}}
	at := func(x, y float64) orb.Point { return f.LonLat(orb.Point{x, y}) }
	square := func(x, y, r float64) orb.Polygon {
		return orb.Polygon{{at(x-r, y-r), at(x+r, y-r), at(x+r, y+r), at(x-r, y+r), at(x-r, y-r)}}
	}
	return &city.City{
		Name: "town", Title: "Elm Town", Credit: "© OpenStreetMap contributors (ODbL)",
		Bound: orb.Bound{Min: at(-300, -200), Max: at(300, 200)}, Frame: f,
		Nodes: []city.Node{
			{OSM: 1, Kind: city.Street, Name: "Elm Lane", Type: "residential", Category: "residential", Geometry: orb.LineString{at(-280, 0), at(0, 0), at(280, 20)}},
			{OSM: 2, Kind: city.Street, Name: "Main Street", Type: "primary", Category: "major_road", Geometry: orb.LineString{at(0, -190), at(0, 0), at(10, 190)}},
			{OSM: 3, Kind: city.Street, Type: "footway", Category: "pedestrian", Geometry: orb.LineString{at(-200, -150), at(-40, -60)}},
			{OSM: 4, Kind: city.Crossing, Name: "Intersection of Elm Lane and Main Street", Geometry: at(0, 0), Streets: []city.NodeID{0, 1}},
			{OSM: 5, Kind: city.POI, Name: `<b onclick="x()">Café & Co</b>`, Type: "cafe", Category: "food", Geometry: at(80, -30)},
			{OSM: 6, Kind: city.POI, Type: "bench", Category: "amenity", Geometry: at(-120, 30)},
			{OSM: 7, Kind: city.Area, Name: "Elm Park", Type: "park", Category: "leisure", Tags: map[string]string{"leisure": "park"}, Geometry: square(-150, 100, 60)},
		},
		Edges: []city.Edge{
			{From: 4, To: 0, Type: city.Nearest, Via: city.None, Distance: 34, At: at(80, 6)},
			{From: 0, To: 1, Type: city.Crosses, Via: 3, At: at(0, 0)},
			{From: 6, To: 0, Type: city.Bounds, Via: city.None, Distance: 40},
		},
		Scenery: []city.Feature{
			{Layer: "building", Geometry: square(90, 80, 30)},
			{Layer: "water", Geometry: orb.MultiPolygon{square(200, -120, 50)}},
			{Layer: "tree", Geometry: at(-150, 100)},
		},
	}
}

func townViews() *streetview.Set {
	c := town()
	line := c.Nodes[0].Geometry.(orb.LineString)
	return &streetview.Set{Dir: "views", Views: []streetview.View{
		{ID: 100000000000001, Origin: streetview.Rendered, Pos: line[0], Heading: 90, Street: 0, Distance: 1.5},
		{ID: 100000000000002, Origin: streetview.Rendered, Pos: line[1], Heading: 270, Street: city.None},
	}}
}

func townPlace() ugdata.Place {
	c := town()
	return ugdata.Place{
		ID: 100000000000001, City: "town", Split: ugdata.Train, Block: 0x89c6fd0000000000, Pos: c.Nodes[0].Geometry.(orb.LineString)[0], Heading: 90,
		Origin: streetview.Rendered, Caption: "A residential street, <Elm Lane>.",
		Graph: ugdata.Subgraph{Nodes: []city.NodeID{city.None, 0, 1, 3, 4, 6}, Edges: []ugdata.SubEdge{
			{From: 0, To: 1, Type: city.Nearest, Distance: 1}, {From: 1, To: 2, Type: city.Crosses}, {From: 4, To: 1, Type: city.Nearest, Distance: 34, Bearing: 350},
			{From: 5, To: 1, Type: city.Bounds}, {From: 9, To: 1, Type: city.Along},
		}},
		Paths: []ugdata.Path{{Text: "image > Elm Lane > Café", Plain: "Walk along Elm Lane.", Destination: 4, Hops: 2, Length: 368, Nodes: []city.NodeID{0, 4}}},
	}
}
