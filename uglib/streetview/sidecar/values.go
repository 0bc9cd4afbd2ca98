package sidecar

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// set fills a row from the texts of its fields; an empty text is an absent
// value. comma says that decimals may be written with one.
func (r *Row) set(text [fieldCount]string, comma bool) error {
	for i := range text {
		text[i] = strings.TrimSpace(text[i])
	}
	r.File = cleanFile(text[fieldFile])
	id, err := parseID(text[fieldID])
	if err != nil {
		return err
	}
	r.ID = id
	if r.File == "" && r.ID == 0 {
		return errors.New("it names no image; fill in the file name or remove the line")
	}
	if r.Pos, r.HasPos, err = parsePosition(text[fieldLat], text[fieldLon], comma); err != nil {
		return err
	}
	if r.Heading, r.HasHeading, err = parseHeading(text[fieldHeading], comma); err != nil {
		return err
	}
	r.Taken, err = parseTime(text[fieldTaken])
	return err
}

// cleanFile brings a path into the form of io/fs: slashes, no leading "./".
func cleanFile(s string) string {
	s = strings.ReplaceAll(s, `\`, "/")
	for strings.HasPrefix(s, "./") {
		s = s[2:]
	}
	return s
}

func parseID(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(s, 10, 64)
	if err == nil && id > 0 {
		return id, nil
	}
	if f, ferr := strconv.ParseFloat(s, 64); ferr == nil && strings.ContainsAny(s, "eE.,") && f > 0 {
		return 0, fmt.Errorf("id %q was rounded, as spreadsheets do; export the column as text", s)
	}
	return 0, fmt.Errorf("id %q is no whole number from 1 to 9223372036854775807; leave it empty and give the file name", s)
}

// parsePosition reads latitude and longitude in degrees.
func parsePosition(lat, lon string, comma bool) (orb.Point, bool, error) {
	if isNull(lat) && isNull(lon) {
		return orb.Point{}, false, nil
	}
	if isNull(lat) || isNull(lon) {
		return orb.Point{}, false, fmt.Errorf("position %q, %q lacks its %s; fill in both or neither", lat, lon, map[bool]string{true: "latitude", false: "longitude"}[isNull(lat)])
	}
	y, err := parseAngle(lat, "NS", comma)
	if err != nil {
		return orb.Point{}, false, fmt.Errorf("latitude %q is no angle: %w", lat, err)
	}
	x, err := parseAngle(lon, "EW", comma)
	if err != nil {
		return orb.Point{}, false, fmt.Errorf("longitude %q is no angle: %w", lon, err)
	}
	p := orb.Point{x, y}
	return p, true, checkPosition(p)
}

// checkPosition returns an error with its cure for a point that is no place of
// WGS 84, or the place 0, 0.
func checkPosition(p orb.Point) error {
	x, y := p[0], p[1]
	switch {
	case math.Abs(x) > 400 || math.Abs(y) > 400:
		return fmt.Errorf("position %v, %v is not in degrees; convert it from its projection to WGS 84 (EPSG:4326)", x, y)
	case math.Abs(y) > 90 && math.Abs(x) <= 90 && math.Abs(y) <= 180:
		return fmt.Errorf("latitude %v is not within -90 to 90, but the longitude %v would be; the two are swapped", y, x)
	case !(math.Abs(y) <= 90):
		return fmt.Errorf("latitude %v is not within -90 to 90; correct it", y)
	case x > 180 && x <= 360:
		return fmt.Errorf("longitude %v is not within -180 to 180; east of the antimeridian it counts on from -180: write %v", x, x-360)
	case x < -180 && x >= -360:
		return fmt.Errorf("longitude %v is not within -180 to 180; west of the antimeridian it counts down from 180: write %v", x, x+360)
	case !(math.Abs(x) <= 180):
		return fmt.Errorf("longitude %v is not within -180 to 180; correct it", x)
	case x == 0 && y == 0:
		return errors.New("position 0, 0 is what trackers without a fix write; correct it or leave it empty")
	}
	return nil
}

// isNull reports whether a value is absent, in the ways that tables write it.
func isNull(s string) bool {
	switch strings.ToLower(s) {
	case "", "null", "none", "na", "n/a", "nan":
		return true
	}
	return false
}

var sexagesimal = regexp.MustCompile(`^([+-]?)(\d{1,3})(?: ?(?:°|º|deg|d|:) ?| )(\d{1,2}(?:\.\d+)?)(?:(?: ?(?:'|′|’|m|:) ?| )(?:(\d{1,2}(?:\.\d+)?) ?(?:"|″|”|''|s)?)?)?$`)

// parseAngle reads degrees, in decimals or as degrees, minutes and seconds, with
// the letter of a hemisphere (plus, minus) at either end if there is one.
func parseAngle(s, letters string, comma bool) (float64, error) {
	body, sign := strings.ReplaceAll(s, "−", "-"), 1.0
	if comma {
		body = strings.ReplaceAll(body, ",", ".")
	}
	if rest, minus, ok := cutHemisphere(body, letters); ok {
		if body = rest; strings.HasPrefix(body, "-") {
			return 0, errors.New("it has both a sign and a hemisphere; remove one")
		}
		if minus {
			sign = -1
		}
	}
	if v, err := strconv.ParseFloat(strings.TrimSuffix(body, "°"), 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
		return sign * v, nil
	}
	m := sexagesimal.FindStringSubmatch(body)
	if m == nil {
		return 0, errors.New("write it in degrees, as 39.7441 or 39°44'39\"N")
	}
	v := 0.0
	for i, unit := range []float64{1, 60, 3600} {
		part, err := strconv.ParseFloat("0"+m[i+2], 64)
		if err != nil || i > 0 && part >= 60 {
			return 0, fmt.Errorf("%q are no minutes or seconds", m[i+2])
		}
		v += part / unit
	}
	if m[1] == "-" {
		sign = -sign
	}
	return sign * v, nil
}

// cutHemisphere cuts one of two letters, in either case, off one end of s.
func cutHemisphere(s, letters string) (rest string, minus, ok bool) {
	for i, l := range []string{letters[:1], letters[1:]} {
		for _, l := range []string{l, strings.ToLower(l)} {
			if rest, ok = strings.CutSuffix(s, l); !ok {
				rest, ok = strings.CutPrefix(s, l)
			}
			if ok {
				return strings.TrimSpace(rest), i == 1, true
			}
		}
	}
	return s, false, false
}

// parseHeading reads degrees from -180 to 360.
func parseHeading(s string, comma bool) (geo.Bearing, bool, error) {
	if isNull(s) {
		return 0, false, nil
	}
	body := strings.TrimSpace(strings.TrimSuffix(s, "°"))
	if comma {
		body = strings.ReplaceAll(body, ",", ".")
	}
	v, err := strconv.ParseFloat(body, 64)
	if err != nil || !(v >= -180 && v <= 360) {
		return 0, false, fmt.Errorf("heading %q is no angle from 0 to 360 degrees; write it clockwise from north, or leave it empty", s)
	}
	return geo.NormalBearing(v), true, nil
}

// Layouts of times, the zone after them.
var layouts = []string{
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04",
	"20060102T150405.999999999", "2006:01:02 15:04:05.999999999", "2006-01-02", "20060102",
}

var zones = []string{"", "Z07:00", " Z07:00", "Z0700", " -0700", "Z07"}

// parseTime reads ISO 8601 (in UTC where no zone is given), the form of EXIF, or
// Unix time of nine digits or more.
func parseTime(s string) (time.Time, error) {
	if isNull(s) {
		return time.Time{}, nil
	}
	wrong := fmt.Errorf("time %q is neither ISO 8601 (2024-05-17T13:45:59+02:00) nor Unix time in milliseconds (1715946359000); correct it or leave it empty", s)
	var at time.Time
	switch unix, err := strconv.ParseFloat(s, 64); {
	case err == nil && len(s) > 8:
		if at = fromUnix(s, unix); at.Before(time.Unix(1, 0)) {
			return time.Time{}, wrong
		}
	default:
		for _, layout := range layouts {
			for _, zone := range zones {
				if t, err := time.Parse(layout+zone, s); err == nil {
					at = t
				}
			}
		}
	}
	at = at.UTC()
	if at.Year() < 1826 || at.Year() > 2200 { // the first photograph is of 1826
		return time.Time{}, wrong
	}
	return at, nil
}

// fromUnix reads Unix time: milliseconds, or seconds below 1e11 (as
// milliseconds those would be before March 1973), or microseconds from 1e14 on.
func fromUnix(s string, v float64) time.Time {
	exact, err := strconv.ParseInt(s, 10, 64)
	switch {
	case !(v > 0 && v < 1e17):
		return time.Time{}
	case v < 1e11 && err == nil:
		return time.Unix(exact, 0)
	case v < 1e11:
		return time.UnixMilli(int64(math.Round(v * 1e3)))
	case err != nil:
		exact = int64(math.Round(v))
	}
	if v < 1e14 {
		return time.UnixMilli(exact)
	}
	return time.UnixMicro(exact)
}
