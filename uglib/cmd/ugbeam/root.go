package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	sdk "github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
	"github.com/spf13/cobra"

	"urbangraph/uglib/progress"
	"urbangraph/uglib/progress/terminal"
	"urbangraph/uglib/store"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/ugdata/beam"
)

// options of the command line.
type options struct {
	cities, home, inputs string
	open                 int
	json, quiet          bool
}

const long = `ugbeam builds a dataset (UGData) as an Apache Beam pipeline: cities are surveyed and views
described by many workers, and the files are the same, byte by byte, as those that
"ug data build" makes on one machine. The dataset stays in the store, where "ug" and the
library open it.

--cities names a JSON file with the cities; without it the dataset is the default one:

  {"train":   [{"builtin": "wilmington", "views": 400},
               {"extract": "hamburg.osm.pbf", "name": "hamburg", "box": "9.9,53.5,10.1,53.6",
                "photos": "photos/hamburg"}],
   "heldout": [{"extract": "/data/bremen.osm.pbf", "views": 200}],
   "seed": 1, "options": {"Radius": 200, "Splits": {"Folds": 5, "Fold": 1}}}

All workers must see --home: a network file system, or a bucket that is mounted at the same
path everywhere. Cities and views are opened from it, or built there by the first worker that
needs them. What an interrupted pipeline has described is found again.

RUNNERS

On this machine (Prism, which comes with Beam; tried in the tests of package beam):

  ugbeam

On a Flink cluster, through Beam's job server (not tried: there was no cluster). Flink's
version must be one that Beam's job server is published for. Workers are processes of this
program on the task managers, or of an image that holds it:

  docker run --net=host apache/beam_flink1.19_job_server:2.77.0 \
      --flink-master=FLINK_HOST:8081
  ugbeam --runner flink --endpoint JOB_SERVER:8099 --home /shared/urbangraph \
      --parallelism 64 --job_name ugdata \
      --environment_type PROCESS --environment_config '{"command": "/shared/bin/beam-worker"}'

where /shared/bin/beam-worker is the "boot" program of Beam's Go SDK container, or with
containers on the task managers:

      --environment_type DOCKER --environment_config REGISTRY/ugbeam-worker:VERSION

whose image is built FROM apache/beam_go_sdk:2.77.0 and has --home mounted. The program itself
is staged by the runner; build it with the same commit and CGO_ENABLED=0.

On Spark (not tried) the same with Beam's Spark job server:

  docker run --net=host apache/beam_spark3_job_server:2.77.0 --spark-master-url=spark://HOST:7077
  ugbeam --runner spark --endpoint JOB_SERVER:8099 --home /shared/urbangraph \
      --environment_type DOCKER --environment_config REGISTRY/ugbeam-worker:VERSION

On Dataflow (not tried), with a Filestore or a mounted bucket at /shared on each worker, which
needs an image of your own:

  ugbeam --runner dataflow --project PROJECT --region europe-west1 \
      --staging_location gs://BUCKET/staging --temp_location gs://BUCKET/temp \
      --sdk_container_image REGISTRY/ugbeam-worker:VERSION --home /shared/urbangraph

Only Prism has run this pipeline so far; what the others need is as their documentation says.
All flags in lower_case are Beam's own.`

func newRoot() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "ugbeam",
		Short: "Build a dataset as an Apache Beam pipeline",
		Long:  long,
		Example: `  ugbeam
  ugbeam --cities cities.json --home /shared/urbangraph
  ugbeam --cities cities.json --runner flink --endpoint localhost:8099 --environment_type LOOPBACK`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := cmd.Flags()
	flags.StringVar(&o.cities, "cities", "", "JSON `FILE` with the cities, see above (default: the default dataset)")
	flags.StringVar(&o.home, "home", "", "store that all workers see (default $"+store.HomeVariable+", else the user's cache folder)")
	flags.StringVar(&o.inputs, "inputs", "", "store of cities and views where it is another, such as one on each worker's own disk (default --home)")
	flags.IntVar(&o.open, "open", 2, "cities that a worker keeps open")
	flags.BoolVar(&o.json, "json", false, "write the result as JSON")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "show no progress")
	flags.AddGoFlagSet(flag.CommandLine) // Beam's
	flags.SortFlags = true
	return cmd
}

