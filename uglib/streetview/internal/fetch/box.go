package fetch

import (
	"fmt"
	"math"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// Box is a part of the area that is searched.
type Box struct {
	Bound orb.Bound // degrees
	Path  string    // "column,row" of its tile, then a digit for each quarter on the way: "1510,7943.0.3"
}

// leastSide is the side of the smallest box that is split, in degrees (about
// 11 metres).
const leastSide = 1e-4

// Tiles cuts an area into squares of a side in degrees that lie on a grid of
// the whole Earth, so that the same square has the same path for every area.
// The squares at the rim are cut off by it. An area that crosses the 180th
// meridian goes on beyond 180; no square crosses it.
func Tiles(area orb.Bound, side float64) []Box {
	var boxes []Box
	col0, col1 := span(area.Min[0], area.Max[0], side)
	row0, row1 := span(area.Min[1], area.Max[1], side)
	for row := row0; row <= row1; row++ {
		for col := col0; col <= col1; col++ {
			b := orb.Bound{
				Min: orb.Point{max(area.Min[0], float64(col)*side), max(area.Min[1], float64(row)*side)},
				Max: orb.Point{min(area.Max[0], float64(col+1)*side), min(area.Max[1], float64(row+1)*side)},
			}
			if b.Max[0] > b.Min[0] && b.Max[1] > b.Min[1] {
				boxes = append(boxes, Box{b, fmt.Sprintf("%d,%d", col, row)})
			}
		}
	}
	return boxes
}

// span returns the first and the last square that a range touches.
func span(lo, hi, side float64) (int, int) {
	first, last := int(math.Floor(lo/side)), int(math.Ceil(hi/side))-1
	return first, max(first, last)
}

// CanSplit says whether the box is large enough to be split.
func (b Box) CanSplit() bool {
	return b.Bound.Max[0]-b.Bound.Min[0] > leastSide || b.Bound.Max[1]-b.Bound.Min[1] > leastSide
}

// Quarters returns the four parts of a box: south-west, south-east,
// north-west, north-east.
func (b Box) Quarters() [4]Box {
	mid := b.Bound.Center()
	lo, hi := b.Bound.Min, b.Bound.Max
	bounds := [4]orb.Bound{
		{Min: lo, Max: mid},
		{Min: orb.Point{mid[0], lo[1]}, Max: orb.Point{hi[0], mid[1]}},
		{Min: orb.Point{lo[0], mid[1]}, Max: orb.Point{mid[0], hi[1]}},
		{Min: mid, Max: hi},
	}
	var q [4]Box
	for i, part := range bounds {
		q[i] = Box{part, fmt.Sprintf("%s.%d", b.Path, i)}
	}
	return q
}

// Circle returns the smallest circle around the box. Its longitude is in -180
// to 180.
func (b Box) Circle() (centre orb.Point, radius geo.Metres) {
	centre = b.Bound.Center()
	for _, corner := range []orb.Point{b.Bound.Min, b.Bound.Max, b.Bound.LeftTop(), b.Bound.RightBottom()} {
		radius = max(radius, geo.Distance(centre, corner))
	}
	return geo.Unwrap(centre, 0), radius
}

// String prints west,south,east,north in degrees, -180 to 180.
func (b Box) String() string {
	if b.Bound.Min[0] >= 180 {
		b.Bound.Min[0] -= 360
		b.Bound.Max[0] -= 360
	}
	return geo.FormatBound(b.Bound)
}
