// Package beam builds datasets as an Apache Beam pipeline, over many cities and
// on many machines. The files are the same, byte by byte, as those of the build
// on one machine: both take the steps of [ugdata.Builder], and the finished
// artefact has the same key.
//
//	work, err := beam.NewWork(spec, "/shared/urbangraph")
//	p, scope := beamsdk.NewPipelineWithRoot()
//	work.Pipeline(scope)
//	err = beamx.Run(ctx, p)
//
// Command ugbeam does this from the command line; its help has the commands for
// a Flink cluster, Spark and Dataflow.
//
// # Steps
//
//	survey    for each city: opens it with its views, lists the views that can be
//	          places, and deals out its spatial blocks
//	plan      one worker: leaves out what is too near to another split, over all
//	          cities, and cuts the work into jobs of 256 views
//	describe  for each job: subgraphs, captions, paths and training pairs, written
//	          as a part to the shared folder
//	finish    one worker: puts the parts together in their order, measures the
//	          splits, and leaves the dataset in the store
//
// What goes through Beam is small: anchors of views (some 100 bytes each) and
// the numbers of parts. Everything else goes through folders that all workers
// see.
//
// # Folders
//
// Work.Home is the store ($UG_HOME) that all workers see, by a network file
// system or a mounted bucket. Cities and views are opened from it; one that is
// not there is built there, under the store's lock, by the first worker that
// needs it. Work.Inputs names another store for these, such as a folder on each
// worker's own disk: then each worker builds what it needs, for which the
// extracts and photographs must lie at the same paths everywhere. Parts stay in
// Home until the dataset is finished: a pipeline that is started again goes on
// where it was, and one whose describe step runs twice, as runners may do after
// a failure, writes the same part twice.
//
// # Failures
//
// A view that cannot be described is listed in the dataset's skipped.jsonl with
// its reason, as in the build on one machine. An error of a whole city, such as an
// extract that is missing, fails the bundle, which the runner tries again and
// then gives up; so does a dataset whose splits touch.
//
// # Metrics
//
// Counters in the namespace "ugdata": cities surveyed, views planned, views
// described, views failed, parts described and parts found (of a pipeline that
// was started again); and the distribution of milliseconds a job took.
package beam
