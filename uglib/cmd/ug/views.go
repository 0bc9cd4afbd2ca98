package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

// viewFlags say which street views a command is about.
type viewFlags struct {
	online onlineFlags
	photo  photoFlags
	photos string
	count  int
	seed   uint64
	size   string
}

const defaultViews = 400

func (f *viewFlags) register(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.photos, "photos", "", "folder `DIR` of geotagged photographs, instead of drawn views")
	f.photo.register(flags)
	f.online.register(flags)
	flags.IntVar(&f.count, "count", defaultViews, "number of drawn views")
	flags.StringVar(&f.size, "size", "", "`WIDTHxHEIGHT` of drawn views in pixels (default 448x336)")
}

// spec returns the views of a city.
func (f *viewFlags) spec(cmd *cobra.Command, c city.Spec) (streetview.Spec, error) {
	s, err := f.source(cmd, c)
	if err != nil {
		return streetview.Spec{}, err
	}
	if s, err = f.photo.table(s); err != nil {
		return streetview.Spec{}, err
	}
	return f.photo.rules(s)
}

// source returns the views of a city by where they come from.
func (f *viewFlags) source(cmd *cobra.Command, c city.Spec) (streetview.Spec, error) {
	if err := f.online.check(cmd, f.photos != ""); err != nil {
		return streetview.Spec{}, err
	}
	if f.online.given() {
		return f.online.spec(cmd, c, f.photos)
	}
	if f.photos != "" {
		for _, name := range []string{"count", "size"} {
			if cmd.Flags().Changed(name) {
				return streetview.Spec{}, usagef("--%s is for drawn views and --photos for photographs; give one", name)
			}
		}
		return streetview.Folder(c, f.photos)
	}
	return f.drawn(c, f.count)
}

func (f *viewFlags) drawn(c city.Spec, count int) (streetview.Spec, error) {
	s := streetview.Render(c, count)
	if f.seed != 0 {
		s.Seed = f.seed
	}
	if f.size != "" {
		var rest string
		n, _ := fmt.Sscanf(f.size, "%dx%d%s", &s.Width, &s.Height, &rest)
		if n != 2 || s.Width < 16 || s.Height < 16 || s.Width > 4096 || s.Height > 4096 {
			return streetview.Spec{}, usagef("--size %q is no size from 16x16 to 4096x4096; try 448x336", f.size)
		}
	}
	return f.photo.rules(s)
}

// newViews is "ug views".
func newViews(a *app) *cobra.Command {
	var where cityFlags
	var flags viewFlags
	var list bool
	cmd := &cobra.Command{
		Use:   "views [NAME]",
		Short: "Make street views of a city, or get photographs of it",
		Long: `Draw street views from the geometry of a city at positions along its streets, as JPEG files
with position and heading in EXIF, or read a folder of geotagged photographs, or fetch those
of Mapillary or KartaView; and anchor each to the street that it stands on. What is no view
of the city and what no street is near is counted, and listed in the folder of the artefact.

` + cityHelp + "\n\n" + photoHelp + "\n\n" + onlineHelp,
		Example: `  ug views wilmington --count 400
  ug views --pbf my.osm.pbf --bbox 9.95,53.53,10.05,53.58 --photos ~/photos
  ug views --pbf my.osm.pbf --photos ~/photos --sidecar track.csv --reach 30 --near-skip --list
  ug views --pbf my.osm.pbf --mapillary --max 2000 --spacing 15 --since 2022-01-01
  ug views dover --mapillary-file mapillary_results_cleaned.jsonl --photos images`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := where.spec(args)
			if err != nil {
				return err
			}
			spec, err := flags.spec(cmd, c)
			if err != nil {
				return err
			}
			art, err := store.Get(cmd.Context(), spec)
			if err != nil {
				return err
			}
			town, set, err := streetview.Open(cmd.Context(), spec)
			if err != nil {
				return err
			}
			r := describeViews(c.Name, set, art)
			if list {
				r.List = listViews(town, set)
			}
			return a.print(r, r.write)
		},
	}
	where.register(cmd)
	flags.register(cmd)
	cmd.Flags().Uint64Var(&flags.seed, "seed", 1, "seed of positions, headings, light and weather of drawn views")
	cmd.Flags().BoolVar(&list, "list", false, "list each view with its street and what it looks at")
	return cmd
}
