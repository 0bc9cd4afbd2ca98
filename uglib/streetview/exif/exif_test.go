package exif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// TestReadPillow reads files that testdata/photos.py wrote with Pillow.
func TestReadPillow(t *testing.T) {
	want := Meta{
		Pos: orb.Point{-(151 + 12/60. + 55.25/3600), -(33 + 51/60. + 25.5/3600)}, HasPos: true,
		Heading: 271.5, HasHeading: true, Magnetic: true,
		Taken: time.Date(2024, 5, 17, 11, 45, 59, 0, time.UTC), Orientation: 6, Description: "a photograph", Software: "camera 1.0",
	}
	for _, name := range []string{"photo.jpg", "photo.png", "photo.webp"} {
		got, err := readFile(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if math.Abs(got.Pos[0]-want.Pos[0]) > 1e-9 || math.Abs(got.Pos[1]-want.Pos[1]) > 1e-9 {
			t.Errorf("%s: position %v, want %v", name, got.Pos, want.Pos)
		}
		got.Pos = want.Pos
		if got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	for _, name := range []string{"bare.jpg", "bare.png"} {
		if _, err := readFile(name); !errors.Is(err, ErrNone) {
			t.Errorf("%s: %v, want ErrNone", name, err)
		}
	}
}

// TestReadPano reads headings that stand in XMP alone.
func TestReadPano(t *testing.T) {
	for _, tt := range []struct {
		name   string
		hasPos bool
	}{{"pano.jpg", true}, {"pano.png", false}, {"pano.webp", true}} {
		m, err := readFile(tt.name)
		if err != nil || !m.HasHeading || !m.Pano || m.Magnetic || m.Heading != 123.5 || m.HasPos != tt.hasPos {
			t.Errorf("%s: %+v, %v", tt.name, m, err)
		}
	}
	if m, err := readFile("photo.jpg"); err != nil || m.Pano {
		t.Errorf("photo.jpg has no XMP: %+v, %v", m, err)
	}
	// Where EXIF has a heading, that counts.
	data, err := os.ReadFile("testdata/photo.jpg")
	if err != nil {
		t.Fatal(err)
	}
	packet := string(xmpHeader) + `<a xmlns:G="http://ns.google.com/photos/1.0/panorama/" G:PoseHeadingDegrees="3"/>`
	both := append([]byte{0xFF, 0xD8, 0xFF, 0xE1, 0, byte(len(packet) + 2)}, packet...)
	if m, err := Read(bytes.NewReader(append(both, data[2:]...))); err != nil || m.Heading != 271.5 || m.Pano {
		t.Errorf("with a heading in EXIF and in XMP: %+v, %v", m, err)
	}
	for _, xmp := range []string{
		`<a xmlns:G="http://ns.google.com/photos/1.0/panorama/" G:PoseHeadingDegrees="361"/>`,
		`<a xmlns:G="http://ns.google.com/photos/1.0/panorama/" G:PoseHeadingDegrees="NaN"/>`,
		`<a xmlns:G="http://example.com/" G:PoseHeadingDegrees="12"/>`,
		`<a xmlns:G="http://ns.google.com/photos/1.0/panorama/"><G:PoseHeadingDegrees>12`,
		`PoseHeadingDegrees`,
	} {
		if h, ok := panoHeading([]byte(xmp)); ok {
			t.Errorf("%s: heading %v", xmp, h)
		}
	}
}

// TestFaults reads positions that are none, and says what is wrong with them.
func TestFaults(t *testing.T) {
	m, err := readFile("lost.jpg")
	if err != nil || m.HasPos || m.HasHeading || !strings.Contains(m.Fault, "GPSLatitude 95.5 is not within -90 to 90") || !strings.Contains(m.Fault, "sidecar") {
		t.Errorf("lost.jpg: %+v, %v", m, err)
	}
	m, err = Parse(Meta{Pos: orb.Point{190, 10}, HasPos: true}.Block())
	if err != nil || m.HasPos || !strings.Contains(m.Fault, "GPSLongitude 190") {
		t.Errorf("beyond the antimeridian: %+v, %v", m, err)
	}
}

// TestClock reads a time without a zone beside that of GPS, in UTC.
func TestClock(t *testing.T) {
	m, err := readFile("clock.jpg")
	if want := time.Date(2024, 5, 17, 11, 45, 58, 5e8, time.UTC); err != nil || !m.Taken.Equal(want) {
		t.Errorf("taken at %v, %v, want %v", m.Taken, err, want)
	}
}

func readFile(name string) (Meta, error) {
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		return Meta{}, err
	}
	defer f.Close()
	return Read(f)
}

func somewhere(rng *rand.Rand) Meta {
	return Meta{
		Pos: orb.Point{rng.Float64()*360 - 180, rng.Float64()*180 - 90}, HasPos: true,
		Heading: geo.NormalBearing(math.Round(rng.Float64()*36000) / 100), HasHeading: true,
		Taken: time.Unix(rng.Int64N(2e9), 0).UTC(), Orientation: 1 + rng.IntN(8),
		Description: "Rendered (c) somebody", Software: "s", Copyright: strings.Repeat("c", rng.IntN(9)),
	}
}

func same(a, b Meta) bool {
	near := math.Abs(a.Pos[0]-b.Pos[0]) < 2e-10 && math.Abs(a.Pos[1]-b.Pos[1]) < 2e-10 && math.Abs(float64(a.Heading-b.Heading)) < 1e-4
	a.Pos, a.Heading = b.Pos, b.Heading
	return near && a == b
}

func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		m := somewhere(rng)
		got, err := Parse(m.Block())
		if err != nil || !same(got, m) {
			t.Fatalf("wrote %+v, read %+v, %v", m, got, err)
		}
	}
	for _, m := range []Meta{
		{},
		{Description: "only this"},
		{Heading: 12, HasHeading: true, Magnetic: true},
		{Pos: orb.Point{-0.0000001, 0}, HasPos: true},
		{Pos: orb.Point{180, -90}, HasPos: true},
		{Pos: orb.Point{9.999999999999, 59.9999999999999}, HasPos: true}, // seconds round up to a whole minute
	} {
		if got, err := Parse(m.Block()); err != nil || !same(got, m) {
			t.Errorf("wrote %+v, read %+v, %v", m, got, err)
		}
	}
}

