package extract

import (
	"bytes"
	"compress/bzip2"
	"encoding/xml"
	"io"
	"os"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/paulmach/orb"
)

// checked asks for everything, so that what is handed over is looked at.
func checked(t *testing.T) Handler {
	tags := func(tags Tags) {
		n := 0
		for range tags.All() {
			n++
		}
		if n != tags.Len() {
			t.Fatalf("%d tags of %d", n, tags.Len())
		}
	}
	return Handler{
		Bounds: func(orb.Bound) {},
		Node:   func(_ int64, _ orb.Point, t Tags) { tags(t) },
		Way:    func(_ int64, _ []int64, t Tags) { tags(t) },
		Relation: func(_ int64, members []Member, s Tags) {
			for _, m := range members {
				if m.Type > Relation {
					t.Fatalf("member of type %d", m.Type)
				}
			}
			tags(s)
		},
	}
}

func seeds(f *testing.F, names ...string) {
	for _, name := range names {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// FuzzPBF feeds whole files.
func FuzzPBF(f *testing.F) {
	seeds(f, "dense.osm.pbf", "plain.osm.pbf", "raw.osm.pbf", "lz4.osm.pbf", "onways.osm.pbf")
	f.Add([]byte{0, 0, 0, 4, 0x18, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = scan(t.Context(), bytes.NewReader(b), pbf, checked(t))
	})
}

// FuzzBlock feeds unpacked blocks, which compression and checksums hide from
// FuzzPBF.
func FuzzBlock(f *testing.F) {
	for _, name := range []string{"dense.osm.pbf", "plain.osm.pbf", "onways.osm.pbf"} {
		whole, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		in := &blobReader{r: bytes.NewReader(whole)}
		b := &block{}
		for in.next(b) == nil {
			if err := b.unpack(); err != nil {
				f.Fatal(err)
			}
			f.Add(bytes.Clone(b.raw), true)
			f.Add(bytes.Clone(b.raw), false)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, onWays bool) {
		h := checked(t)
		b := newBlock(&h, onWays)
		b.packed = packed{method: asIs, data: raw, size: len(raw)}
		if b.decode() == nil {
			b.deliver(&names{})
		}
		_, _, _ = b.header()
	})
}

// FuzzXML feeds XML. What is taken for sound must be so for encoding/xml too,
// but for what is passed over here: text, comments, names of other elements.
func FuzzXML(f *testing.F) {
	seeds(f, "map.osm")
	for _, s := range []string{
		`<osm><node id="1" lat="x"/></osm>`, `<osm><!-- -- --><way id="1"><nd ref="1"></nd></way></osm>`,
		`<?xml version="1.0" encoding="latin1"?><osm/>`, `<!DOCTYPE osm><osm>&lt;</osm>`, `<osm><way id='&#x31;'/></osm>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if scan(t.Context(), bytes.NewReader(b), xmlPlain, checked(t)) != nil || bytes.ContainsAny(b, "!?:&") {
			return
		}
		d := xml.NewDecoder(bytes.NewReader(bytes.ToValidUTF8(b, nil)))
		d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
		depth := 0
		for {
			token, err := d.RawToken()
			if err != nil {
				break
			}
			switch token.(type) {
			case xml.StartElement:
				depth++
			case xml.EndElement:
				depth--
			}
		}
		if depth < 0 {
			t.Fatalf("%q closes more than it opens", b)
		}
	})
}

// FuzzGzip feeds gzip files.
func FuzzGzip(f *testing.F) {
	seeds(f, "map.osm.gz")
	f.Fuzz(func(t *testing.T, b []byte) {
		err := scan(t.Context(), bytes.NewReader(b), xmlGzip, checked(t))
		z, bad := gzip.NewReader(bytes.NewReader(b))
		if bad == nil {
			_, bad = io.Copy(io.Discard, z)
		}
		if err == nil && bad != nil {
			t.Fatalf("a file of which gzip says %v is taken", bad)
		}
	})
}

// FuzzBzip2 feeds bzip2 files.
func FuzzBzip2(f *testing.F) {
	seeds(f, "map.osm.bz2")
	f.Fuzz(func(t *testing.T, b []byte) {
		err := scan(t.Context(), bytes.NewReader(b), xmlBzip2, checked(t))
		if _, bad := io.Copy(io.Discard, bzip2.NewReader(bytes.NewReader(b))); err == nil && bad != nil {
			t.Fatalf("a file of which bzip2 says %v is taken", bad)
		}
	})
}
