package main

import (
	"math"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/streetview/kartaview"
	"urbangraph/uglib/streetview/mapillary"
)

// onlineFlags say which photographs of a street-view service to fetch.
type onlineFlags struct {
	mapillary, kartaview bool
	file                 string
	tokenFile            string

	max, perCell, cellLevel int
	spacing                 float64
	since, until            string
	creator                 string
	organization            int64
	sequences               []string
	panoramas               string
	imageSize               int
	original                bool
	choice                  uint64

	rate     float64
	parallel int
}

const onlineHelp = `--mapillary and --kartaview fetch photographs of a street-view service: all flat ones of the city,
or those that the other flags ask for, spread evenly over it. An interrupted command goes on
where it stopped, and what the service could not give is listed. Mapillary needs the client token
of a registered application (www.mapillary.com/dashboard/developers) in $MAPILLARY_TOKEN or
--token-file. KartaView needs none; a token in $KARTAVIEW_TOKEN allows more requests an hour.
--mapillary-file reads metadata that were fetched before, with the image files of --photos.`

// flags of photographs of a service alone, in the order of the help.
var onlineNames = []string{
	"token-file", "max", "per-cell", "spread-level", "spacing", "since", "until", "creator", "organization", "sequence",
	"panoramas", "image-size", "original-position", "choice-seed", "fetch-rate", "fetch-parallel",
}

func (f *onlineFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.mapillary, "mapillary", false, "photographs of Mapillary, instead of drawn views")
	flags.BoolVar(&f.kartaview, "kartaview", false, "photographs of KartaView, instead of drawn views")
	flags.StringVar(&f.file, "mapillary-file", "", "metadata `FILE` of Mapillary, a JSON object a line; the image files are in --photos (default images beside it)")
	flags.StringVar(&f.tokenFile, "token-file", "", "`FILE` that holds the access token of the service, instead of its variable")
	flags.IntVar(&f.max, "max", 0, "photographs of the service at most (default all)")
	flags.IntVar(&f.perCell, "per-cell", 0, "photographs in an S2 cell at most (default any number)")
	flags.IntVar(&f.cellLevel, "spread-level", mapillary.DefaultCellLevel, "`LEVEL` of the S2 cells that photographs are spread over, 0 to 30")
	flags.Float64Var(&f.spacing, "spacing", 0, "least distance in `METRES` between two photographs")
	flags.StringVar(&f.since, "since", "", "photographs of this `DATE` (2006-01-02) or later")
	flags.StringVar(&f.until, "until", "", "photographs before this `DATE`")
	flags.StringVar(&f.creator, "creator", "", "photographs of the user `NAME`")
	flags.Int64Var(&f.organization, "organization", 0, "photographs of the organization `ID` (Mapillary)")
	flags.StringSliceVar(&f.sequences, "sequence", nil, "photographs of the sequence `ID` (Mapillary; may be repeated)")
	flags.StringVar(&f.panoramas, "panoramas", "skip", "panoramas: skip, with or only")
	flags.IntVar(&f.imageSize, "image-size", mapillary.DefaultSize, "width of the files in `PIXELS`: 256, 1024 or 2048, 0 for the original (Mapillary)")
	flags.BoolVar(&f.original, "original-position", false, "position and heading as the camera said, not as the service corrected them")
	flags.Uint64Var(&f.choice, "choice-seed", 0, "seed of the choice among more photographs than are asked for")
	flags.Float64Var(&f.rate, "fetch-rate", 0, "requests a second to the service at most (default 10 to Mapillary, 100 an hour to KartaView)")
	flags.IntVar(&f.parallel, "fetch-parallel", 0, "requests to the service at the same time (default 4 to Mapillary, 2 to KartaView)")
}

// given says whether photographs of a service are asked for.
func (f *onlineFlags) given() bool { return f.mapillary || f.kartaview || f.file != "" }

