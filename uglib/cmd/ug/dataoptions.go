package main

import (
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"urbangraph/uglib/ugdata"
)

// optionFlags are the options of a dataset, each as a flag.
type optionFlags struct {
	given     ugdata.Options
	recipe    string
	selection string
	processed string
	list      []optionFlag
}

// optionFlag is a flag that sets one option.
type optionFlag struct {
	name string
	zero bool // 0 is a value, not the default
	set  func(o *ugdata.Options)
}

const optionHelp = `Distances are in metres. Each option has a default, which holds where its flag is not given.`

func (f *optionFlags) register(flags *pflag.FlagSet) {
	o := &f.given
	add := func(name string, zero bool, set func(to *ugdata.Options)) {
		f.list = append(f.list, optionFlag{name, zero, set})
	}
	number := func(at *int, name, usage string, zero bool, field func(*ugdata.Options) *int) {
		flags.IntVar(at, name, 0, usage)
		add(name, zero, func(to *ugdata.Options) { *field(to) = *at })
	}
	decimal := func(name, usage string, zero bool, field func(*ugdata.Options) *float64) {
		at := field(o)
		flags.Float64Var(at, name, 0, usage)
		add(name, zero, func(to *ugdata.Options) { *field(to) = *at })
	}

	flags.StringVar(&f.recipe, "subgraph", "", "`RECIPE` of subgraphs: nearest (default), or as the UGE reference: hops (R1, R2), radius (R3), points (R3 with its defect)")
	add("subgraph", false, func(to *ugdata.Options) { to.Recipe = ugdata.Recipe(f.recipe) })
	number(&o.Hops, "subgraph-hops", "most hops from an image to a node of its subgraph (default 4)", false, func(o *ugdata.Options) *int { return &o.Hops })
	number(&o.Nodes, "subgraph-nodes", "most nodes of a subgraph (default 48; of the other recipes 1000)", false, func(o *ugdata.Options) *int { return &o.Nodes })
	decimal("subgraph-radius", "most `METRES` from an image to a node of its subgraph (default 150; of the other recipes 700)", false, func(o *ugdata.Options) *float64 { return (*float64)(&o.Radius) })
	flags.BoolVar(&o.WithPaths, "subgraph-paths", false, "subgraphs also hold the nodes of their paths")
	add("subgraph-paths", true, func(to *ugdata.Options) { to.WithPaths = o.WithPaths })

	number(&o.MinHops, "min-hops", "fewest hops of a path (default 3)", false, func(o *ugdata.Options) *int { return &o.MinHops })
	number(&o.MaxHops, "max-hops", "most hops of a path (default 8)", false, func(o *ugdata.Options) *int { return &o.MaxHops })
	decimal("min-distance", "least `METRES` from an image to a path's destination, as the crow flies", true, func(o *ugdata.Options) *float64 { return (*float64)(&o.MinDistance) })
	decimal("max-distance", "most `METRES` from an image to a path's destination (default 1500)", false, func(o *ugdata.Options) *float64 { return (*float64)(&o.MaxDistance) })
	flags.StringVar(&f.selection, "destinations", "", "`CLASSES` of nodes that paths lead to, joined by +: pois, areas, places (both, the default), streets, crossings, all; or a --node_selection of the UGE reference")
	add("destinations", false, func(to *ugdata.Options) { to.Destinations = ugdata.Selection(f.selection) })
	number(&o.Paths, "paths-wanted", "paths of an image (default 2)", false, func(o *ugdata.Options) *int { return &o.Paths })
	number(&o.MinPaths, "paths-required", "an image with fewer paths gets none", true, func(o *ugdata.Options) *int { return &o.MinPaths })
	number(&o.Voices, "voices", fmt.Sprintf("ways to say a path in natural language, 1 to %d (default all)", ugdata.Voices()), false, func(o *ugdata.Options) *int { return &o.Voices })
	decimal("path-share", "share of the places whose path is in stage 1 too (default 0.5)", false, func(o *ugdata.Options) *float64 { return &o.PathShare })
	flags.StringVar(&o.PathText, "paths", "", "reasoning paths in natural language (plain, the default), by the reference's `grammar`, or composed: with the entities on the way")
	add("paths", false, func(to *ugdata.Options) { to.PathText = o.PathText })

	number(&o.PerCell, "images-per-cell", "most images of an S2 cell, drawn by the seed (default all)", true, func(o *ugdata.Options) *int { return &o.PerCell })
	number(&o.CellLevel, "cell-level", "level of these S2 cells (default 18: 30 to 40 m)", false, func(o *ugdata.Options) *int { return &o.CellLevel })
	flags.StringVar(&f.processed, "processed", "", "leave out the images that `FILE` names: ids or rows (JSONL), one a line")

	number(&o.BlockLevel, "block-level", "level of the S2 cells that splits are made of (default 13: 1 km)", false, func(o *ugdata.Options) *int { return &o.BlockLevel })
	decimal("test-share", "`SHARE` of test among the places of a training city (default 0.11)", false, func(o *ugdata.Options) *float64 { return &o.TestShare })
	decimal("val-share", "`SHARE` of validation (default 0.05)", false, func(o *ugdata.Options) *float64 { return &o.ValShare })
	decimal("buffer", "least `METRES` between places of different splits (default twice the reach of a subgraph)", false, func(o *ugdata.Options) *float64 { return (*float64)(&o.Buffer) })
}

// apply sets the options whose flags were given.
func (f *optionFlags) apply(cmd *cobra.Command, o *ugdata.Options) error {
	for _, x := range f.list {
		flag := cmd.Flags().Lookup(x.name)
		if flag == nil || !flag.Changed {
			continue
		}
		if v := flag.Value.String(); !x.zero && (v == "0" || v == "") {
			return usagef("--%s %s says nothing; leave the flag out for the default", x.name, v)
		}
		x.set(o)
	}
	if cmd.Flags().Changed("processed") {
		p, err := ugdata.ProcessedFile(f.processed)
		if err != nil {
			return err
		}
		o.Processed = p
	}
	if err := o.Check(); err != nil {
		return usageError{err}
	}
	return nil
}

// diversityResult is [ugdata.Diversity] as commands say it.
type diversityResult struct {
	Views     int      `json:"views"` // that have paths
	Paths     int      `json:"paths"`
	Places    int      `json:"destinations"`
	Kinds     float64  `json:"effective_kinds"`
	Winds     float64  `json:"effective_directions"`
	Distances float64  `json:"effective_distance_bands"`
	Hops      float64  `json:"effective_hops"`
	Unlike    *float64 `json:"unlike"` // of two destinations of one view; null where no view has two
}

func newDiversityResult(x ugdata.Diversity) diversityResult {
	r := diversityResult{Views: x.Views, Paths: x.Paths, Places: x.Places, Kinds: x.Kinds, Winds: x.Winds, Distances: x.Distances, Hops: x.Hops}
	if !math.IsNaN(x.Unlike) {
		r.Unlike = &x.Unlike
	}
	return r
}

func (r *diversityResult) facts(f *facts) {
	f.add("paths", "%d of %d places to %d destinations", r.Paths, r.Views, r.Places)
	if r.Paths == 0 {
		return
	}
	f.add("diversity", "effectively %.1f kinds, %.1f of 8 directions, %.1f bands of distance, %.1f numbers of hops", r.Kinds, r.Winds, r.Distances, r.Hops)
	if r.Unlike != nil {
		f.add("", "two destinations of one place differ by %.2f (0 the same, 1 in all)", *r.Unlike)
	}
}

func (r *diversityResult) write(w io.Writer) error {
	var f facts
	r.facts(&f)
	return f.write(w)
}
