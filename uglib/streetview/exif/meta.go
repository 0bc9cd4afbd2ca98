package exif

import (
	"errors"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// ErrNone is returned where a file holds no EXIF block.
var ErrNone = errors.New("no EXIF block")

// Meta is what an image says about itself.
type Meta struct {
	Pos         orb.Point   // longitude, latitude in degrees (WGS 84)
	HasPos      bool        // false if the image has no GPS position
	Heading     geo.Bearing // direction that the camera looked to (GPSImgDirection)
	HasHeading  bool        // false if the image has no direction
	Magnetic    bool        // the heading counts from magnetic north, not from true north
	Taken       time.Time   // DateTimeOriginal with OffsetTimeOriginal (UTC where that is absent); zero if unknown
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
	tagImgDirRef    = 0x0010
	tagImgDir       = 0x0011
	tagMapDatum     = 0x0012
)

// TIFF field types in use.
const (
	typeByte      = 1
	typeASCII     = 2
	typeShort     = 3
	typeLong      = 4
	typeRational  = 5
	typeUndefined = 7
)

// typeSize holds the bytes of one value of each TIFF field type.
var typeSize = [...]int{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8}

const timeLayout = "2006:01:02 15:04:05"
