package exif

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// Parse reads a TIFF block, the part of an EXIF block after "Exif\0\0". A
// damaged field is taken as absent; an error means that the block as a whole
// cannot be read.
//
// DateTimeOriginal is local time. Where OffsetTimeOriginal is absent, Taken is
// the time of GPS, which is UTC, if that is within 15 hours of it, as it is in
// every time zone; else the local time is taken for UTC.
func Parse(block []byte) (Meta, error) {
	var m Meta
	t := tiff{data: block}
	if len(block) < 8 {
		return m, fmt.Errorf("EXIF block of %d bytes is too short for a TIFF header", len(block))
	}
	switch string(block[:2]) {
	case "II":
		t.order = binary.LittleEndian
	case "MM":
		t.order = binary.BigEndian
	default:
		return m, fmt.Errorf("EXIF block begins with %q, not with a TIFF byte order (II or MM)", block[:2])
	}
	if magic := t.order.Uint16(block[2:]); magic != 42 {
		return m, fmt.Errorf("EXIF block has TIFF magic number %d, not 42", magic)
	}
	root, err := t.directory(t.order.Uint32(block[4:]))
	if err != nil {
		return m, err
	}
	m.Description = t.text(root[tagDescription])
	m.Software = t.text(root[tagSoftware])
	m.Copyright = t.text(root[tagCopyright])
	if o, ok := t.integer(root[tagOrientation]); ok && o >= 1 && o <= 8 {
		m.Orientation = int(o)
	}
	taken, offset := t.text(root[tagDateTime]), ""
	if at, ok := t.integer(root[tagExifIFD]); ok {
		if exif, err := t.directory(at); err == nil {
			if s := t.text(exif[tagDateTimeOriginal]); s != "" {
				taken, offset = s, t.text(exif[tagOffsetOriginal])
			}
		}
	}
	m.Taken = parseTime(taken, offset)
	if at, ok := t.integer(root[tagGPSIFD]); ok {
		if gps, err := t.directory(at); err == nil {
			t.position(gps, &m)
			clock, ok := t.clock(gps)
			if ok && (m.Taken.IsZero() || offset == "" && clock.Sub(m.Taken).Abs() <= 15*time.Hour) {
				m.Taken = clock
			}
		}
	}
	return m, nil
}

// parseTime returns the zero time where the text is no time.
func parseTime(s, offset string) time.Time {
	if at, err := time.Parse(timeLayout+"-07:00", s+offset); err == nil {
		return at.UTC()
	}
	at, err := time.Parse(timeLayout, s)
	if err != nil {
		return time.Time{}
	}
	return at
}

func (t tiff) position(gps map[uint16]field, m *Meta) {
	lat, okLat := t.angle(gps[tagLatitude])
	lon, okLon := t.angle(gps[tagLongitude])
	if strings.HasPrefix(t.text(gps[tagLatitudeRef]), "S") {
		lat = -lat
	}
	if strings.HasPrefix(t.text(gps[tagLongitudeRef]), "W") {
		lon = -lon
	}
	switch {
	case !okLat && !okLon, okLat && okLon && lat == 0 && lon == 0:
		// Cameras without a fix write 0, 0; a point in the Gulf of Guinea holds no street.
	case !okLat || !okLon:
		m.Fault = "its GPS position lacks latitude or longitude" + cure
	case math.Abs(lat) > 90:
		m.Fault = fmt.Sprintf("its GPSLatitude %v is not within -90 to 90 degrees%s", lat, cure)
	case math.Abs(lon) > 180:
		m.Fault = fmt.Sprintf("its GPSLongitude %v is not within -180 to 180 degrees%s", lon, cure)
	default:
		m.Pos, m.HasPos = orb.Point{lon, lat}, true
	}
	if v := t.rationals(gps[tagImgDir]); len(v) > 0 && v[0] >= 0 && v[0] <= 360 {
		m.Heading, m.HasHeading = geo.NormalBearing(v[0]), true
		m.Magnetic = strings.HasPrefix(t.text(gps[tagImgDirRef]), "M")
	}
}

