package ugdata

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/caption"
	"urbangraph/uglib/city"
)

// imageText is the node text of an image.
const imageText = "street view image"

// NodeText is the text of a node for the graph encoder: its kind, class and
// name, such as "street primary road North Market Street" or "place food
// restaurant Joe's". It leaves out what the node text of the UGE reference also
// holds (see [NodeTextReference]): ids and coordinates, which say nothing about
// another city and let a model match digits instead of places, and empty
// fields. city.None is the image.
func NodeText(c *city.City, id city.NodeID) string {
	if id == city.None {
		return imageText
	}
	n := &c.Nodes[id]
	switch n.Kind {
	case city.Street:
		return strings.TrimSpace("street " + caption.StreetClass(n.Type) + " " + n.Name)
	case city.Crossing:
		return "crossing " + strings.TrimPrefix(n.Name, "Intersection of ")
	case city.Area:
		return "area " + caption.PlaceName(n)
	}
	return "place " + caption.PlaceName(n)
}

// NodeTextReference is the text of a node in the layout of the UGE reference
// (graph file format), blanks and double commas included, with the labels that
// it has for all cities but New York: "Planning area" is the neighbourhood and
// "District" the district by the extract's own borders, the country is that
// which they lie in (the reference writes Singapore for most cities). Missing
// values read "nan", as there.
func NodeTextReference(c *city.City, id city.NodeID) string {
	n := &c.Nodes[id]
	var extra strings.Builder
	for _, f := range []struct{ label, key string }{
		{"city", "addr:city"}, {"street", "addr:street"}, {"housenumber", "addr:housenumber"}, {"postcode", "addr:postcode"},
		{"building use", "building:use"}, {"historic district", "historic:district"}, {"building", "building"}, {"historic", "historic"}, {"architect", "architect"},
	} {
		if v := n.Tags[f.key]; v != "" {
			fmt.Fprintf(&extra, ", %s=%s", f.label, v)
		}
	}
	where := "unavailable"
	if n.Geometry != nil {
		where = coordinates(c.Centroid(id))
	}
	return layout(c, c.AdminOf(id), c.DisplayName(id), int64(id), n.Category, n.Address, extra.String(), where)
}

// imageTextReference is that of an image.
func imageTextReference(c *city.City, id int64, pos orb.Point) string {
	return layout(c, c.AdminAt(pos), "mapillary image", id, "", "", "", coordinates(pos))
}

func coordinates(at orb.Point) string { return fmt.Sprintf("(%.6f, %.6f)", at[0], at[1]) }

func layout(c *city.City, admin city.Admin, name string, id int64, category, address, extra, where string) string {
	or := func(s string) string {
		if s == "" {
			return "nan"
		}
		return s
	}
	return fmt.Sprintf("Name: %s, ID: %d, Category: %s, Address: %s, Planning area: %s, District: %s, Country: %s, %s, Coordinates: %s",
		or(name), id, or(category), or(address), or(admin.Neighbourhood), or(admin.District), or(cmp.Or(admin.Country, c.Country)), extra, where)
}
