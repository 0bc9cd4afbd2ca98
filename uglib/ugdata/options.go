package ugdata

import (
	"fmt"

	"urbangraph/uglib/geo"
)

// Options say how a dataset is made of views. The zero value of a field means
// its default.
type Options struct {
	Hops   int        // of a subgraph, counted from the image; default 4
	Nodes  int        // of a subgraph, the image included; default 48
	Radius geo.Metres // from the image to a node of its subgraph; default 150

	MinHops     int        // of a path, the hop from the image included; default 3
	MaxHops     int        // default 8
	MaxDistance geo.Metres // from the image to a path's destination, as the crow flies; default 1500
	Paths       int        // for each view; default 2

	BlockLevel int        // S2 level of the spatial blocks; default 13, about 1 km
	TestShare  float64    // of the places of a training city, before the buffer; default 0.11
	ValShare   float64    // default 0.05
	Buffer     geo.Metres // least distance between anchors of different splits; default 2 Radius: no crossing or place is in two subgraphs

	PathShare float64 // of the stage 1 places that also give a path sample; default 0.5
	// PathText is what a path sample says: "plain" (default) is the walk in
	// natural language, "grammar" the path by the grammar of the UGE reference
	// and its summary, which is about four times as long.
	PathText string
}

const (
	textPlain   = "plain"
	textGrammar = "grammar"
)

// withDefaults fills in the defaults and checks the rest.
func (o Options) withDefaults() (Options, error) {
	ints := []struct {
		name        string
		v           *int
		def, lo, hi int
	}{
		{"Hops", &o.Hops, 4, 1, 10}, {"Nodes", &o.Nodes, 48, 2, 4096}, {"MinHops", &o.MinHops, 3, 2, 50},
		{"MaxHops", &o.MaxHops, 8, 2, 50}, {"Paths", &o.Paths, 2, 1, 100}, {"BlockLevel", &o.BlockLevel, 13, 8, 20},
	}
	for _, x := range ints {
		if *x.v == 0 {
			*x.v = x.def
		}
		if *x.v < x.lo || *x.v > x.hi {
			return o, fmt.Errorf("ugdata: %s is %d, try one of %d to %d", x.name, *x.v, x.lo, x.hi)
		}
	}
	floats := []struct {
		name        string
		v           *float64
		def, lo, hi float64
	}{
		{"Radius", (*float64)(&o.Radius), 150, 1, 5000}, {"MaxDistance", (*float64)(&o.MaxDistance), 1500, 10, 50000},
		{"TestShare", &o.TestShare, 0.11, 0, 0.9}, {"ValShare", &o.ValShare, 0.05, 0, 0.9}, {"PathShare", &o.PathShare, 0.5, 0, 1},
	}
	for _, x := range floats {
		if *x.v == 0 {
			*x.v = x.def
		}
		if !(*x.v >= x.lo && *x.v <= x.hi) {
			return o, fmt.Errorf("ugdata: %s is %v, try one of %v to %v", x.name, *x.v, x.lo, x.hi)
		}
	}
	if o.Buffer == 0 {
		o.Buffer = 2 * o.Radius
	}
	if o.Buffer < o.Radius {
		return o, fmt.Errorf("ugdata: a buffer of %v is less than the radius of a subgraph, %v: the splits would touch; raise Buffer or lower Radius", o.Buffer, o.Radius)
	}
	if o.MinHops > o.MaxHops {
		return o, fmt.Errorf("ugdata: MinHops %d is above MaxHops %d", o.MinHops, o.MaxHops)
	}
	if o.PathText == "" {
		o.PathText = textPlain
	}
	if o.PathText != textPlain && o.PathText != textGrammar {
		return o, fmt.Errorf("ugdata: PathText is %q, try %q or %q", o.PathText, textPlain, textGrammar)
	}
	return o, nil
}
