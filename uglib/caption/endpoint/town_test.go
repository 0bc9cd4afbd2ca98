package endpoint

import (
	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

var frame = geo.Frame{Origin: orb.Point{-75.55, 39.74}}

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

// town is two streets that cross at (50, 0), with places around.
func town() *city.City {
	return &city.City{
		Name: "town", Title: "Town, Delaware", Frame: frame,
		Nodes: []city.Node{
			{OSM: 1, Kind: city.Street, Name: "Market Street", Category: "major_road", Type: "primary", Geometry: line(-200, 0, 200, 0), Tags: map[string]string{"lanes": "4"}},
			{OSM: 2, Kind: city.Street, Name: "Oak Road", Category: "residential", Type: "residential", Geometry: line(50, -200, 50, 200)},
			{OSM: 3, Kind: city.Street, Type: "service", Geometry: line(-60, 0, -60, 90)},
			{OSM: 4, Kind: city.Crossing, Name: "Intersection of Market Street and Oak Road", Geometry: at(50, 0), Streets: []city.NodeID{0, 1}},
			{OSM: 5, Kind: city.Crossing, Name: "Intersection of Market Street and service", Geometry: at(-60, 0), Streets: []city.NodeID{0, 2}},
			{OSM: 6, Kind: city.POI, Name: "Joe's", Category: "food", Type: "restaurant", Geometry: at(25, 14)},
			{OSM: 7, Kind: city.POI, Name: "Spar", Category: "commercial", Type: "supermarket", Geometry: at(30, 60)},
			{OSM: 8, Kind: city.POI, Name: "Spar", Category: "commercial", Type: "supermarket", Geometry: at(60, 80)},
			{OSM: 9, Kind: city.Area, Name: "Rose Park", Category: "leisure", Type: "park", Geometry: box(-50, -60, -10, -20)},
			{OSM: 10, Kind: city.POI, Name: "Far Hall", Category: "culture", Type: "theatre", Geometry: at(60, 350)},
		},
		Edges: []city.Edge{
			{From: 0, To: 1, Type: city.Crosses, Via: 3, At: at(50, 0)},
			{From: 0, To: 2, Type: city.Crosses, Via: 4, At: at(-60, 0)},
			{From: 3, To: 0, Type: city.Nearest, Via: city.None, At: at(50, 0)},
			{From: 3, To: 1, Type: city.Nearest, Via: city.None, At: at(50, 0)},
			{From: 4, To: 3, Type: city.Along, Via: 0, Distance: 110, At: at(50, 0)},
			{From: 5, To: 0, Type: city.Nearest, Via: city.None, Distance: 14, At: at(25, 0)},
			{From: 6, To: 1, Type: city.Nearest, Via: city.None, Distance: 20, At: at(50, 60)},
			{From: 7, To: 1, Type: city.Nearest, Via: city.None, Distance: 10, At: at(50, 80)},
			{From: 8, To: 0, Type: city.Bounds, Via: city.None, Distance: 40, At: at(-30, 0)},
			{From: 9, To: 1, Type: city.Nearest, Via: city.None, Distance: 10, At: at(50, 200)},
		},
	}
}

func view() streetview.View {
	return streetview.View{ID: 700000000000001, Pos: at(0, 4), Heading: 90, HasHeading: true, Street: 0, Distance: 4, Origin: streetview.Photo}
}
