package streetview

import (
	"math"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// TestTrueNorth compares with the declinations of the World Magnetic Model's
// test values for 2020.0 at height 0 (NOAA technical report of WMM2020, table
// of test values), a model of its own for the same field.
func TestTrueNorth(t *testing.T) {
	when := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		pos         orb.Point
		declination float64
		tolerance   float64
	}{
		{orb.Point{0, 80}, -1.28, 0.3},
		{orb.Point{120, 0}, 0.16, 0.1},
		{orb.Point{240, -80}, 69.36, 0.3},
	} {
		got, err := TrueNorth(350, tt.pos, when)
		if want := geo.NormalBearing(350 + tt.declination); err != nil || math.Abs(want.Diff(got)) > tt.tolerance {
			t.Errorf("at %v: heading %v, %v, want %v", tt.pos, got, err, want)
		}
	}
	undated, err := TrueNorth(350, orb.Point{-75.5, 39.7}, time.Time{})
	dated, err2 := TrueNorth(350, orb.Point{-75.5, 39.7}, when)
	if err != nil || err2 != nil || undated != dated {
		t.Errorf("without a time %v, %v, at the beginning of 2020 %v, %v", undated, err, dated, err2)
	}
	for _, year := range []int{1, 1850, 2030, 2031, 2999} {
		if h, err := TrueNorth(0, orb.Point{-75.5, 39.7}, time.Date(year, 7, 1, 0, 0, 0, 0, time.UTC)); err != nil || !(h >= 0 && h < 360) {
			t.Errorf("in %d: %v, %v", year, h, err)
		}
	}
	for _, p := range []orb.Point{{180, 0}, {-180, 0}, {190, 10}, {0, 90}, {0, -90}} {
		if h, err := TrueNorth(0, p, when); err != nil || math.IsNaN(float64(h)) {
			t.Errorf("at %v: %v, %v", p, h, err)
		}
	}
}