func TestInsert(t *testing.T) {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	m := somewhere(rand.New(rand.NewPCG(2, 2)))
	file, err := Insert(buf.Bytes(), m)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Read(bytes.NewReader(file)); err != nil || !same(got, m) {
		t.Errorf("wrote %+v, read %+v, %v", m, got, err)
	}
	if _, err := jpeg.Decode(bytes.NewReader(file)); err != nil {
		t.Errorf("the picture no longer decodes: %v", err)
	}
	if _, err := Insert([]byte("GIF89a"), m); err == nil {
		t.Error("a GIF file takes a JPEG segment")
	}
	m.Description = strings.Repeat("x", 70000)
	if _, err := Insert(buf.Bytes(), m); err == nil {
		t.Error("a description of 70000 bytes fits into a segment of 65535")
	}
}

// TestDamaged reads blocks with one thing wrong: what is wrong is taken as
// absent, the rest is kept.
func TestDamaged(t *testing.T) {
	m := Meta{Pos: orb.Point{10, 50}, HasPos: true, Heading: 90, HasHeading: true, Software: "a long name of a camera"}
	whole := m.Block()
	// Each entry begins with its tag; find it and overwrite one of its parts.
	patch := func(tag uint16, at int, v uint32) []byte {
		b := bytes.Clone(whole)
		for i := 10; i+12 <= len(b); i++ {
			if binary.BigEndian.Uint16(b[i:]) == tag && int(b[i+3]) < len(typeSize) && b[i+2] == 0 {
				binary.BigEndian.PutUint32(b[i+at:], v)
				return b
			}
		}
		t.Fatalf("no tag %#x", tag)
		return nil
	}
	got, err := Parse(patch(tagSoftware, 8, 1<<30))
	if err != nil || got.Software != "" || !got.HasPos || got.Heading != 90 {
		t.Errorf("software outside of the block: %+v, %v", got, err)
	}
	got, err = Parse(patch(tagSoftware, 4, math.MaxUint32))
	if err != nil || got.Software != "" || !got.HasPos {
		t.Errorf("software of 4 GiB: %+v, %v", got, err)
	}
	got, err = Parse(patch(tagGPSIFD, 8, 1<<31))
	if err != nil || got.HasPos || got.Software != m.Software {
		t.Errorf("position outside of the block: %+v, %v", got, err)
	}
	got, err = Parse(patch(tagExifIFD, 8, 8)) // points back at the root
	if err != nil || !got.HasPos {
		t.Errorf("a loop of directories: %+v, %v", got, err)
	}
	for _, block := range []string{"", "MM", "XX\x00*\x00\x00\x00\x08", "MM\x00+\x00\x00\x00\x08", "II*\x00\xff\xff\xff\xff"} {
		if _, err := Parse([]byte(block)); err == nil {
			t.Errorf("block %q is read without an error", block)
		}
	}
}

func TestNullIslandIsNoPosition(t *testing.T) {
	m, err := Parse(Meta{HasPos: true}.Block())
	if err != nil || m.HasPos {
		t.Errorf("a camera without a fix stands at %v, %v", m.Pos, err)
	}
}

func TestReadErrors(t *testing.T) {
	jpg, err := os.ReadFile("testdata/photo.jpg")
	if err != nil {
		t.Fatal(err)
	}
	png, err := os.ReadFile("testdata/bare.png")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "no image"},
		{"text", []byte("hello, world, hello"), "neither JPEG, PNG nor WebP"},
		{"cut JPEG", jpg[:40], "truncated"},
		{"cut PNG", png[:len(png)-20], "truncated"},
		{"JPEG with noise", append([]byte{0xFF, 0xD8}, make([]byte, 20)...), "not with a marker"},
		{"JPEG with a segment of length 1", []byte{0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 0, 0, 0, 0, 0, 0}, "length 1"},
	} {
		if _, err := Read(bytes.NewReader(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"photo.jpg", "photo.png", "photo.webp", "bare.jpg", "pano.jpg", "pano.png", "pano.webp", "lost.jpg", "clock.jpg"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Read(bytes.NewReader(data))
		if err == nil {
			checkRanges(t, m)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(somewhere(rand.New(rand.NewPCG(3, 3))).Block())
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x25\x88\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, block []byte) {
		m, err := Parse(block)
		if err != nil {
			return
		}
		checkRanges(t, m)
		if again, err := Parse(m.Block()); err != nil || again.HasPos && !m.HasPos || again.Orientation != m.Orientation {
			t.Fatalf("%+v is read back as %+v, %v", m, again, err)
		}
	})
}

func checkRanges(t *testing.T, m Meta) {
	if m.HasPos && !(math.Abs(m.Pos[0]) <= 180 && math.Abs(m.Pos[1]) <= 90) {
		t.Fatalf("position %v", m.Pos)
	}
	if m.HasHeading && !(m.Heading >= 0 && m.Heading < 360) {
		t.Fatalf("heading %v", m.Heading)
	}
	if m.Orientation < 0 || m.Orientation > 8 {
		t.Fatalf("orientation %d", m.Orientation)
	}
}
