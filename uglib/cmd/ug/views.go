package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

// viewFlags say which street views a command is about.
type viewFlags struct {
	online onlineFlags
	photos string
	count  int
	seed   uint64
	size   string
}

const defaultViews = 400

func (f *viewFlags) register(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.photos, "photos", "", "folder `DIR` of geotagged photographs, instead of drawn views")
	f.online.register(flags)
	flags.IntVar(&f.count, "count", defaultViews, "number of drawn views")
	flags.StringVar(&f.size, "size", "", "`WIDTHxHEIGHT` of drawn views in pixels (default 448x336)")
}

// spec returns the views of a city.
func (f *viewFlags) spec(cmd *cobra.Command, c city.Spec) (streetview.Spec, error) {
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
	return s, nil
}

// newViews is "ug views".
func newViews(a *app) *cobra.Command {
	var where cityFlags
	var flags viewFlags
	cmd := &cobra.Command{
		Use:   "views [NAME]",
		Short: "Make street views of a city, or get photographs of it",
		Long: `Draw street views from the geometry of a city at positions along its streets, as JPEG files
with position and heading in EXIF, or read a folder of geotagged photographs, or fetch those
of Mapillary or KartaView; and anchor each to the street that it stands on.

` + cityHelp + "\n\n" + onlineHelp,
		Example: `  ug views wilmington --count 400
  ug views --pbf my.osm.pbf --bbox 9.95,53.53,10.05,53.58 --photos ~/photos
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
			_, set, err := streetview.Open(cmd.Context(), spec)
			if err != nil {
				return err
			}
			r := describeViews(c.Name, set, art)
			return a.print(r, r.write)
		},
	}
	where.register(cmd)
	flags.register(cmd)
	cmd.Flags().Uint64Var(&flags.seed, "seed", 1, "seed of positions, headings, light and weather of drawn views")
	return cmd
}

// viewsResult is what "ug views" says.
type viewsResult struct {
	City     string         `json:"city"`
	Views    int            `json:"views"`
	Origins  map[string]int `json:"origins"`
	Anchored int            `json:"anchored"` // to a street
	Skipped  map[string]int `json:"skipped"`  // files that are no views, by reason
	Images   string         `json:"images"`   // folder of the image files
	Credit   string         `json:"credit,omitempty"`
	Artefact store.Ref      `json:"artefact"`
	Dir      string         `json:"dir"`
}

func describeViews(name string, set *streetview.Set, art *store.Artefact) *viewsResult {
	r := &viewsResult{
		City: name, Views: len(set.Views), Origins: map[string]int{}, Skipped: map[string]int{},
		Images: set.Dir, Credit: creditOf(art.Manifest.Summary), Artefact: art.Ref(), Dir: art.Dir,
	}
	for _, v := range set.Views {
		r.Origins[string(v.Origin)]++
		if v.Street != city.None {
			r.Anchored++
		}
	}
	for _, s := range set.Skipped {
		r.Skipped[string(s.Reason)]++
	}
	return r
}

func (r *viewsResult) write(w io.Writer) error {
	var f facts
	f.add("city", "%s", r.City)
	f.add("views", "%s", counts(r.Origins))
	f.add("anchored", "%d to a street", r.Anchored)
	if len(r.Skipped) > 0 {
		var parts []string
		for _, reason := range byCount(r.Skipped) {
			parts = append(parts, fmt.Sprintf("%d %s", r.Skipped[reason], reason))
		}
		f.add("skipped", "%s (each in %s/skipped.json)", strings.Join(parts, ", "), r.Dir)
	}
	f.add("images", "%s", r.Images)
	if r.Credit != "" {
		f.add("credit", "%s", r.Credit)
	}
	f.add("folder", "%s", r.Dir)
	return f.write(w)
}