const cure = "; correct the tag (exiftool -GPSLatitude=… -GPSLongitude=…) or give the position in a sidecar"

// clock returns the time of GPS, in UTC.
func (t tiff) clock(gps map[uint16]field) (time.Time, bool) {
	day, err := time.Parse(dateLayout, t.text(gps[tagGPSDate]))
	v := t.rationals(gps[tagGPSTime])
	if err != nil || len(v) < 3 || !(v[0] >= 0 && v[0] < 24 && v[1] >= 0 && v[1] < 60 && v[2] >= 0 && v[2] < 61) {
		return time.Time{}, false
	}
	return day.Add(time.Duration((v[0]*3600 + v[1]*60 + v[2]) * float64(time.Second))).Truncate(time.Millisecond), true
}

// angle reads degrees, minutes and seconds; minutes or seconds that are absent
// or 0/0 count as 0.
func (t tiff) angle(f field) (float64, bool) {
	v := t.rationals(f)
	if len(v) == 0 {
		return 0, false
	}
	a := v[0]
	for i, unit := range []float64{60, 3600} {
		if i+1 < len(v) && !math.IsNaN(v[i+1]) {
			a += v[i+1] / unit
		}
	}
	return a, !math.IsNaN(a) && !math.IsInf(a, 0)
}

// tiff is a TIFF block with its byte order.
type tiff struct {
	data  []byte
	order binary.ByteOrder
}

// field is one directory entry; value holds count values of the type, or is
// nil if the field is absent or points outside of the block.
type field struct {
	kind  uint16
	count int
	value []byte
}

func (t tiff) directory(at uint32) (map[uint16]field, error) {
	pos := int64(at)
	if pos+2 > int64(len(t.data)) {
		return nil, fmt.Errorf("EXIF directory at byte %d lies outside of the block of %d bytes", at, len(t.data))
	}
	n := int64(t.order.Uint16(t.data[pos:]))
	pos += 2
	fields := map[uint16]field{}
	for i := int64(0); i < n && pos+12 <= int64(len(t.data)); i++ {
		e := t.data[pos : pos+12]
		pos += 12
		kind, count := t.order.Uint16(e[2:]), int64(t.order.Uint32(e[4:]))
		if kind == 0 || int(kind) >= len(typeSize) {
			continue
		}
		size := count * int64(typeSize[kind])
		value := e[8:12]
		if size > 4 {
			from := int64(t.order.Uint32(e[8:]))
			if from+size > int64(len(t.data)) {
				continue
			}
			value = t.data[from:]
		}
		fields[t.order.Uint16(e)] = field{kind, int(count), value[:size]}
	}
	return fields, nil
}

func (t tiff) text(f field) string {
	if f.kind != typeASCII {
		return ""
	}
	s, _, _ := bytes.Cut(f.value, []byte{0})
	return strings.TrimSpace(strings.ToValidUTF8(string(s), "�"))
}

func (t tiff) integer(f field) (uint32, bool) {
	switch {
	case f.kind == typeShort && f.count >= 1:
		return uint32(t.order.Uint16(f.value)), true
	case f.kind == typeLong && f.count >= 1:
		return t.order.Uint32(f.value), true
	}
	return 0, false
}

// rationals returns up to three values, NaN for one with a zero denominator:
// some cameras write 0/0 for "none".
func (t tiff) rationals(f field) []float64 {
	if f.kind != typeRational && f.kind != typeSigned {
		return nil
	}
	v := make([]float64, 0, 3)
	for i := 0; i < min(f.count, 3); i++ {
		num, den := t.order.Uint32(f.value[8*i:]), t.order.Uint32(f.value[8*i+4:])
		switch {
		case den == 0:
			v = append(v, math.NaN())
		case f.kind == typeSigned:
			v = append(v, float64(int32(num))/float64(int32(den)))
		default:
			v = append(v, float64(num)/float64(den))
		}
	}
	return v
}
