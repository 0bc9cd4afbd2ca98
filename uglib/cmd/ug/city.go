package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/store"
)

// newCity is "ug city".
func newCity(a *app) *cobra.Command {
	var flags cityFlags
	cmd := &cobra.Command{
		Use:   "city [NAME]",
		Short: "Build the spatial graph of a city",
		Long: "Build the graph of streets, crossings, points and areas of interest of a city, as GeoParquet.\n\n" +
			cityHelp + "\nBuilt-in cities: " + strings.Join(city.BuiltinNames(), ", ") + ".",
		Example: `  ug city wilmington
  ug city --pbf hamburg-latest.osm.pbf --bbox 9.95,53.53,10.05,53.58 --name hamburg
  ug city andorra --json
  ug city export wilmington --graphml wilmington.graphml   # the street network alone
  ug city bench --python ./peers/bin/python                # speed beside osmium, pyrosm and OSMnx`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := flags.spec(args)
			if err != nil {
				return err
			}
			art, err := store.Get(cmd.Context(), spec)
			if err != nil {
				return err
			}
			c, err := city.Open(cmd.Context(), spec)
			if err != nil {
				return err
			}
			r := describeCity(c, art)
			return a.print(r, r.write)
		},
	}
	flags.register(cmd)
	cmd.AddCommand(newCityExport(a, &flags), newCityBench(a, &flags))
	return cmd
}

// cityResult is what "ug city" says.
type cityResult struct {
	Name     string         `json:"name"`
	Title    string         `json:"title"`
	Country  string         `json:"country,omitempty"`
	Bound    string         `json:"bbox"` // W,S,E,N in degrees
	Nodes    map[string]int `json:"nodes"`
	Edges    map[string]int `json:"edges"`
	Scenery  int            `json:"scenery"`
	Regions  map[string]int `json:"regions"`
	Faults   []osm.Fault    `json:"faults,omitempty"` // of the extract
	Credit   string         `json:"credit"`
	Artefact store.Ref      `json:"artefact"`
	Dir      string         `json:"dir"`
}

func describeCity(c *city.City, art *store.Artefact) *cityResult {
	r := &cityResult{
		Name: c.Name, Title: c.Title, Country: c.Country, Bound: geo.FormatBound(c.Bound),
		Nodes: map[string]int{}, Edges: map[string]int{}, Scenery: len(c.Scenery), Regions: map[string]int{}, Faults: c.Faults,
		Credit: c.Credit, Artefact: art.Ref(), Dir: art.Dir,
	}
	for i := range c.Nodes {
		r.Nodes[c.Nodes[i].Kind.String()]++
	}
	for i := range c.Edges {
		r.Edges[c.Edges[i].Type.String()]++
	}
	for i := range c.Regions {
		r.Regions[c.Regions[i].Division.String()]++
	}
	return r
}

func (r *cityResult) write(w io.Writer) error {
	var f facts
	f.add("city", "%s (%s)", cmp.Or(r.Title, r.Name), r.Name)
	if r.Country != "" {
		f.add("country", "%s", r.Country)
	}
	f.add("box", "%s", r.Bound)
	f.add("nodes", "%s", counts(r.Nodes))
	f.add("edges", "%s", counts(r.Edges))
	f.add("scenery", "%d features", r.Scenery)
	f.add("regions", "%s", counts(r.Regions))
	for _, fault := range r.Faults {
		f.add("extract", "%s", fault)
	}
	f.add("folder", "%s", r.Dir)
	f.add("credit", "%s", r.Credit)
	return f.write(w)
}

// counts writes numbers by name, the largest first, after their sum.
func counts(m map[string]int) string {
	sum := 0
	var parts []string
	for _, k := range byCount(m) {
		sum += m[k]
		parts = append(parts, fmt.Sprintf("%s %d", k, m[k]))
	}
	return fmt.Sprintf("%d (%s)", sum, strings.Join(parts, ", "))
}
