package streetview

import (
	"path/filepath"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview/imagehash"
)

// Origin says how an image came to be; every table and figure that shows the
// image repeats it.
type Origin string

const (
	Rendered      Origin = "rendered"  // drawn from the city's geometry
	Photo         Origin = "photo"     // a file of a photo folder
	FromMapillary Origin = "mapillary" // fetched from Mapillary
	FromKartaView Origin = "kartaview" // fetched from KartaView
)

// View is one geotagged image, anchored to the street that it stands on.
type View struct {
	ID         int64          // 15 to 17 digits, as Mapillary's, so that the reference tells it from an OSM node
	File       string         // name of the image file inside the set's folder, with slashes
	Origin     Origin         //
	Pos        orb.Point      // longitude, latitude in degrees
	Heading    geo.Bearing    // of the camera's axis, from true north; 0 if HasHeading is false
	HasHeading bool           // false for a photograph that does not say where it looks
	Taken      time.Time      // UTC; zero if unknown
	Credit     string         // creator and licence, to be printed beside the picture; "" if unknown
	Sequence   string         // the drive or walk on which it was taken, by the service's id; "" if unknown
	SHA256     string         // of the image file, 64 hexadecimal digits
	Hash       imagehash.Hash // of the upright picture; 0 if it was not computed
	Street     city.NodeID    // street that it stands on, or city.None where none is within reach; see Anchor
	Foot       orb.Point      // point of that street nearest to Pos, or of the nearest street where none is within reach
	Distance   geo.Metres     // from Pos to Foot
	Bearing    geo.Bearing    // from Pos to Foot
}

// HasFoot is false for a view of a city without streets.
func (v *View) HasFoot() bool { return v.Foot != orb.Point{} }

// Set is a folder of views of one city.
type Set struct {
	Dir     string    // folder of the image files
	Views   []View    // in the order of their file names
	Skipped []Skipped // files of the folder that are no views, in the same order
	Reading Reading   // what was found when the files were read; see Report
}

// Skipped is an image file that is no view of the city.
type Skipped struct {
	File   string `json:"file"`
	Reason Reason `json:"reason"`
	Detail string `json:"detail,omitempty"`
}

// Reason says why a file is no view.
type Reason string

const (
	NoPosition Reason = "no position"      // neither in EXIF nor in a sidecar; Detail says what is wrong with one that is there
	BadRow     Reason = "bad sidecar row"  // its row of the sidecar has a wrong value
	Outside    Reason = "outside the city" // positioned, but not within the city's bound
	Unreadable Reason = "unreadable"       // no image of a known format, or damaged
	Duplicate  Reason = "duplicate"        // the same bytes as an earlier file, which Detail names
	NearTwin   Reason = "near duplicate"   // looks like an earlier file of the same place, which Detail names; see NearRule

	NotFetched  Reason = "not fetched"  // a photograph that its service could not give, by id
	NotSearched Reason = "not searched" // a box (west,south,east,north) that a service did not answer for
	BadMetadata Reason = "bad metadata" // a row of metadata, by line, that stands for no photograph
	NoFile      Reason = "no file"      // a photograph of the metadata whose image file is not in the folder
)

// Path returns the path of a view's image file.
func (s *Set) Path(v View) string { return filepath.Join(s.Dir, filepath.FromSlash(v.File)) }
