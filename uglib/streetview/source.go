package streetview

import (
	"context"
	"fmt"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/store"
)

// source is one way to come by the images of a set: views drawn from the city,
// the photographs of a folder, or a service of street pictures. Sources differ
// in how the files come into place and in what is known about them beside
// their own EXIF blocks; all that follows is the same for every source, see
// [gather].
type source interface {
	// check returns an error for options that no set can be made of; it needs
	// neither files nor network.
	check() error
	// fetch brings the image files into place and lists them: in b's folder
	// [imageDir], or where the user keeps them. Long work marks what it has by
	// b.Keep, so that an interrupted build goes on from there, and notes small
	// facts by b.Summary. It reports progress through ctx.
	fetch(ctx context.Context, c *city.City, b *store.Build) (*haul, error)
}

// haul is what a source brings.
type haul struct {
	dir     string      // folder of the image files
	images  []found     // in the order of the set
	skipped []Skipped   // what the source had to leave out, by file name or service id
	sidecar *SidecarUse // nil if there is none
}

// found is an image file, and what its source says about it.
type found struct {
	file   string // name inside the folder, with slashes
	id     int64  // id of the image; 0 for one made from the file's name
	origin Origin // a file whose EXIF block says that it was drawn is Rendered whatever the source says
	facts  facts  // fill what the file's EXIF block lacks
	first  bool   // facts go before the EXIF block instead
	credit string // creator and licence
	// sequence is the drive or walk that the photograph belongs to.
	sequence string
	fault    string // what is wrong with the facts, which are empty then
}

// facts are what is said about an image beside the image file.
type facts struct {
	pos        orb.Point // longitude, latitude in degrees
	hasPos     bool
	heading    geo.Bearing
	hasHeading bool
	magnetic   bool      // the heading counts from magnetic north
	pano       bool      // the heading is that of a panorama's XMP block
	taken      time.Time // UTC; zero if unknown
}

// source returns the source that the spec names.
func (s Spec) source() (source, error) {
	switch s.Origin {
	case Rendered:
		return drawn{s}, nil
	case Photo:
		return folder{s}, nil
	case FromMapillary:
		switch {
		case s.Mapillary == nil:
			return nil, fmt.Errorf("views of Mapillary have no query; make the spec with streetview.Mapillary or streetview.MapillaryFile")
		case s.Content != "":
			return metadata{s}, nil
		}
		return online{s.Mapillary.Check, s.fetchMapillary, s.Origin, s.Mapillary.Original}, nil
	case FromKartaView:
		if s.KartaView == nil {
			return nil, fmt.Errorf("views of KartaView have no query; make the spec with streetview.KartaView")
		}
		return online{s.KartaView.Check, s.fetchKartaView, s.Origin, s.KartaView.Original}, nil
	}
	return nil, fmt.Errorf("views of origin %q cannot be made here; use streetview.Render, streetview.Folder, streetview.Mapillary or streetview.KartaView", s.Origin)
}
