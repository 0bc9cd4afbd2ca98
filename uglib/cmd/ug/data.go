package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugbench"
	"urbangraph/uglib/ugdata"
)

// dataFlags say which dataset a command is about.
type dataFlags struct {
	own            cityFlags
	views          viewFlags
	train, heldOut []string
	seed           uint64
	options        optionFlags
	splits         splitFlags
	captions       captionFlags
}

const dataHelp = `Without flags it is the default dataset: the built-in cities with drawn views (a small one
if UG_FAST=1 is set). --train and --held-out name built-in cities, each with its number of
drawn views; --pbf gives a training city of your own, with drawn views, with photographs of
yours (--photos), or with those of Mapillary or KartaView (see "ug views --help").`

func (f *dataFlags) register(cmd *cobra.Command) {
	f.own.register(cmd)
	f.views.register(cmd)
	flags := cmd.PersistentFlags()
	flags.StringArrayVar(&f.train, "train", nil, "built-in city to train on, as `NAME[=VIEWS]` (may be repeated)")
	flags.StringArrayVar(&f.heldOut, "held-out", nil, "built-in city that training never sees, as `NAME[=VIEWS]` (may be repeated)")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of views, splits, destinations and instructions")
	f.options.register(flags)
	f.splits.register(flags)
	f.captions.register(cmd)
}

// spec returns the dataset of the flags.
func (f *dataFlags) spec(cmd *cobra.Command) (ugdata.Spec, error) {
	spec, err := f.cities(cmd)
	if err != nil {
		return ugdata.Spec{}, err
	}
	spec.Seed = f.seed
	if err := f.splits.apply(cmd, &spec.Options.Splits); err != nil {
		return ugdata.Spec{}, err
	}
	if err := f.options.apply(cmd, &spec.Options); err != nil {
		return ugdata.Spec{}, err
	}
	return spec, f.captions.apply(cmd, &spec)
}

func (f *dataFlags) cities(cmd *cobra.Command) (ugdata.Spec, error) {
	if !f.own.given() && len(f.train) == 0 {
		for _, name := range append([]string{"held-out", "photos", "mapillary", "kartaview", "mapillary-file", "count", "size", "bbox", "name"}, photoNames...) {
			if cmd.Flags().Changed(name) {
				return ugdata.Spec{}, usagef("--%s goes with a city to train on: give --train NAME or --pbf FILE", name)
			}
		}
		return ugdata.Default()
	}
	f.views.seed = f.seed
	var spec ugdata.Spec
	if f.own.given() {
		c, err := f.own.spec(nil)
		if err != nil {
			return ugdata.Spec{}, err
		}
		v, err := f.views.spec(cmd, c)
		if err != nil {
			return ugdata.Spec{}, err
		}
		spec.Train = append(spec.Train, v)
	} else if f.views.photos != "" || f.views.online.given() {
		return ugdata.Spec{}, usagef("photographs go with a city of your own: give --pbf FILE")
	}
	for _, part := range []struct {
		names []string
		to    *[]streetview.Spec
	}{{f.train, &spec.Train}, {f.heldOut, &spec.HeldOut}} {
		for _, text := range part.names {
			v, err := f.builtin(text)
			if err != nil {
				return ugdata.Spec{}, err
			}
			*part.to = append(*part.to, v)
		}
	}
	return spec, nil
}

// builtin reads NAME[=VIEWS].
func (f *dataFlags) builtin(text string) (streetview.Spec, error) {
	name, number, ok := strings.Cut(text, "=")
	count := f.views.count
	if ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 {
			return streetview.Spec{}, usagef("%q is no NAME[=VIEWS]; try %s=400", text, name)
		}
		count = n
	}
	c, err := city.Builtin(name)
	if err != nil {
		return streetview.Spec{}, err
	}
	return f.views.drawn(c, count)
}

// newData is "ug data".
func newData(a *app) *cobra.Command {
	var flags dataFlags
	cmd := &cobra.Command{
		Use:   "data",
		Short: "Build, look at, check and export datasets (UGData)",
		Long: "A dataset holds places with their subgraphs, reasoning paths (SRP) and captions (SCC), split by\n" +
			"spatial blocks with a buffer between them, and the training pairs of both stages.\n\n" + dataHelp,
		Args: cobra.NoArgs,
		RunE: help,
	}
	flags.register(cmd)
	cmd.AddCommand(newDataBuild(a, &flags), newDataShow(a, &flags), newDataAudit(a, &flags), newDataExport(a, &flags), newDataImport(a), newDataPaths(a, &flags), newDataCaptions(a, &flags))
	return cmd
}

func newDataBuild(a *app, flags *dataFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "build",
		Short: "Build a dataset",
		Long:  "Build a dataset, its cities and street views first.\n\n" + dataHelp + "\n\n" + splitHelp + "\n\n" + captionHelp + "\n\n" + optionHelp,
		Example: `  ug data build
  ug data build --train wilmington=400 --held-out andorra=100
  ug data build --pbf my.osm.pbf --bbox 9.95,53.53,10.05,53.58 --photos ~/photos
  ug data build --train wilmington=400 --train newark=300 --split-city newark=test
  ug data build --train wilmington=400 --folds 5 --fold 2
  ug data build --train dover=400 --paths-wanted 5 --destinations places+crossings --max-distance 800`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			spec, err := flags.spec(cmd)
			if err != nil {
				return err
			}
			art, err := store.Get(cmd.Context(), spec)
			if err != nil {
				return err
			}
			d, err := ugdata.Open(cmd.Context(), spec)
			if err != nil {
				return err
			}
			r := describeData(d, art)
			diversity, err := d.PathDiversity()
			if err != nil {
				return err
			}
			r.Paths = newDiversityResult(diversity)
			return a.print(r, r.write)
		},
	}
}

