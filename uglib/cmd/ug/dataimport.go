package main

import (
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/ugdata/exchange"
)

func newDataImport(a *app) *cobra.Command {
	var (
		o          exchange.ImportOptions
		graphsOnly bool
		buffer     float64
		title      string
	)
	cmd := &cobra.Command{
		Use:   "import DIR OUT",
		Short: "Make a dataset of a folder of the UGE reference's files",
		Long: `Make a dataset of a folder of the UGE reference's files: rows of any of its stages (.jsonl), the
graphs that they name (pickles of NetworkX, read without running them, or JSON), images, and
metadata of images. OUT becomes a dataset that stands alone: GeoParquet tables, the cities that the
graphs show, the images, and a card. Places get new splits by spatial blocks with a buffer, since
the reference splits rows at random.

Lines and files that cannot be read are listed, and the rest is read. With --graphs-only every graph
file of DIR becomes JSON in OUT, and rows are not read.`,
		Example: `  ug data import ./UGE/mydata ./imported
  ug data import ./rows ./imported --images-in ./stage2_images --images-in ./subgraphs --held-out paris
  ug data import ./subgraphs ./graphs --graphs-only`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := filepath.Abs(args[1])
			if err != nil {
				return err
			}
			r := &importResult{Dir: out, Splits: map[string]int{}}
			if graphsOnly {
				if r.Report, err = exchange.ConvertGraphs(cmd.Context(), args[0], out); err != nil {
					return err
				}
				return a.print(r, r.writeGraphs)
			}
			o.Options.Buffer = geo.Metres(buffer)
			d, report, err := exchange.Import(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			r.Report = report
			for i := range d.Places {
				r.Splits[string(d.Places[i].Split)]++
			}
			r.Pairs = len(d.Samples)
			audit, auditErr := d.Audit()
			about := ugdata.About{Title: title, Audit: &audit, Notes: []string{report.Note()}}
			err = exchange.Export(cmd.Context(), out, d, exchange.Options{Formats: []exchange.Format{exchange.Parquet}, Images: !o.WithoutImages, About: about})
			if err != nil {
				return err
			}
			if err := a.print(r, r.write); err != nil {
				return err
			}
			return auditErr
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.City, "city", "", "`name` of the city of all rows (default: told by rows, metadata and names of files)")
	flags.StringArrayVar(&o.Roots, "images-in", nil, "further `folder` in which images and graphs are looked for (may be repeated)")
	flags.BoolVar(&o.WithoutImages, "without-images", false, "keep places whose image is not found, and copy no image")
	flags.StringArrayVar(&o.HeldOut, "held-out", nil, "`city` that training never sees (may be repeated)")
	flags.Float64Var(&buffer, "buffer", 0, "least distance between places of different splits in `metres` (default: twice as far as the widest subgraph reaches)")
	flags.Uint64Var(&o.Seed, "seed", 1, "seed of splits and instructions")
	flags.StringVar(&title, "title", "", "title of the card (default: the cities)")
	flags.BoolVar(&graphsOnly, "graphs-only", false, "turn graph files into JSON and read no rows")
	return cmd
}

// importResult is what "ug data import" says.
type importResult struct {
	*exchange.Report
	Splits map[string]int `json:"splits,omitempty"`
	Pairs  int            `json:"pairs"` // of train and val places, after the splits
	Dir    string         `json:"dir"`
}

// mostProblems is how many problems are shown to a person.
const mostProblems = 20

func (r *importResult) write(w io.Writer) error {
	var f facts
	for _, file := range r.Files {
		rows := map[string]int{}
		for form, n := range file.Rows {
			rows[string(form)] = n
		}
		f.add("read", "%s: %s", file.File, counts(rows))
	}
	f.add("places", "%s", counts(r.Splits))
	f.add("graphs", "%d", r.Graphs)
	f.add("pairs", "%d", r.Pairs)
	if r.Skipped > 0 {
		f.add("skipped", "%d places without image or position, see skipped.jsonl", r.Skipped)
	}
	r.problems(&f)
	f.add("folder", "%s", r.Dir)
	return f.write(w)
}

func (r *importResult) writeGraphs(w io.Writer) error {
	var f facts
	f.add("graphs", "%d", r.Graphs)
	r.problems(&f)
	f.add("folder", "%s", r.Dir)
	return f.write(w)
}

func (r *importResult) problems(f *facts) {
	if r.Dropped > 0 {
		f.add("left out", "%d nodes without a position", r.Dropped)
	}
	if r.Others > 0 {
		f.add("differ", "%d nodes that another graph describes otherwise; the first counts", r.Others)
	}
	for _, p := range r.Problems[:min(len(r.Problems), mostProblems)] {
		f.add("problem", "%s", p)
	}
	if more := len(r.Problems) - mostProblems; more > 0 {
		f.add("problem", "%d more; --json lists all", more)
	}
}
