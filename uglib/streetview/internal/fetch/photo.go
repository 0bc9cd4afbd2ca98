package fetch

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// ID is the number that a service gives to what it holds. It is kept exactly
// (JSON numbers above 2^53 are not), and read from a string or a number.
type ID int64

// MarshalText implements [encoding.TextMarshaler].
func (id ID) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(id), 10), nil }

// UnmarshalJSON implements [json.Unmarshaler]: digits, quoted or not; null
// leaves the id as it is.
func (id *ID) UnmarshalJSON(data []byte) error {
	text := string(bytes.Trim(data, `"`))
	if text == "null" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return fmt.Errorf("id %.40q is no positive whole number of 64 bits", text)
	}
	*id = ID(n)
	return nil
}

// Point is a GeoJSON point.
type Point orb.Point

type geojsonPoint struct {
	Type        string    `json:"type"`
	Coordinates []float64 `json:"coordinates"`
}

// MarshalJSON implements [json.Marshaler].
func (p Point) MarshalJSON() ([]byte, error) {
	return json.Marshal(geojsonPoint{"Point", []float64{p[0], p[1]}})
}

// UnmarshalJSON implements [json.Unmarshaler]. It takes longitude and latitude
// in degrees that lie on the Earth; a third coordinate, the height, is let go.
func (p *Point) UnmarshalJSON(data []byte) error {
	var g geojsonPoint
	if err := json.Unmarshal(data, &g); err != nil {
		return fmt.Errorf("no GeoJSON point: %w", err)
	}
	if g.Type != "Point" || len(g.Coordinates) < 2 || len(g.Coordinates) > 3 {
		return fmt.Errorf("a GeoJSON %.20q of %d coordinates where a Point of 2 is expected", g.Type, len(g.Coordinates))
	}
	q := orb.Point{g.Coordinates[0], g.Coordinates[1]}
	if !OnEarth(q) {
		return fmt.Errorf("position %g,%g is not on the Earth (longitude, latitude in degrees)", q[0], q[1])
	}
	*p = Point(q)
	return nil
}

// OnEarth says whether a point is a longitude and latitude in degrees.
func OnEarth(p orb.Point) bool {
	return p[0] >= -180 && p[0] <= 180 && p[1] >= -90 && p[1] <= 90
}

// Photo is a photograph of a service. In JSON it is a row of image metadata as
// the UGE reference reads them (mapillary_id, geometry, compass_angle, url,
// city), with what else is known. Absent values are left out.
type Photo struct {
	MapillaryID     ID       `json:"mapillary_id,omitzero"`
	KartaViewID     ID       `json:"kartaview_id,omitzero"`
	Geometry        *Point   `json:"geometry,omitempty"`               // by the camera's satellite receiver
	Computed        *Point   `json:"computed_geometry,omitempty"`      // after the service's own reconstruction or map matching
	Compass         *float64 `json:"compass_angle,omitempty"`          // degrees clockwise from north, as the camera said
	ComputedCompass *float64 `json:"computed_compass_angle,omitempty"` // after reconstruction
	CapturedAt      int64    `json:"captured_at,omitempty"`            // milliseconds since 1970, UTC
	CameraType      string   `json:"camera_type,omitempty"`            // perspective, fisheye, spherical; KartaView: PLANE, SPHERE
	Pano            bool     `json:"is_pano"`                          // a panorama
	Width           int      `json:"width,omitempty"`                  // of the original, pixels
	Height          int      `json:"height,omitempty"`                 //
	Make            string   `json:"make,omitempty"`                   // of the camera
	Model           string   `json:"model,omitempty"`                  //
	Sequence        string   `json:"sequence,omitempty"`               // the drive or walk that it belongs to
	SequenceIndex   int      `json:"sequence_index,omitempty"`         //
	Creator         string   `json:"creator,omitempty"`                // user name of who took it
	CreatorID       string   `json:"creator_id,omitempty"`             //
	City            string   `json:"city,omitempty"`                   // key of the city that it was fetched for
	URL             string   `json:"url,omitempty"`                    // page of the photograph; it does not expire
	Licence         string   `json:"licence,omitempty"`                //
	Attribution     string   `json:"attribution,omitempty"`            // what to print beside it
	ImageURL        string   `json:"image_url,omitempty"`              // of the file; it expires, and is left out of [PhotosFile]

	File        string `json:"file,omitempty"`         // name of the image file, once it is there
	Bytes       int64  `json:"bytes,omitempty"`        // of the file
	SHA256      string `json:"sha256,omitempty"`       // of the file
	ImageWidth  int    `json:"image_width,omitempty"`  // of the file, pixels
	ImageHeight int    `json:"image_height,omitempty"` //
}

// kartaViewBase is added to KartaView's ids, which count up from 1, so that
// views have ids of 16 digits that are no one else's and fit into 2^53.
const kartaViewBase = 8e15

// ID returns the id of the view: Mapillary's own, or KartaView's plus 8e15.
func (p *Photo) ID() int64 {
	if p.MapillaryID != 0 {
		return int64(p.MapillaryID)
	}
	return kartaViewBase + int64(p.KartaViewID)
}

// Pos returns where the photograph was taken: the service's corrected position
// where there is one, or with original the camera's own, and the other where
// that is missing.
func (p *Photo) Pos(original bool) (orb.Point, bool) {
	first, second := p.Computed, p.Geometry
	if original {
		first, second = second, first
	}
	if q := cmp.Or(first, second); q != nil {
		return orb.Point(*q), true
	}
	return orb.Point{}, false
}

// Heading returns the direction of the camera, chosen as [Photo.Pos] does.
func (p *Photo) Heading(original bool) (geo.Bearing, bool) {
	first, second := p.ComputedCompass, p.Compass
	if original {
		first, second = second, first
	}
	for _, a := range []*float64{first, second} {
		if a != nil && *a >= -360 && *a <= 720 {
			return geo.NormalBearing(*a), true
		}
	}
	return 0, false
}

// Taken returns the time of the photograph in UTC; zero if it is not known.
func (p *Photo) Taken() time.Time {
	if p.CapturedAt <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(p.CapturedAt).UTC()
}

// Number is a JSON number that may come as a string; anything else, such as
// null or "", is not OK.
type Number struct {
	V  float64
	OK bool
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Number) UnmarshalJSON(data []byte) error {
	v, err := strconv.ParseFloat(string(bytes.Trim(data, `"`)), 64)
	*n = Number{v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)}
	if !n.OK {
		n.V = 0
	}
	return nil
}

// Ptr returns the number, or nil.
func (n Number) Ptr() *float64 {
	if !n.OK {
		return nil
	}
	return new(n.V)
}

// Int returns the number as a count, 0 if it is none.
func (n Number) Int() int {
	if !n.OK || n.V < 0 || n.V > 1e9 {
		return 0
	}
	return int(n.V)
}

// Text is a JSON string that may come as a number; anything else is "".
type Text string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Text) UnmarshalJSON(data []byte) error {
	*t = ""
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = Text(s)
	} else if _, err := strconv.ParseFloat(string(data), 64); err == nil {
		*t = Text(data)
	}
	return nil
}
