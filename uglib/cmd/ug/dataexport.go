package main

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/ugdata/exchange"
)

func newDataExport(a *app, flags *dataFlags) *cobra.Command {
	var (
		formats []string
		images  bool
		shardMB int64
		title   string
		from    string
	)
	cmd := &cobra.Command{
		Use:   "export DIR",
		Short: "Write a dataset for other programs: JSONL, Parquet, GraphML, PyTorch Geometric, WebDataset",
		Long: `Write a dataset into a folder that can be published, with a card (README.md) and checksums
(SHA256SUMS). Formats:

  reference   the training files of the UGE reference: one JSONL file for each stage of train and
              val, and under graphs/ a graph (JSON) for each place that they name
  parquet     GeoParquet tables with the cities: a dataset that stands alone
  graphml     graphs of whole cities and of each place, for NetworkX, OSMnx and Gephi
  pyg         subgraphs as arrays with load_pyg.py, for PyTorch Geometric
  webdataset  images with their texts as tar shards
  scc         captions as the reference's caption script writes them (JSONL with swift_format)

` + dataHelp,
		Example: `  ug data export ./ugdata
  ug data export ./ugdata --format all --images
  ug data export ./ugdata --format pyg,graphml
  ug data export ./shards --format webdataset --from ./imported`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen, err := exchange.ParseFormats(formats...)
			if err != nil {
				return usagef("%v", err)
			}
			if shardMB < 1 {
				return usagef("--shard-mb %d holds nothing; try 256", shardMB)
			}
			about := ugdata.About{Title: title}
			var d *ugdata.Dataset
			if from != "" {
				if d, err = ugdata.OpenFolder(from); err != nil {
					return err
				}
			} else {
				spec, err := flags.spec(cmd)
				if err != nil {
					return err
				}
				if d, err = ugdata.Open(cmd.Context(), spec); err != nil {
					return err
				}
				about.Spec = &spec
			}
			audit, err := d.Audit()
			if err != nil {
				return err
			}
			about.Audit = &audit
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			o := exchange.Options{Formats: chosen, Images: images, ShardBytes: shardMB << 20, About: about}
			if err := exchange.Export(cmd.Context(), dir, d, o); err != nil {
				return err
			}
			r := exportResult{Dir: dir, Formats: formats, Places: len(d.Places), Samples: len(d.Samples)}
			return a.print(r, r.write)
		},
	}
	cmd.Flags().StringSliceVar(&formats, "format", []string{string(exchange.Reference)}, "`formats` to write, or all")
	cmd.Flags().BoolVar(&images, "images", false, "copy the images, so that the folder stands alone")
	cmd.Flags().Int64Var(&shardMB, "shard-mb", 256, "size of a WebDataset shard in `megabytes`, at most")
	cmd.Flags().StringVar(&from, "from", "", "export the dataset that stands alone in this `folder`, instead of one by the flags below")
	cmd.Flags().StringVar(&title, "title", "", "title of the card (default: the cities)")
	return cmd
}

// exportResult is what "ug data export" says.
type exportResult struct {
	Dir     string   `json:"dir"`
	Formats []string `json:"formats"`
	Places  int      `json:"places"`
	Samples int      `json:"samples"`
}

func (r exportResult) write(w io.Writer) error {
	var f facts
	f.add("formats", "%s", strings.Join(r.Formats, ", "))
	f.add("places", "%d", r.Places)
	f.add("pairs", "%d", r.Samples)
	f.add("folder", "%s", r.Dir)
	return f.write(w)
}
