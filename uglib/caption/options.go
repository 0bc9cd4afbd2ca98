package caption

import (
	"fmt"
	"math"

	"urbangraph/uglib/geo"
)

// Units are those of the distances in a text.
type Units string

const (
	Metric   Units = "metric"   // "30 m", "1.2 km"
	Imperial Units = "imperial" // "100 ft", "0.7 mi"
)

// Options say how a text is written. The zero value of a field means its
// default.
type Options struct {
	Units  Units // default Metric
	Things int   // told of at most, of these half out of view at most; default 4 in a short text and 8 in a full one
}

// Check returns an error for options that no text can be written by.
func (o Options) Check() error {
	switch {
	case o.Units != "" && o.Units != Metric && o.Units != Imperial:
		return fmt.Errorf("caption: units %q are not known; try %q or %q", o.Units, Metric, Imperial)
	case o.Things < 0 || o.Things > 50:
		return fmt.Errorf("caption: a text of %d things cannot be written; try one of 1 to 50", o.Things)
	}
	return nil
}

// or gives the default number of things.
func (o Options) or(things int) Options {
	if o.Things <= 0 {
		o.Things = things
	}
	return o
}

// far writes a distance, rounded: to 5 m or 10 ft below a kilometre or 1000 ft,
// above that to 0.1 km or 0.1 mi.
func (o Options) far(d geo.Metres) string {
	const foot, mile = 0.3048, 1609.344
	switch m := float64(d); {
	case o.Units == Imperial && m >= 1000*foot:
		return fmt.Sprintf("%.1f mi", m/mile)
	case o.Units == Imperial:
		return fmt.Sprintf("%.0f ft", max(10, 10*math.Round(m/foot/10)))
	case m >= 997.5:
		return fmt.Sprintf("%.1f km", m/1000)
	default:
		return fmt.Sprintf("%.0f m", max(5, 5*math.Round(m/5)))
	}
}
