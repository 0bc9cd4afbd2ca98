package geo

import (
	"math"

	"github.com/golang/geo/s2"
	"github.com/paulmach/orb"
)

// MaxCellLevel is the finest level of S2 cells, about a centimetre across.
const MaxCellLevel = 30

// Cell returns the id of the S2 cell of a level (0 to [MaxCellLevel], others
// are brought into that range) that holds p. Level 18, which the UGE reference
// uses, is 30 to 40 m across; level 14 is about 500 m.
func Cell(p orb.Point, level int) uint64 {
	return uint64(s2.CellIDFromLatLng(s2.LatLngFromDegrees(p[1], p[0])).Parent(min(max(level, 0), MaxCellLevel)))
}

// CellCentre returns the middle of an S2 cell.
func CellCentre(id uint64) orb.Point {
	ll := s2.CellID(id).LatLng()
	return orb.Point{ll.Lng.Degrees(), ll.Lat.Degrees()}
}

// CellPolygon returns the outline of an S2 cell, counterclockwise and closed.
func CellPolygon(id uint64) orb.Polygon {
	cell := s2.CellFromCellID(s2.CellID(id))
	ring := make(orb.Ring, 0, 5)
	for i := range 4 {
		ll := s2.LatLngFromPoint(cell.Vertex(i))
		ring = append(ring, orb.Point{ll.Lng.Degrees(), ll.Lat.Degrees()})
	}
	return orb.Polygon{append(ring, ring[0])}
}

// CellWidth returns the width of the S2 cells of a level, as the square root
// of their mean area.
func CellWidth(level int) Metres {
	return Metres(math.Sqrt(s2.AvgAreaMetric.Value(min(max(level, 0), MaxCellLevel)))) * EarthRadius
}
