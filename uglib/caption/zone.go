package caption

import (
	"slices"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview"
)

// zones say what a landuse makes of an area.
var zones = map[string]string{
	"residential": "residential area", "commercial": "commercial area", "retail": "shopping area", "industrial": "industrial area",
	"education": "campus", "institutional": "institutional area", "port": "port area", "railway": "railway area", "military": "military area",
	"quarry": "quarry", "construction": "construction site", "farmyard": "farmyard", "garages": "garage yard",
}

// zoneOf says what kind of area a view stands in: by the smallest landuse area
// around it, else by the mix of buildings, places and streets within 120 m. It is
// empty where there is too little to tell.
func zoneOf(c *city.City, v streetview.View, street city.NodeID, scenery []*city.Feature) string {
	best, size := "", 0.0
	for _, f := range scenery {
		if f.Layer != "landuse" || !contains(f.Geometry, v.Pos) {
			continue
		}
		if a := planar.Area(f.Geometry); best == "" || a < size {
			best, size = zones[f.Tags["landuse"]], a
		}
	}
	switch m := mix(c, v, street, scenery); {
	case best == "":
		return m
	case best == zones["residential"] && m != "": // which many a map has all over the town
		return m
	}
	return best
}

func contains(g orb.Geometry, p orb.Point) bool {
	switch g := g.(type) {
	case orb.Polygon:
		return planar.PolygonContains(g, p)
	case orb.MultiPolygon:
		return planar.MultiPolygonContains(g, p)
	}
	return false
}

// Weights of what speaks for a kind of area. They are chosen by eye on maps of
// Delaware and Andorra.
const (
	leastMix    = 4.0  // in all, for a word
	mostShare   = 0.6  // of one kind, for that kind
	mixedShare  = 0.25 // of each of two kinds, for a mixture
	ownStreet   = 4.0
	otherStreet = 1.0
	mostStreets = 4.0
	place       = 1.5
	house       = 1.0
)

// mix weighs what stands around a view.
func mix(c *city.City, v streetview.View, street city.NodeID, scenery []*city.Feature) string {
	var homes, business, industry, civic, streets float64
	for _, f := range scenery {
		if f.Layer != "building" {
			continue
		}
		switch buildingWords[f.Tags["building"]] {
		case "house", "apartment building", "dormitory":
			homes += house
		case "shop building", "office building", "hotel":
			business += 2 * house
		case "hall":
			industry += 2 * house
		case "school building", "hospital", "public building", "church", "mosque", "synagogue", "temple":
			civic += house
		}
	}
	for _, id := range c.Within(v.Pos, crossingReach) {
		n := &c.Nodes[id]
		switch n.Kind {
		case city.Street:
			if n.Type != "residential" && n.Type != "living_street" {
				continue
			}
			if id == street {
				homes += ownStreet
			} else {
				streets += otherStreet
			}
		case city.POI, city.Area:
			switch n.Category {
			case "commercial", "food", "financial", "business", "accommodation":
				business += place
			case "craft":
				industry += place
			case "education", "healthcare", "government", "culture", "community", "emergency", "diplomatic":
				civic += place
			}
			switch {
			case n.Type == "industrial" && n.Kind == city.Area:
				industry += 2 * place
			case (n.Type == "residential" || n.Type == "apartments") && n.Kind == city.Area:
				homes += 2 * place
			}
		}
	}
	homes += min(streets, mostStreets)
	all := homes + business + industry + civic
	switch {
	case all < leastMix:
		return ""
	case homes >= mostShare*all:
		return "residential area"
	case business >= mostShare*all:
		return "commercial area"
	case industry >= mostShare*all:
		return "industrial area"
	case homes+business >= (mostShare+mixedShare)*all && min(homes, business) >= mixedShare*all:
		return "mixed-use area"
	}
	return ""
}

// parkland reports whether an area is one that a camera is in rather than at.
func parkland(n *city.Node) bool {
	switch n.Category {
	case "leisure":
		return slices.Contains([]string{"park", "garden", "nature_reserve", "common", "recreation_ground", "golf_course", "dog_park", "playground"}, n.Type)
	case "natural":
		return slices.Contains([]string{"wood", "grassland", "scrub", "heath", "wetland", "fell", "beach"}, n.Type)
	case "funeral":
		return true
	case "tourism":
		return n.Type == "zoo" || n.Type == "theme_park"
	case "education":
		return n.Type == "university" || n.Type == "college"
	case "other":
		return slices.Contains([]string{"forest", "meadow", "grass", "farmland", "farm", "orchard", "vineyard", "allotments", "recreation_ground", "village_green"}, n.Type)
	}
	return false
}

// quarters are the places that give a name to the area around them.
var quarters = []string{"neighbourhood", "quarter", "hamlet", "suburb", "city_block", "isolated_dwelling"}

// place finds where a view is: in which town, quarter, park or wood. What the
// head of a text tells of so is no thing any more.
func (x *Context) place(c *city.City, v streetview.View) {
	x.Admin = c.AdminAt(v.Pos)
	for _, field := range []*string{
		&x.Admin.Country, &x.Admin.State, &x.Admin.County, &x.Admin.City, &x.Admin.District, &x.Admin.Neighbourhood,
	} {
		*field = tidy(*field)
	}
	if x.Town = x.Admin.City; x.Town == "" {
		x.Town, _, _ = strings.Cut(c.Title, ",")
	}
	if x.Town = tidy(x.Town); x.Town == "" {
		x.Town = c.Name
	}
	x.Things = slices.DeleteFunc(x.Things, func(t Thing) bool {
		if t.Node == city.None || t.Name == "" {
			return false
		}
		if n := &c.Nodes[t.Node]; n.Category == "place" && slices.Contains(quarters, n.Type) {
			if x.Admin.Neighbourhood == "" && t.Name != x.Town {
				x.Admin.Neighbourhood = t.Name
			}
			return true
		}
		return t.Name == x.Town || t.Name == x.Admin.Neighbourhood || t.Name == x.Admin.District
	})
	if x.Setting.Tunnel || x.Setting.Bridge {
		x.Things = slices.DeleteFunc(x.Things, func(t Thing) bool { return t.Side == Here && t.green })
		return
	}
	in := -1
	for i, t := range x.Things {
		if t.Side == Here && t.green && (in < 0 || x.Things[in].Name == "" && t.Name != "") {
			in = i
		}
	}
	if in < 0 {
		return
	}
	x.Inside = x.Things[in]
	x.Things = slices.DeleteFunc(x.Things, func(t Thing) bool {
		return t.Side == Here && t.green && (t.Name == "" || t.Name == x.Inside.Name)
	})
}
