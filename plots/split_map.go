package plots

import (
	"fmt"
	"strings"

	"github.com/golang/geo/s2"

	"urbangraph/plots/carto"
	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/ugdata"
)

// splitOrder is the order of legends.
var splitOrder = []ugdata.Split{ugdata.Train, ugdata.Val, ugdata.Test, ugdata.HeldOut, ugdata.Buffer}

var splitNames = map[ugdata.Split]string{
	ugdata.Train: "Train", ugdata.Val: "Validation", ugdata.Test: "Test", ugdata.HeldOut: "Held out", ugdata.Buffer: "Buffer, left out",
}

// SplitMap returns a map of places coloured by split, with the spatial blocks
// that the splits are made of.
func SplitMap(c *city.City, places []ugdata.Place) *Map {
	m := BaseMap(c)
	m.scene.Title += ": splits by spatial blocks"
	points := map[ugdata.Split][]carto.Feature{}
	blocks := map[ugdata.Split][]carto.Feature{}
	drawn := map[uint64]bool{}
	total := 0
	for _, p := range places {
		if p.City != "" && c.Name != "" && p.City != c.Name {
			continue
		}
		total++
		points[p.Split] = append(points[p.Split], carto.Feature{Geometry: p.Pos,
			Name: fmt.Sprintf("Place %d", p.ID), Detail: strings.ToLower(splitNames[p.Split])})
		if p.Block != 0 && p.Split != ugdata.Buffer && !drawn[p.Block] && s2.CellID(p.Block).IsValid() {
			drawn[p.Block] = true
			blocks[p.Split] = append(blocks[p.Split], carto.Feature{Geometry: geo.CellPolygon(p.Block),
				Name: "Block " + s2.CellID(p.Block).ToToken(), Detail: strings.ToLower(splitNames[p.Split])})
		}
	}
	for _, s := range splitOrder {
		if len(blocks[s]) > 0 {
			m.Layer(carto.Layer{Group: "Blocks", Features: blocks[s],
				Style: carto.Style{Fill: alpha(splitColours[s], 0.16), Line: alpha(splitColours[s], 0.8), Width: 1.2}})
		}
	}
	var parts []string
	for i := len(splitOrder) - 1; i >= 0; i-- {
		s := splitOrder[i]
		if len(points[s]) == 0 {
			continue
		}
		m.Layer(carto.Layer{Group: "Places", Name: fmt.Sprintf("%s (%s)", splitNames[s], count(len(points[s]))), Features: points[s],
			Style: carto.Style{Fill: splitColours[s], Line: white, Width: 0.5, Radius: 2.8}})
		parts = append([]string{fmt.Sprintf("%s %s", count(len(points[s])), strings.ToLower(splitNames[s]))}, parts...)
	}
	m.scene.Subtitle = fmt.Sprintf("%s places: %s", count(total), strings.Join(parts, ", "))
	return m
}
