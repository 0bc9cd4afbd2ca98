package streetview

import (
	"cmp"
	"slices"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview/sidecar"
)

// Report says what became of the images of a set: each is a view that is
// anchored, a view without a street, or skipped. It stands in report.json of
// the artefact.
type Report struct {
	Reading
	Views      int            `json:"views"`
	Origins    map[Origin]int `json:"origins"`
	Anchored   int            `json:"anchored"`             // views with a street
	Streetless []Streetless   `json:"streetless,omitempty"` // views without one, the nearest to a street first
	Skipped    map[Reason]int `json:"skipped,omitempty"`    // images that are no views; each is in skipped.json
}

// Reading is what was found when the images of a set were read.
type Reading struct {
	Table    string        `json:"table,omitempty"`   // SHA-256 of views.parquet
	Images   int           `json:"images"`            // files that were read
	Reach    geo.Metres    `json:"reach"`             // greatest distance from a view to its street
	Headings Headings      `json:"headings"`          // of the views
	Sidecar  *SidecarUse   `json:"sidecar,omitempty"` // nil where there was none
	Near     []NearPicture `json:"near,omitempty"`    // views that look like an earlier one of the same place
}

// Headings counts where the headings of views come from.
type Headings struct {
	Known    int `json:"known"`              // views that say where they look
	Magnetic int `json:"magnetic,omitempty"` // of these, ones from magnetic north, brought to true north
	Undated  int `json:"undated,omitempty"`  // of the magnetic ones, those without a time; see [TrueNorth]
	Pano     int `json:"pano,omitempty"`     // of the known, ones from the XMP block of a panorama
	Sidecar  int `json:"sidecar,omitempty"`  // of the known, ones from the sidecar
}

// Streetless is a view that no street is near.
type Streetless struct {
	ID      int64      `json:"id,string"`
	File    string     `json:"file"`
	Nearest geo.Metres `json:"nearest"` // distance to the nearest street; -1 if the city has none
}

// SidecarUse says what became of the rows of a sidecar.
type SidecarUse struct {
	File     string            `json:"file"`
	First    bool              `json:"first,omitempty"`    // its values went before those of EXIF
	Rows     int               `json:"rows"`               // without wrong ones
	Used     int               `json:"used"`               // rows that belong to an image file
	NoFile   []SidecarRow      `json:"no_file,omitempty"`  // rows that belong to none
	NoRow    []string          `json:"no_row,omitempty"`   // image files that have no row
	Problems []sidecar.Problem `json:"problems,omitempty"` // wrong rows
}

// SidecarRow names a row of a sidecar.
type SidecarRow struct {
	Line int    `json:"line"` // or number of the feature
	File string `json:"file"` // as the row says, or its id
}

// NearPicture is an image that looks like an earlier one of the same place; see
// [NearRule].
type NearPicture struct {
	File     string     `json:"file"`
	Of       string     `json:"of"`   // the earlier file that is most like it
	Bits     int        `json:"bits"` // in which their perceptual hashes differ
	Distance geo.Metres `json:"distance"`
}

// Report sums up the set.
func (s *Set) Report() Report {
	r := Report{Reading: s.Reading, Views: len(s.Views), Origins: map[Origin]int{}, Skipped: map[Reason]int{}}
	for _, v := range s.Views {
		r.Origins[v.Origin]++
		if v.Street != city.None {
			r.Anchored++
			continue
		}
		nearest := v.Distance
		if !v.HasFoot() {
			nearest = -1
		}
		r.Streetless = append(r.Streetless, Streetless{v.ID, v.File, nearest})
	}
	slices.SortStableFunc(r.Streetless, func(a, b Streetless) int { return cmp.Compare(a.Nearest, b.Nearest) })
	for _, f := range s.Skipped {
		r.Skipped[f.Reason]++
	}
	return r
}
