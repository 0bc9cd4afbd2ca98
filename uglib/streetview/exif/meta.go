package exif

import (
	"errors"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// ErrNone is returned where a file holds neither an EXIF block nor a heading in
// XMP.
var ErrNone = errors.New("no EXIF block")

// Meta is what an image says about itself.
type Meta struct {
	Pos         orb.Point   // longitude, latitude in degrees (WGS 84)
	HasPos      bool        // false if the image has no GPS position
	Fault       string      // what is wrong with a GPS position that is none, with the cure; "" if nothing is
	Heading     geo.Bearing // direction that the camera looked to (GPSImgDirection, else GPano:PoseHeadingDegrees of XMP)
	HasHeading  bool        // false if the image has no direction
	Magnetic    bool        // the heading counts from magnetic north, not from true north
	Pano        bool        // the heading is that of XMP
	Taken       time.Time   // UTC: DateTimeOriginal with OffsetTimeOriginal, else by the clock of GPS; see Parse; zero if unknown
	Orientation int         // 1 to 8 as TIFF defines them; 0 if the tag is absent
	Description string      // ImageDescription
	Software    string      // Software
	Copyright   string      // Copyright
}

// TIFF and EXIF tags in use.
const (
	tagDescription = 0x010E
	tagOrientation = 0x0112
	tagSoftware    = 0x0131
	tagDateTime    = 0x0132
	tagCopyright   = 0x8298
	tagExifIFD     = 0x8769
	tagGPSIFD      = 0x8825

	tagExifVersion      = 0x9000
	tagDateTimeOriginal = 0x9003
	tagOffsetOriginal   = 0x9011

	tagGPSVersion   = 0x0000
	tagLatitudeRef  = 0x0001
	tagLatitude     = 0x0002
	tagLongitudeRef = 0x0003
	tagLongitude    = 0x0004
	tagGPSTime      = 0x0007
	tagImgDirRef    = 0x0010
	tagImgDir       = 0x0011
	tagMapDatum     = 0x0012
	tagGPSDate      = 0x001D
)

// TIFF field types in use.
const (
	typeByte      = 1
	typeASCII     = 2
	typeShort     = 3
	typeLong      = 4
	typeRational  = 5
	typeUndefined = 7
	typeSigned    = 10 // rational
)

// typeSize holds the bytes of one value of each TIFF field type.
var typeSize = [...]int{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8}

const (
	timeLayout = "2006:01:02 15:04:05"
	dateLayout = "2006:01:02"
)
