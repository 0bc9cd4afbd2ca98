package streetview

import (
	"fmt"
	"sync"
	"time"

	"github.com/paulmach/orb"
	"github.com/proway2/go-igrf/igrf"

	"urbangraph/uglib/geo"
)

// Years of the International Geomagnetic Reference Field, 14th generation.
const (
	firstYear   = 1900
	lastYear    = 2029.99
	undatedYear = 2020 // where the time is not known; declination changes by about 0.1 degrees a year
)

var field = sync.OnceValue(igrf.New)

// TrueNorth brings a heading from magnetic north to true north: it adds the
// declination at a place and time by the International Geomagnetic Reference
// Field (IGRF-14, 1900 to 2029; a time outside of it counts as its nearest end,
// and none as the beginning of 2020). The model is good to about half a degree
// but near the magnetic poles; compasses of phones are worse.
func TrueNorth(magnetic geo.Bearing, pos orb.Point, at time.Time) (geo.Bearing, error) {
	year := float64(undatedYear)
	if !at.IsZero() {
		at = at.UTC()
		year = float64(at.Year()) + float64(at.YearDay()-1)/366
	}
	year = min(max(year, firstYear), lastYear)
	lon := pos[0]
	for lon > 180 {
		lon -= 360
	}
	for lon < -180 {
		lon += 360
	}
	r, err := field().IGRF(pos[1], lon, 0, year)
	if err != nil {
		return 0, fmt.Errorf("magnetic declination at %v, %v in %.1f: %w", pos[0], pos[1], year, err)
	}
	return geo.NormalBearing(float64(magnetic) + r.Declination), nil
}
