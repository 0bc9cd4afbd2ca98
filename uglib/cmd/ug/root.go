package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"urbangraph/uglib/backend"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/progress/terminal"
	"urbangraph/uglib/store"
)

// app is what the commands share.
type app struct {
	out, errOut io.Writer
	json        bool   // --json
	quiet       bool   // --quiet
	home        string // --home

	started  bool // the command line was understood
	reporter *terminal.Reporter
}

// commands are the subcommands in the order of the help text; each has a file
// of its own.
var commands = []func(*app) *cobra.Command{
	newCity, newViews, newData, newTrain, newBench, newEmbed, newServe, newDemo, newBackend, newList, newShow, newRemove,
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "ug",
		Short: "Street views, text and the street network in one embedding space",
		Long: `ug turns an OpenStreetMap extract and geotagged street views into a spatial graph,
a dataset with reasoning paths and captions, a trained embedding model and a benchmark.

Every product is an artefact in the folder $UG_HOME (see "ug ls"): what is there opens
at once, what is not is built, and what it is built from first.`,
		Example: `  ug city wilmington                         a built-in city as a spatial graph
  ug city --pbf my.osm.pbf --bbox 9.9,53.5,10.1,53.6
  ug views wilmington --count 400            street views drawn from the geometry
  ug data build                              the default dataset
  ug train                                   both stages of training
  ug bench                                   the benchmark table
  ug embed photos --out vectors.parquet
  ug serve                                   the model as an HTTP server
  ug demo                                    everything by default, ending in a report
  ug ls                                      what there is`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          help,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.start(cmd)
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "write the result as JSON")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "show no progress")
	flags.StringVar(&a.home, "home", "", "folder of the artefacts (default $"+store.HomeVariable+", else the user's cache folder)")
	for _, newCommand := range commands {
		root.AddCommand(newCommand(a))
	}
	return root
}

// help is what a command that only has subcommands does.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// start puts the store and the progress reporter into the command's context.
func (a *app) start(cmd *cobra.Command) error {
	a.started = true
	ctx := cmd.Context()
	if a.home != "" {
		ctx = store.With(ctx, store.At(a.home))
	}
	cmd.SetContext(a.report(ctx))
	return nil
}

// report returns a context whose tasks are shown until [app.close].
func (a *app) report(ctx context.Context) context.Context {
	file, ok := a.errOut.(*os.File)
	if !ok || a.quiet {
		return ctx
	}
	a.reporter = terminal.New(file)
	return progress.With(ctx, a.reporter)
}

// computes is what a command does first that runs a model: a backend that does
// not work is told before any other work, and one that is slower than it could
// be is told once.
func (a *app) computes() error {
	if _, err := backend.Default(); err != nil {
		return err
	}
	if notice := backend.Warning(); notice != "" {
		_, err := fmt.Fprintln(a.errOut, "ug:", notice)
		return err
	}
	return nil
}

// close ends the progress display, so that what follows is written below it.
func (a *app) close() {
	if a.reporter != nil {
		a.reporter.Close()
		a.reporter = nil
	}
}

// print writes a result: value as JSON with --json, else what text writes.
func (a *app) print(value any, text func(w io.Writer) error) error {
	a.close()
	if !a.json {
		return text(a.out)
	}
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("result as JSON: %w", err)
	}
	_, err = fmt.Fprintf(a.out, "%s\n", data)
	return err
}
