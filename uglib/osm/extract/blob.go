package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/paulmach/orb"
	"github.com/pierrec/lz4/v4"
	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message: number holds a varint, data the
// bytes of a length-delimited field.
type field struct {
	num    protowire.Number
	typ    protowire.Type
	number uint64
	data   []byte
}

// fields calls each for every field of a message.
func fields(b []byte, each func(f field) error) error {
	for len(b) > 0 {
		var f field
		n := 0
		if f.num, f.typ, n = protowire.ConsumeTag(b); n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		switch f.typ {
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			f.data, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(f.num, f.typ, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// is reports whether f is the field num of the given type.
func (f field) is(num protowire.Number, typ protowire.Type) bool { return f.num == num && f.typ == typ }

const (
	varint = protowire.VarintType
	length = protowire.BytesType
)

// parseBlobHeader returns the type and the size of the blob that follows.
func parseBlobHeader(b []byte) (kind string, size int, err error) {
	size = -1
	err = fields(b, func(f field) error {
		switch {
		case f.is(1, length):
			kind = string(f.data)
		case f.is(3, varint):
			if f.number > maxBlob {
				return fmt.Errorf("data of %d bytes, not a PBF file", f.number)
			}
			size = int(f.number)
		}
		return nil
	})
	if err == nil && size < 0 {
		err = errors.New("block header without a size, not a PBF file")
	}
	return kind, size, err
}

// packed is a Blob message: data, packed by a method, which is the number of
// its field, into from size bytes.
type packed struct {
	method protowire.Number
	data   []byte
	size   int
}

// parseBlob reads a Blob message.
func parseBlob(b []byte) (packed, error) {
	p := packed{size: -1}
	err := fields(b, func(f field) error {
		switch {
		case f.is(2, varint):
			if f.number > maxBlob {
				return fmt.Errorf("%d bytes unpacked, more than the format allows", f.number)
			}
			p.size = int(f.number)
		case f.typ == length:
			p.method, p.data = f.num, f.data
		}
		return nil
	})
	if p.method == asIs {
		p.size = len(p.data)
	}
	if err == nil && p.size < 0 {
		err = errors.New("packed data without its size")
	}
	return p, err
}

// Methods of packing.
const (
	asIs   = 1
	byZlib = 3
	byLZ4  = 6
	byZstd = 7
)

// unpack decompresses the blob into b.raw.
func (b *block) unpack() error {
	if b.method == asIs {
		b.raw = b.data
		return nil
	}
	b.room = sized(b.room, b.size)
	b.raw = b.room
	switch b.method {
	case byZlib:
		return b.inflate(b.data)
	case byLZ4:
		if n, err := lz4.UncompressBlock(b.data, b.raw); err != nil || n != b.size {
			return fmt.Errorf("LZ4: damaged data (%d bytes where %d are expected)", n, b.size)
		}
		return nil
	case byZstd:
		return b.zstd(b.data)
	}
	return fmt.Errorf("blocks packed by method %d are %w; write the file anew with `osmium cat IN -o OUT.osm.pbf`", b.method, errUnsupported)
}

// inflate unpacks zlib data, which must fill b.raw to the byte.
func (b *block) inflate(data []byte) error {
	src := bytes.NewReader(data)
	var err error
	if b.zlib == nil {
		b.zlib, err = zlib.NewReader(src)
	} else {
		err = b.zlib.(zlib.Resetter).Reset(src, nil)
	}
	if err != nil {
		return fmt.Errorf("zlib: %w", cut(err))
	}
	if _, err := io.ReadFull(b.zlib, b.raw); err != nil {
		return fmt.Errorf("zlib: %w", cut(err))
	}
	var more [1]byte
	if n, err := io.ReadFull(b.zlib, more[:]); n > 0 {
		return fmt.Errorf("zlib: more than the %d bytes that the block declares", len(b.raw))
	} else if err != io.EOF {
		return fmt.Errorf("zlib: %w", err)
	}
	return nil
}

// zstd unpacks Zstandard data, which must fill b.raw to the byte.
func (b *block) zstd(data []byte) error {
	if b.zstandard == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBlob), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return err
		}
		b.zstandard = d
	}
	out, err := b.zstandard.DecodeAll(data, b.raw[:0:len(b.raw)])
	if err == nil && len(out) != len(b.raw) {
		err = fmt.Errorf("%d bytes where %d are expected", len(out), len(b.raw))
	}
	if err != nil {
		return fmt.Errorf("zstd: %w", err)
	}
	return nil
}

// known are the features that a file may require of its reader.
var known = map[string]bool{"OsmSchema-V0.6": true, "DenseNodes": true}

// header reads a header block: the box that it declares, nil if none, and
// whether ways keep the positions of their nodes.
func (b *block) header() (bound *orb.Bound, onWays bool, err error) {
	if err := b.unpack(); err != nil {
		return nil, false, err
	}
	const bbox, required, optional = 1, 4, 5
	err = fields(b.raw, func(f field) error {
		switch feature := string(f.data); {
		case f.is(bbox, length):
			bound, err = boundOf(f.data)
			return err
		case f.is(optional, length) && feature == "LocationsOnWays":
			onWays = true
		case f.is(required, length) && feature == "HistoricalInformation":
			return fmt.Errorf("history files are %w; take one moment with `osmium time-filter IN -o OUT.osm.pbf`", errUnsupported)
		case f.is(required, length) && !known[feature]:
			return fmt.Errorf("files that require %.40q are %w; write the file anew with `osmium cat IN -o OUT.osm.pbf`", feature, errUnsupported)
		}
		return nil
	})
	return bound, onWays, err
}

// boundOf reads a HeaderBBox message.
func boundOf(data []byte) (*orb.Bound, error) {
	var side [5]float64 // by number: left, right, top, bottom
	err := fields(data, func(f field) error {
		if f.typ == varint && f.num < protowire.Number(len(side)) {
			side[f.num] = float64(protowire.DecodeZigZag(f.number)) / 1e9 // nanodegrees
		}
		return nil
	})
	return &orb.Bound{Min: orb.Point{side[1], side[4]}, Max: orb.Point{side[2], side[3]}}, err
}
