package exif

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Block returns the TIFF block of m, big-endian, for [Insert] or an eXIf
// chunk. Position is kept to 1e-6 seconds of arc (0.03 mm), heading to 1e-4
// degrees, time to the second (in UTC).
func (m Meta) Block() []byte {
	root := directory{}
	root.text(tagDescription, m.Description)
	if m.Orientation != 0 {
		root.short(tagOrientation, uint16(m.Orientation))
	}
	root.text(tagSoftware, m.Software)
	root.text(tagCopyright, m.Copyright)

	exif := directory{}
	exif.add(tagExifVersion, typeUndefined, 4, []byte("0232"))
	if !m.Taken.IsZero() {
		exif.text(tagDateTimeOriginal, m.Taken.UTC().Format(timeLayout))
		exif.text(tagOffsetOriginal, "+00:00")
	}

	gps := directory{}
	if m.HasPos || m.HasHeading {
		gps.add(tagGPSVersion, typeByte, 4, []byte{2, 3, 0, 0})
	}
	if m.HasPos {
		gps.text(tagLatitudeRef, hemisphere(m.Pos[1], "N", "S"))
		gps.rationals(tagLatitude, sexagesimal(m.Pos[1])...)
		gps.text(tagLongitudeRef, hemisphere(m.Pos[0], "E", "W"))
		gps.rationals(tagLongitude, sexagesimal(m.Pos[0])...)
	}
	if m.HasHeading {
		ref := "T"
		if m.Magnetic {
			ref = "M"
		}
		gps.text(tagImgDirRef, ref)
		gps.rationals(tagImgDir, [2]uint32{uint32(math.Round(float64(m.Heading) * 1e4)), 1e4})
	}
	if m.HasPos {
		gps.text(tagMapDatum, "WGS-84")
	}

	out := []byte{'M', 'M', 0, 42, 0, 0, 0, 8}
	// The pointers come last in the root, whose size is known once they are in.
	const pointer = 12
	rootSize := root.size() + pointer
	if len(gps.fields) > 0 {
		rootSize += pointer
	}
	root.long(tagExifIFD, uint32(len(out)+rootSize))
	if len(gps.fields) > 0 {
		root.long(tagGPSIFD, uint32(len(out)+rootSize+exif.size()))
	}
	out = root.append(out)
	out = exif.append(out)
	if len(gps.fields) > 0 {
		out = gps.append(out)
	}
	return out
}

// Insert returns a JPEG file with the EXIF block of m right after its start.
// The file must not hold one already.
func Insert(jpeg []byte, m Meta) ([]byte, error) {
	if len(jpeg) < 2 || jpeg[0] != 0xFF || jpeg[1] != 0xD8 {
		return nil, fmt.Errorf("cannot add EXIF: the data of %d bytes is no JPEG file", len(jpeg))
	}
	block := m.Block()
	n := 2 + len(exifHeader) + len(block)
	if n > math.MaxUint16 {
		return nil, fmt.Errorf("EXIF block of %d bytes does not fit into a JPEG segment: shorten the description", n)
	}
	out := make([]byte, 0, len(jpeg)+2+n)
	out = append(out, 0xFF, 0xD8, 0xFF, 0xE1, byte(n>>8), byte(n))
	out = append(out, exifHeader...)
	out = append(out, block...)
	return append(out, jpeg[2:]...), nil
}

func hemisphere(degrees float64, plus, minus string) string {
	if degrees < 0 {
		return minus
	}
	return plus
}

// sexagesimal returns whole degrees, whole minutes and seconds of arc of |a|.
func sexagesimal(a float64) [][2]uint32 {
	const micro = 1e6
	total := uint64(math.Round(math.Abs(a) * 3600 * micro))
	minutes := total / (60 * micro)
	return [][2]uint32{
		{uint32(minutes / 60), 1},
		{uint32(minutes % 60), 1},
		{uint32(total % (60 * micro)), micro},
	}
}

// directory is an image file directory in the making; fields must be added in
// the order of their tags.
type directory struct {
	fields []entry
}

type entry struct {
	tag, kind uint16
	count     int
	value     []byte
}

func (d *directory) add(tag, kind uint16, count int, value []byte) {
	d.fields = append(d.fields, entry{tag, kind, count, value})
}

// text adds nothing for an empty string.
func (d *directory) text(tag uint16, s string) {
	if s != "" {
		d.add(tag, typeASCII, len(s)+1, append([]byte(s), 0))
	}
}

func (d *directory) short(tag, v uint16) {
	d.add(tag, typeShort, 1, binary.BigEndian.AppendUint16(nil, v))
}

func (d *directory) long(tag uint16, v uint32) {
	d.add(tag, typeLong, 1, binary.BigEndian.AppendUint32(nil, v))
}

func (d *directory) rationals(tag uint16, v ...[2]uint32) {
	var b []byte
	for _, r := range v {
		b = binary.BigEndian.AppendUint32(b, r[0])
		b = binary.BigEndian.AppendUint32(b, r[1])
	}
	d.add(tag, typeRational, len(v), b)
}

// size returns the bytes of the directory with its values.
func (d *directory) size() int {
	n := 2 + 12*len(d.fields) + 4
	for _, f := range d.fields {
		if len(f.value) > 4 {
			n += (len(f.value) + 1) &^ 1
		}
	}
	return n
}

func (d *directory) append(out []byte) []byte {
	values := len(out) + 2 + 12*len(d.fields) + 4
	var tail []byte
	out = binary.BigEndian.AppendUint16(out, uint16(len(d.fields)))
	for _, f := range d.fields {
		out = binary.BigEndian.AppendUint16(out, f.tag)
		out = binary.BigEndian.AppendUint16(out, f.kind)
		out = binary.BigEndian.AppendUint32(out, uint32(f.count))
		if len(f.value) <= 4 {
			var inline [4]byte
			copy(inline[:], f.value)
			out = append(out, inline[:]...)
			continue
		}
		out = binary.BigEndian.AppendUint32(out, uint32(values+len(tail)))
		tail = append(tail, f.value...)
		if len(tail)%2 == 1 {
			tail = append(tail, 0)
		}
	}
	out = append(out, 0, 0, 0, 0) // no next directory
	return append(out, tail...)
}