// check returns an error for flags that do not go together.
func (f *onlineFlags) check(cmd *cobra.Command, photos bool) error {
	n := 0
	for _, on := range []bool{f.mapillary, f.kartaview, f.file != "", photos && f.file == ""} {
		if on {
			n++
		}
	}
	if n > 1 {
		return usagef("--mapillary, --kartaview, --mapillary-file and --photos are different photographs; give one")
	}
	changed := cmd.Flags().Changed
	for _, name := range onlineNames {
		if changed(name) && !f.given() {
			return usagef("--%s is for photographs of a service; give --mapillary, --kartaview or --mapillary-file with it", name)
		}
	}
	for _, name := range []string{"count", "size"} {
		if f.given() && changed(name) {
			return usagef("--%s is for drawn views; leave it out with photographs", name)
		}
	}
	for _, name := range []string{"organization", "sequence", "image-size"} {
		if !f.mapillary && changed(name) {
			return usagef("--%s is for --mapillary", name)
		}
	}
	for _, name := range []string{"token-file", "fetch-rate", "fetch-parallel"} {
		if f.file != "" && changed(name) {
			return usagef("--%s is for a service on the network, which --mapillary-file does not ask", name)
		}
	}
	if f.rate < 0 || f.parallel < 0 || math.IsNaN(f.rate) {
		return usagef("--fetch-rate and --fetch-parallel must be positive")
	}
	return nil
}

// spec returns the views of a city, and puts how to ask for them into the
// context of the command.
func (f *onlineFlags) spec(cmd *cobra.Command, c city.Spec, photos string) (streetview.Spec, error) {
	limits, err := f.limits()
	if err != nil {
		return streetview.Spec{}, err
	}
	options := mapillary.Options{Rate: f.rate, Parallel: f.parallel}
	if f.kartaview {
		q := kartaview.Query{Limits: limits}
		if err := q.Check(); err != nil {
			return streetview.Spec{}, usageError{err}
		}
		if options.Token, err = kartaview.FindToken(f.tokenFile); err != nil {
			return streetview.Spec{}, err
		}
		cmd.SetContext(kartaview.With(cmd.Context(), options))
		return streetview.KartaView(c, q), nil
	}
	q := mapillary.Query{Limits: limits, Organization: mapillary.ID(f.organization), Sequences: f.sequences}
	if q.Size = f.imageSize; q.Size == 0 {
		q.Size = -1
	} else if q.Size == mapillary.DefaultSize {
		q.Size = 0
	}
	if err := q.Check(); err != nil {
		return streetview.Spec{}, usageError{err}
	}
	if f.file != "" {
		return streetview.MapillaryFile(c, f.file, photos, q)
	}
	if options.Token, err = mapillary.FindToken(f.tokenFile); err != nil {
		return streetview.Spec{}, err
	}
	cmd.SetContext(mapillary.With(cmd.Context(), options))
	return streetview.Mapillary(c, q), nil
}

func (f *onlineFlags) limits() (mapillary.Limits, error) {
	l := mapillary.Limits{
		Creator: f.creator, Max: f.max, PerCell: f.perCell, Spacing: geo.Metres(f.spacing), Seed: f.choice, Original: f.original,
	}
	if f.cellLevel != mapillary.DefaultCellLevel {
		l.CellLevel = f.cellLevel
	}
	switch f.panoramas {
	case "skip":
	case "with", "only":
		l.Panoramas = mapillary.Panoramas(f.panoramas)
	default:
		return l, usagef("--panoramas %q is none of skip, with and only", f.panoramas)
	}
	for _, day := range []struct {
		name, text string
		to         *time.Time
	}{{"since", f.since, &l.Since}, {"until", f.until, &l.Until}} {
		if day.text == "" {
			continue
		}
		t, err := time.Parse(time.DateOnly, day.text)
		if err != nil {
			if t, err = time.Parse(time.RFC3339, day.text); err != nil {
				return l, usagef("--%s %q is no date; give one such as 2024-05-31, or 2024-05-31T12:00:00Z", day.name, day.text)
			}
		}
		*day.to = t.UTC()
	}
	return l, nil
}

// creditOf returns what to print beside the pictures of an artefact.
func creditOf(summary map[string]any) string {
	text, _ := summary["credit"].(string)
	return text
}
