package main

import (
	"strings"

	"github.com/paulmach/orb"
	"github.com/spf13/cobra"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// cityFlags say which city a command is about: a built-in one by its name, or an
// extract of the user's own.
type cityFlags struct {
	file, bbox, name string
}

const cityHelp = `The city is a built-in one by its name, or comes from an OpenStreetMap extract of yours
(.osm.pbf, .osm, .osm.gz or .osm.bz2), the whole of it or the box W,S,E,N in degrees.`

func (f *cityFlags) register(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.file, "pbf", "", "OpenStreetMap extract `FILE`")
	flags.StringVar(&f.file, "osm", "", "the same as --pbf")
	flags.StringVar(&f.bbox, "bbox", "", "box `W,S,E,N` of the extract, in degrees")
	flags.StringVar(&f.name, "name", "", "name of the city (default that of the file)")
}

// given says whether an extract was named.
func (f *cityFlags) given() bool { return f.file != "" }

// spec returns the city of the flags and arguments.
func (f *cityFlags) spec(args []string) (city.Spec, error) {
	switch {
	case f.given() && len(args) > 0:
		return city.Spec{}, usagef("give the built-in city %q or an extract, not both", args[0])
	case f.given():
		var bound *orb.Bound
		if f.bbox != "" {
			b, err := geo.ParseBound(f.bbox)
			if err != nil {
				return city.Spec{}, usageError{err}
			}
			bound = &b
		}
		return city.FromFile(f.file, f.name, bound)
	case f.bbox != "" || f.name != "":
		return city.Spec{}, usagef("--bbox and --name go with an extract: give --pbf FILE")
	case len(args) == 0:
		return city.Spec{}, usagef("which city? Name a built-in one (%s) or give an extract with --pbf FILE [--bbox W,S,E,N]",
			strings.Join(city.BuiltinNames(), ", "))
	}
	return city.Builtin(args[0])
}
