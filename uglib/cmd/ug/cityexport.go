package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/streetnet"
)

// newCityExport is "ug city export".
func newCityExport(a *app, flags *cityFlags) *cobra.Command {
	var graphML, network string
	var o streetnet.Options
	var force bool
	cmd := &cobra.Command{
		Use:   "export [NAME] --graphml FILE",
		Short: "Write the street network alone for users of OSMnx and NetworkX",
		Long: `Read the street network alone, without places and areas, and write it as GraphML that
osmnx.load_graphml and networkx.read_graphml read. By default it is simplified as OSMnx does:
nodes are where streets meet, end or change to one-way; edges keep their ways, tags, lengths in
metres and courses. The network type decides which ways are taken, by OSMnx's filters.

` + cityHelp,
		Example: `  ug city export wilmington --graphml wilmington.graphml
  ug city export --pbf hamburg-latest.osm.pbf --network drive --graphml hamburg.graphml
  ug city export dover --raw --network walk --graphml dover.graphml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if graphML == "" {
				return usagef("where to? Give --graphml FILE")
			}
			spec, err := flags.spec(args)
			if err != nil {
				return err
			}
			if o.Network, err = streetnet.ParseFilter(network); err != nil {
				return usageError{err}
			}
			if !force {
				if _, err := os.Lstat(graphML); err == nil {
					return fmt.Errorf("%s is there already; give another --graphml, or --force to write over it", graphML)
				}
			}
			if !spec.Bound.IsZero() {
				o.Bound = &spec.Bound
			}
			n, err := streetnet.Read(cmd.Context(), spec.Source, o)
			if err != nil {
				return err
			}
			if err := replaceFile(graphML, n.WriteGraphML); err != nil {
				return err
			}
			r := describeNetwork(n, graphML)
			if o.Bound != nil {
				r.Bound = geo.FormatBound(*o.Bound)
			}
			return a.print(r, r.write)
		},
	}
	local := cmd.Flags()
	local.StringVar(&graphML, "graphml", "", "the `FILE` to write")
	local.StringVar(&network, "network", "all", "`TYPE` of network: all, all_public, drive, drive_service, walk, bike")
	local.BoolVar(&o.Raw, "raw", false, "a node for every vertex of a street, an edge for each segment and direction")
	local.BoolVar(&o.Largest, "largest", false, "only the largest connected part")
	local.BoolVar(&o.BothWays, "both-ways", false, "take no street for one-way")
	local.StringSliceVar(&o.Differ, "differ", nil, "keep nodes where one of these `TAGS` changes, such as maxspeed,highway")
	local.BoolVar(&force, "force", false, "write over the file")
	return cmd
}

// networkResult is what "ug city export" says.
type networkResult struct {
	File    string           `json:"file"`
	Network string           `json:"network"`
	Raw     bool             `json:"raw"`
	Bound   string           `json:"bbox,omitempty"` // W,S,E,N in degrees
	Nodes   int              `json:"nodes"`
	Edges   int              `json:"edges"`
	Ways    int              `json:"ways"`
	Length  float64          `json:"length_m"` // of all edges, each direction by itself
	Report  streetnet.Report `json:"report"`
	Credit  string           `json:"credit"`
}

func describeNetwork(n *streetnet.Network, file string) *networkResult {
	r := &networkResult{
		File: file, Network: n.Filter.String(), Raw: n.Raw, Nodes: len(n.Nodes), Edges: len(n.Edges), Ways: len(n.Ways),
		Report: n.Report, Credit: osm.Credit,
	}
	for i := range n.Edges {
		r.Length += float64(n.Edges[i].Length)
	}
	return r
}

func (r *networkResult) write(w io.Writer) error {
	var f facts
	kind := r.Network
	if r.Raw {
		kind += ", raw"
	} else {
		kind += ", simplified"
	}
	f.add("network", "%s", kind)
	if r.Bound != "" {
		f.add("box", "%s", r.Bound)
	}
	f.add("nodes", "%d of %d vertices", r.Nodes, r.Report.Vertices)
	f.add("edges", "%d of %d segments and directions, %v", r.Edges, r.Report.Segments, geo.Metres(r.Length))
	f.add("ways", "%d of the network, %d of it outside; %d with a highway tag left out", r.Ways, r.Report.Outside, r.Report.LeftOut)
	var out []string
	for _, x := range []struct {
		n    int
		what string
	}{
		{r.Report.Gaps, "vertices of ways that leave the box or the extract"},
		{r.Report.Lone, "nodes on no segment"},
		{r.Report.Rings, "nodes of rings that nothing meets"},
		{r.Report.Elsewhere, "nodes of smaller parts"},
	} {
		if x.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	if len(out) > 0 {
		f.add("left out", "%s", strings.Join(out, ", "))
	}
	f.add("file", "%s", r.File)
	f.add("credit", "%s", r.Credit)
	return f.write(w)
}
