package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"urbangraph/uglib/ugdata"
)

// splitFlags say how places get their splits, where that is not by the shares of
// blocks.
type splitFlags struct {
	areas       string
	cities      []string
	folds, fold int
}

const splitHelp = `Splits are dealt out by spatial blocks: --test-share and --val-share of the places, with
--buffer metres between them. --split-city puts a whole city into one, --split-areas reads
polygons from GeoJSON, each with the property "split": train, val, test, or buffer for places
to leave out. --folds K --fold I is fold I of a cross-validation by blocks.`

func (f *splitFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.areas, "split-areas", "", "GeoJSON `FILE` of polygons with the property \"split\"")
	flags.StringArrayVar(&f.cities, "split-city", nil, "put all places of a city into a split, as `NAME=SPLIT`: train, val or test (may be repeated)")
	flags.IntVar(&f.folds, "folds", 0, "cut the blocks into `K` parts, of which --fold is for test")
	flags.IntVar(&f.fold, "fold", 1, "the part that is for test, 1 to K")
}

// apply sets what was given.
func (f *splitFlags) apply(cmd *cobra.Command, p *ugdata.SplitPlan) error {
	for _, text := range f.cities {
		name, split, ok := strings.Cut(text, "=")
		if !ok {
			return usagef("--split-city %q is no NAME=SPLIT; try %s=test", text, name)
		}
		if p.Cities == nil {
			p.Cities = map[string]ugdata.Split{}
		}
		p.Cities[name] = ugdata.Split(split)
	}
	if f.areas != "" {
		areas, err := ugdata.ReadSplitAreas(f.areas)
		if err != nil {
			return err
		}
		p.Areas = areas
	}
	switch {
	case cmd.Flags().Changed("folds"):
		p.Folds, p.Fold = f.folds, f.fold
	case cmd.Flags().Changed("fold"):
		return usagef("--fold %d of how many? give --folds K", f.fold)
	}
	return nil
}
