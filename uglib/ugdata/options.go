package ugdata

import (
	"fmt"

	"urbangraph/uglib/caption"
	"urbangraph/uglib/geo"
)

// Options say how a dataset is made of views. The zero value of a field means
// its default.
type Options struct {
	// Subgraphs.
	Recipe    Recipe     // how a subgraph is cut out; default RecipeNearest
	Hops      int        // of a subgraph, counted from the image; default 4
	Nodes     int        // of a subgraph, the image included; default 48, of the recipes of the reference 1000
	Radius    geo.Metres // from the image to a node of its subgraph; default 150, of the recipes of the reference 700
	WithPaths bool       // the subgraph also holds the nodes of the view's paths, as far as they are away

	// Paths.
	MinHops      int        // of a path, the hop from the image included; default 3
	MaxHops      int        // default 8
	MinDistance  geo.Metres // from the image to a path's destination, as the crow flies; default 0
	MaxDistance  geo.Metres // the same; default 1500
	Destinations Selection  // classes of nodes that paths lead to; default "places"
	Paths        int        // wanted of each view; default 2
	MinPaths     int        // required of a view: one that has fewer gets none; default 0
	Voices       int        // ways to say a path in natural language, of which the seed draws one for each; default all

	// Views.
	PerCell   int       // most views of one S2 cell, drawn by the seed; 0 is all
	CellLevel int       // S2 level of these cells; default 18, 30 to 40 m across
	Processed Processed // views that were processed already and are left out

	BlockLevel int        // S2 level of the spatial blocks; default 13, about 1 km
	TestShare  float64    // of the places of a training city, before the buffer; default 0.11
	ValShare   float64    // default 0.05
	Buffer     geo.Metres // least distance between anchors of different splits; default 2 Radius (WithPaths: 2 MaxDistance if that is more): no crossing or place is in two subgraphs

	// Splits is for splits by hand, by city or in folds, instead of by shares.
	Splits SplitPlan `json:",omitzero"`

	PathShare float64 // of the stage 1 places that also give a path sample; default 0.5
	// PathText is what a path sample says: "plain" (default) is the walk in
	// natural language, "grammar" the path by the grammar of the UGE reference
	// and its summary, which is about four times as long, and "composed" what the
	// reference's composer makes of these: with the coordinates and the direction
	// of the image and the entities on the path (see [Composed]).
	PathText string

	// CaptionText is what caption samples say: "caption" (default) is the caption,
	// "summary" the summary, "both" makes a sample of each. The default where a
	// model gives the captions is "both".
	CaptionText string
	// CaptionStyle says how templates write captions and summaries.
	CaptionStyle caption.Options `json:",omitzero"`
}

const (
	textPlain    = "plain"
	textGrammar  = "grammar"
	textComposed = "composed"

	textCaption = "caption"
	textSummary = "summary"
	textBoth    = "both"
)

// Check returns an error that names the first option that makes no sense, and
// how to put it right.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

// complete is withDefaults for options that were checked.
func (o Options) complete() Options {
	all, err := o.withDefaults()
	if err != nil {
		panic(err)
	}
	return all
}

// withDefaults fills in the defaults and checks the rest.
func (o Options) withDefaults() (Options, error) {
	nodes, radius := 48, 150.0
	switch o.Recipe {
	case "":
		o.Recipe = RecipeNearest
	case RecipeNearest:
	case RecipeHops, RecipeRadius, RecipePoints:
		nodes, radius = 1000, 700
	default:
		return o, fmt.Errorf("ugdata: Recipe is %q, try one of %q, %q, %q and %q", o.Recipe, RecipeNearest, RecipeHops, RecipeRadius, RecipePoints)
	}
	ints := []struct {
		name        string
		v           *int
		def, lo, hi int
	}{
		{"Hops", &o.Hops, 4, 1, 10}, {"Nodes", &o.Nodes, nodes, 2, 30000}, {"MinHops", &o.MinHops, 3, 2, 50},
		{"MaxHops", &o.MaxHops, 8, 2, 50}, {"Paths", &o.Paths, 2, 1, 100}, {"MinPaths", &o.MinPaths, 0, 0, 100},
		{"Voices", &o.Voices, Voices(), 1, Voices()}, {"PerCell", &o.PerCell, 0, 0, 1 << 30}, {"CellLevel", &o.CellLevel, 18, 1, geo.MaxCellLevel},
		{"BlockLevel", &o.BlockLevel, 13, 8, 20},
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
		{"Radius", (*float64)(&o.Radius), radius, 1, 5000}, {"MinDistance", (*float64)(&o.MinDistance), 0, 0, 50000}, {"MaxDistance", (*float64)(&o.MaxDistance), 1500, 10, 50000},
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
	reach := o.Radius
	if o.WithPaths {
		reach = max(reach, o.MaxDistance)
	}
	if o.Buffer == 0 {
		o.Buffer = 2 * reach
	}
	if o.Buffer < 2*reach {
		return o, fmt.Errorf("ugdata: a buffer of %v is less than a subgraph is wide, %v: those of two splits would overlap; raise Buffer or lower Radius (or MaxDistance, where subgraphs hold their paths)", o.Buffer, 2*reach)
	}
	if err := o.Splits.check(); err != nil {
		return o, err
	}
	if o.MinHops > o.MaxHops {
		return o, fmt.Errorf("ugdata: MinHops %d is above MaxHops %d", o.MinHops, o.MaxHops)
	}
	if o.MinDistance >= o.MaxDistance {
		return o, fmt.Errorf("ugdata: MinDistance %v is not below MaxDistance %v", o.MinDistance, o.MaxDistance)
	}
	if o.MinPaths > o.Paths {
		return o, fmt.Errorf("ugdata: MinPaths %d is above Paths %d: no view could have so many", o.MinPaths, o.Paths)
	}
	var err error
	if o.Destinations, err = ParseSelection(string(o.Destinations)); err != nil {
		return o, err
	}
	if o.PathText == "" {
		o.PathText = textPlain
	}
	if o.PathText != textPlain && o.PathText != textGrammar && o.PathText != textComposed {
		return o, fmt.Errorf("ugdata: PathText is %q, try %q, %q or %q", o.PathText, textPlain, textGrammar, textComposed)
	}
	if o.CaptionText == "" {
		o.CaptionText = textCaption
	}
	if o.CaptionText != textCaption && o.CaptionText != textSummary && o.CaptionText != textBoth {
		return o, fmt.Errorf("ugdata: CaptionText is %q, try %q, %q or %q", o.CaptionText, textCaption, textSummary, textBoth)
	}
	return o, o.CaptionStyle.Check()
}
