package ugdata

import (
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
)

// Node texts say the country, district and neighbourhood of the map, and of no
// other.
func TestNodeTextReferenceAdmin(t *testing.T) {
	square := func(side float64) orb.Polygon {
		return orb.Polygon{{{10 - side, 50 - side}, {10 + side, 50 - side}, {10 + side, 50 + side}, {10 - side, 50 + side}, {10 - side, 50 - side}}}
	}
	c := &city.City{
		Name: "admin", Country: "Elsewhere", Bound: orb.Bound{Min: orb.Point{9, 49}, Max: orb.Point{11, 51}}, Frame: geo.Frame{Origin: orb.Point{10, 50}},
		Nodes: []city.Node{
			{Kind: city.POI, Name: "Inner Cafe", Category: "food", Type: "cafe", Geometry: orb.Point{10, 50}, Tags: map[string]string{"addr:housenumber": "7", "historic": "yes"}},
			{Kind: city.Street, Name: "Outer Road", Category: "residential", Type: "residential", Geometry: orb.LineString{{10.5, 50}, {10.5, 50.2}}},
			{Kind: city.POI, Name: "Nowhere"},
		},
		Regions: []city.Region{
			{Name: "Gridland", Division: osm.Country, Level: 2, Geometry: square(1)},
			{Name: "North Ward", Division: osm.District, Level: 9, Geometry: square(0.2)},
			{Name: "Old Quarter", Division: osm.Neighbourhood, Level: 10, Geometry: square(0.1)},
		},
	}
	for _, x := range []struct{ got, want string }{
		{NodeTextReference(c, 0), "Name: Inner Cafe, ID: 0, Category: food, Address: nan, Planning area: Old Quarter, District: North Ward, Country: Gridland, , housenumber=7, historic=yes, Coordinates: (10.000000, 50.000000)"},
		{NodeTextReference(c, 1), "Name: Outer Road, ID: 1, Category: residential, Address: nan, Planning area: nan, District: nan, Country: Gridland, , Coordinates: (10.500000, 50.100000)"},
		{imageTextReference(c, 42, orb.Point{10.15, 50}), "Name: mapillary image, ID: 42, Category: nan, Address: nan, Planning area: nan, District: North Ward, Country: Gridland, , Coordinates: (10.150000, 50.000000)"},
	} {
		if x.got != x.want {
			t.Errorf("got  %s\nwant %s", x.got, x.want)
		}
	}
	c.Regions = nil
	bare := &city.City{Name: "bare", Country: "Elsewhere", Nodes: c.Nodes[2:]}
	if got, want := NodeTextReference(bare, 0), "Name: Nowhere, ID: 0, Category: nan, Address: nan, Planning area: nan, District: nan, Country: Elsewhere, , Coordinates: unavailable"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
