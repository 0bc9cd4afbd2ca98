package main

import (
	"github.com/spf13/pflag"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// photoFlags say how photographs are read and views anchored.
type photoFlags struct {
	sidecar      string
	sidecarFirst bool
	reach        float64
	near         streetview.NearRule
	nearWithin   float64
}

const photoHelp = `Photographs of a folder are JPEG, PNG or WebP files; position, heading and time come from their
EXIF block, the heading of a panorama from XMP. What they lack is filled from a table: the file
sidecar, images, photos, views, metadata, positions or geotags (.csv, .tsv, .geojson) in the
folder, or --sidecar. Its columns are file (or id), lat, lon, heading, captured_at, or other
usual names. Files with the same bytes count once.`

func (f *photoFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.sidecar, "sidecar", "", "table of places of the photographs, CSV or GeoJSON `FILE`, or none (default the one in the folder)")
	flags.BoolVar(&f.sidecarFirst, "sidecar-first", false, "the table goes before the EXIF blocks")
	flags.Float64Var(&f.reach, "reach", float64(streetview.AnchorReach), "greatest distance in `METRES` from a view to its street")
	flags.IntVar(&f.near.Bits, "near-bits", streetview.NearBits, "`BITS` of 64 in which perceptual hashes of near duplicates differ at most")
	flags.Float64Var(&f.nearWithin, "near-within", float64(streetview.NearWithin), "greatest distance in `METRES` between near duplicates")
	flags.BoolVar(&f.near.Skip, "near-skip", false, "leave out near duplicates of an earlier view")
	flags.BoolVar(&f.near.Off, "no-hashes", false, "compute no perceptual hashes: much faster for large photographs")
}

// photoNames are the flags that only count for a city that is named.
var photoNames = []string{"sidecar", "sidecar-first", "reach", "near-bits", "near-within", "near-skip", "no-hashes"}

// table gives a folder of photographs its sidecar.
func (f *photoFlags) table(s streetview.Spec) (streetview.Spec, error) {
	path := f.sidecar
	switch {
	case path == "" && !f.sidecarFirst:
		return s, nil
	case s.Origin != streetview.Photo:
		return s, usagef("--sidecar and --sidecar-first go with a folder of photographs: give --photos DIR")
	case path == "":
		path = s.Sidecar
	case path == "none":
		path = ""
	}
	if path == "" && f.sidecarFirst {
		return s, usagef("--sidecar-first needs a table: give --sidecar FILE")
	}
	return s.WithSidecar(path, f.sidecarFirst)
}

// rules sets how views are anchored and what near duplicates are.
func (f *photoFlags) rules(s streetview.Spec) (streetview.Spec, error) {
	switch {
	case !(f.reach > 0 && f.reach <= 1000):
		return s, usagef("--reach %g is no distance up to 1000 m; try 50", f.reach)
	case f.near.Bits < 1 || f.near.Bits > 32:
		return s, usagef("--near-bits %d is not within 1 to 32; try %d", f.near.Bits, streetview.NearBits)
	case !(f.nearWithin > 0 && f.nearWithin <= 1000):
		return s, usagef("--near-within %g is no distance up to 1000 m; try 10", f.nearWithin)
	case f.near.Off && f.near.Skip:
		return s, usagef("near duplicates are found by perceptual hashes; give --near-skip or --no-hashes")
	}
	s.Reach, s.Near = geo.Metres(f.reach), f.near
	s.Near.Within = geo.Metres(f.nearWithin)
	return s, nil
}