func (o *options) run(ctx context.Context, out, errOut io.Writer) error {
	if err := flag.CommandLine.Parse(nil); err != nil { // pflag has set the values
		return err
	}
	sdk.Init()
	work, err := o.work()
	if err != nil {
		return err
	}
	start := time.Now()
	found := true
	counters := map[string]int64{}
	if _, err := work.Open(); err != nil {
		found = false
		if !o.quiet {
			if file, ok := errOut.(*os.File); ok {
				reporter := terminal.New(file)
				defer reporter.Close()
				ctx = progress.With(ctx, reporter)
			}
		}
		if counters, err = launch(ctx, work); err != nil {
			return err
		}
	}
	art, err := work.Open()
	if err != nil {
		return fmt.Errorf("the pipeline ended, but the dataset is not in %s: %w", work.Home, err)
	}
	return o.print(out, result{art.Ref().String(), art.Dir, found, time.Since(start).Seconds(), counters, art.Manifest.Summary})
}

// work reads the command line.
func (o *options) work() (beam.Work, error) {
	spec, err := ugdata.Default()
	if o.cities != "" {
		spec, err = readCities(o.cities)
	}
	if err != nil {
		return beam.Work{}, err
	}
	home := o.home
	if home == "" {
		s, err := store.Default()
		if err != nil {
			return beam.Work{}, err
		}
		home = s.Root()
	}
	if home, err = filepath.Abs(home); err != nil {
		return beam.Work{}, err
	}
	if o.open < 1 {
		return beam.Work{}, usagef("--open %d keeps no city open; try 2", o.open)
	}
	work, err := beam.NewWork(spec, home)
	work.Inputs, work.Cities = o.inputs, o.open
	return work, err
}

// launch runs the pipeline, shows how far it is, and returns its counters.
func launch(ctx context.Context, work beam.Work) (map[string]int64, error) {
	p, scope := sdk.NewPipelineWithRoot()
	if _, err := work.Pipeline(scope); err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		watch(watching, work)
	}()
	res, err := beamx.RunWithMetrics(ctx, p)
	stop()
	<-done
	if err != nil {
		return nil, err
	}
	return countersOf(res), nil
}

// watch shows how many parts are there, where this machine sees the store.
func watch(ctx context.Context, work beam.Work) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var task progress.Task
	shown := 0
	for {
		select {
		case <-ctx.Done():
			if task != nil {
				task.Done()
			}
			return
		case <-tick.C:
		}
		done, total := work.Progress()
		if total == 0 {
			continue
		}
		if task == nil {
			task = progress.Start(ctx, "describe views, parts", total)
		}
		if done > shown {
			task.Add(done - shown)
			shown = done
		}
	}
}

// countersOf returns the pipeline's own counters.
func countersOf(res sdk.PipelineResult) map[string]int64 {
	all := map[string]int64{}
	if res == nil {
		return all
	}
	of := func(name string, committed, attempted int64) { all[name] += max(committed, attempted) }
	q := res.Metrics().Query(func(r sdk.MetricResult) bool { return r.Namespace() == "ugdata" })
	for _, c := range q.Counters() {
		of(c.Name(), c.Committed, c.Attempted)
	}
	for _, d := range q.Distributions() {
		for _, v := range []metrics.DistributionValue{d.Committed, d.Attempted} {
			if v.Count > 0 {
				all[d.Name()+", mean"] = v.Sum / v.Count
				all[d.Name()+", most"] = v.Max
				break
			}
		}
	}
	return all
}

// result is what the command says.
type result struct {
	Artefact string           `json:"artefact"`
	Dir      string           `json:"dir"`
	Found    bool             `json:"found"` // it was there already
	Seconds  float64          `json:"seconds"`
	Counters map[string]int64 `json:"counters"`
	Summary  map[string]any   `json:"summary"`
}

func (o *options) print(w io.Writer, r result) error {
	if o.json {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	state := fmt.Sprintf("built in %.1f s", r.Seconds)
	if r.Found {
		state = "was there"
	}
	if _, err := fmt.Fprintf(w, "%s %s\nfolder %s\n", r.Artefact, state, r.Dir); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Counters)) {
		if _, err := fmt.Fprintf(w, "%s: %d\n", name, r.Counters[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Summary)) {
		if _, err := fmt.Fprintf(w, "%s: %v\n", name, r.Summary[name]); err != nil {
			return err
		}
	}
	return nil
}