// open opens the dataset that the flags name, and builds it if it is absent.
func (f *dataFlags) open(cmd *cobra.Command) (*ugdata.Dataset, error) {
	spec, err := f.spec(cmd)
	if err != nil {
		return nil, err
	}
	return ugdata.Open(cmd.Context(), spec)
}

// dataResult is what "ug data build" says.
type dataResult struct {
	Places   map[string]map[string]int `json:"places"`  // by city and split
	Samples  map[string]int            `json:"samples"` // by stage and kind
	Origins  map[string]int            `json:"origins"` // places by how their images came to be
	Paths    diversityResult           `json:"paths"`
	Artefact store.Ref                 `json:"artefact"`
	Dir      string                    `json:"dir"`
}

func describeData(d *ugdata.Dataset, art *store.Artefact) *dataResult {
	r := &dataResult{
		Places: map[string]map[string]int{}, Samples: map[string]int{}, Origins: map[string]int{},
		Artefact: art.Ref(), Dir: art.Dir,
	}
	for i := range d.Places {
		p := &d.Places[i]
		if r.Places[p.City] == nil {
			r.Places[p.City] = map[string]int{}
		}
		r.Places[p.City][string(p.Split)]++
		r.Origins[string(p.Origin)]++
	}
	for _, s := range d.Samples {
		r.Samples[fmt.Sprintf("stage %d %s", s.Stage, s.Kind)]++
	}
	return r
}

func (r *dataResult) write(w io.Writer) error {
	splits := []ugdata.Split{ugdata.Train, ugdata.Val, ugdata.Test, ugdata.HeldOut, ugdata.Buffer}
	header := []string{"City"}
	for _, s := range splits {
		header = append(header, string(s))
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(r.Places)) {
		row := []string{name}
		for _, s := range splits {
			row = append(row, fmt.Sprint(r.Places[name][string(s)]))
		}
		rows = append(rows, row)
	}
	if err := ugbench.WriteText(w, header, rows); err != nil {
		return err
	}
	var f facts
	f.add("", "")
	f.add("images", "%s", counts(r.Origins))
	f.add("pairs", "%s", counts(r.Samples))
	r.Paths.facts(&f)
	f.add("folder", "%s", r.Dir)
	return f.write(w)
}

func newDataShow(a *app, flags *dataFlags) *cobra.Command {
	var number int
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "Show places of a dataset with their texts",
		Long:    "Show places of a dataset with their captions and reasoning paths.\n\n" + dataHelp,
		Example: "  ug data show\n  ug data show --places 10 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if number < 1 {
				return usagef("--places %d shows nothing; try 3", number)
			}
			d, err := flags.open(cmd)
			if err != nil {
				return err
			}
			r := showPlaces(d, number)
			return a.print(r, func(w io.Writer) error { return writePlaces(w, r) })
		},
	}
	cmd.Flags().IntVar(&number, "places", 3, "number of places")
	return cmd
}

// placeResult is one place as "ug data show" says it.
type placeResult struct {
	ID        int64   `json:"id"`
	City      string  `json:"city"`
	Split     string  `json:"split"`
	Longitude float64 `json:"longitude"`
	Latitude  float64 `json:"latitude"`
	Heading   float64 `json:"heading"` // degrees from north
	Image     string  `json:"image"`
	Origin    string  `json:"origin"`
	Nodes     int     `json:"nodes"` // of the subgraph
	Edges     int     `json:"edges"`
	Caption   string  `json:"caption"`
	Summary   string  `json:"summary"`
	CaptionBy string  `json:"caption_by"` // template or model
	NamesOnly string  `json:"names_only"`
	Paths     []walk  `json:"paths"`
}

// walk is a reasoning path in both forms.
type walk struct {
	Plain   string `json:"plain"`
	Grammar string `json:"grammar"`
}

// showPlaces picks places at even steps through the dataset.
func showPlaces(d *ugdata.Dataset, number int) []placeResult {
	number = min(number, len(d.Places))
	list := []placeResult{}
	for i := range number {
		p := &d.Places[i*len(d.Places)/number]
		r := placeResult{
			ID: p.ID, City: p.City, Split: string(p.Split), Longitude: p.Pos[0], Latitude: p.Pos[1],
			Heading: float64(p.Heading), Image: p.Image, Origin: string(p.Origin),
			Nodes: len(p.Graph.Nodes), Edges: len(p.Graph.Edges),
			Caption: p.Caption, Summary: p.Summary, CaptionBy: p.CaptionBy, NamesOnly: p.NamesOnly, Paths: []walk{},
		}
		for _, path := range p.Paths {
			r.Paths = append(r.Paths, walk{path.Plain, path.Text})
		}
		list = append(list, r)
	}
	return list
}

func writePlaces(w io.Writer, list []placeResult) error {
	for i, p := range list {
		var f facts
		if i > 0 {
			f.add("", "")
		}
		f.add("place", "%d in %s (%s), %.5f,%.5f heading %.0f°", p.ID, p.City, p.Split, p.Longitude, p.Latitude, p.Heading)
		f.add("image", "%s (%s)", p.Image, p.Origin)
		f.add("subgraph", "%d nodes, %d edges", p.Nodes, p.Edges)
		f.add("caption", "%s", p.Caption)
		f.add("summary", "%s", p.Summary)
		f.add("names only", "%s", p.NamesOnly)
		for _, path := range p.Paths {
			f.add("path", "%s", path.Plain)
		}
		if err := f.write(w); err != nil {
			return err
		}
	}
	return nil
}
