package osm

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/paulmach/osm"
	"github.com/paulmach/osm/osmpbf"
	"github.com/paulmach/osm/osmxml"
	"google.golang.org/protobuf/encoding/protowire"
)

// format is the encoding of an extract.
type format int

const (
	pbf format = iota
	xmlPlain
	xmlGzip
	xmlBzip2
)

func formatOf(path string) (format, error) {
	name := strings.ToLower(filepath.Base(path))
	for _, f := range []struct {
		suffix string
		format format
	}{
		{".pbf", pbf}, {".osm", xmlPlain}, {".osm.gz", xmlGzip}, {".osm.bz2", xmlBzip2},
	} {
		if strings.HasSuffix(name, f.suffix) {
			return f.format, nil
		}
	}
	return 0, fmt.Errorf("extract %s: unknown kind of file; the name must end in .osm.pbf, .osm, .osm.gz or .osm.bz2", path)
}

// scan calls each for every object of the extract at path, in file order.
func scan(ctx context.Context, path string, each func(osm.Object)) error {
	kind, err := formatOf(path)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("extract %s: %w", path, err)
	}
	defer f.Close()

	var s osm.Scanner
	switch r := bufio.NewReaderSize(f, 1<<20); kind {
	case pbf:
		if err := checkBlocks(f); err != nil {
			return broken(path, err)
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("extract %s: %w", path, err)
		}
		p := osmpbf.New(ctx, r, runtime.GOMAXPROCS(0))
		header, err := p.Header()
		if err != nil {
			p.Close()
			return broken(path, err)
		}
		if header != nil && header.Bounds != nil {
			each(header.Bounds)
		}
		s = p
	case xmlGzip:
		z, err := gzip.NewReader(r)
		if err != nil {
			return broken(path, err)
		}
		s = osmxml.New(ctx, z)
	case xmlBzip2:
		s = osmxml.New(ctx, bzip2.NewReader(r))
	default:
		s = osmxml.New(ctx, r)
	}
	defer s.Close()
	for s.Scan() {
		each(s.Object())
	}
	if err := s.Err(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return broken(path, err)
	}
	return nil
}

// broken wraps an error of a decoder so that it names the file and a cure.
func broken(path string, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("extract %s cannot be read to its end, it may be truncated or damaged: %w; fetch it again", path, err)
}

// checkBlocks walks over the blocks of a PBF file without decoding them. The
// decoder takes a file that ends between the parts of a block for a whole one;
// this does not.
func checkBlocks(f io.ReadSeeker) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if size == 0 {
		return io.ErrUnexpectedEOF
	}
	const maxHeader = 64 << 10 // OSM PBF format: a BlobHeader is below 64 KiB
	var word [4]byte
	for at := int64(0); at < size; {
		if _, err := f.Seek(at, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.ReadFull(f, word[:]); err != nil {
			return fmt.Errorf("block at byte %d: %w", at, io.ErrUnexpectedEOF)
		}
		n := binary.BigEndian.Uint32(word[:])
		if n >= maxHeader {
			return fmt.Errorf("block at byte %d: header of %d bytes, not a PBF file", at, n)
		}
		header := make([]byte, n)
		if _, err := io.ReadFull(f, header); err != nil {
			return fmt.Errorf("block at byte %d: %w", at, io.ErrUnexpectedEOF)
		}
		data, err := blobSize(header)
		if err != nil {
			return fmt.Errorf("block at byte %d: %w", at, err)
		}
		next := at + 4 + int64(n) + int64(data)
		if next > size {
			return fmt.Errorf("block at byte %d: %w", at, io.ErrUnexpectedEOF)
		}
		at = next
	}
	return nil
}

// blobSize returns the field datasize (number 3) of a BlobHeader message.
func blobSize(header []byte) (int32, error) {
	const datasize = 3
	for b := header; len(b) > 0; {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return 0, protowire.ParseError(n)
		}
		b = b[n:]
		if num == datasize && typ == protowire.VarintType {
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return 0, protowire.ParseError(n)
			}
			if v > 32<<20 { // OSM PBF format: a Blob is at most 32 MiB
				return 0, fmt.Errorf("data of %d bytes, not a PBF file", v)
			}
			return int32(v), nil
		}
		n = protowire.ConsumeFieldValue(num, typ, b)
		if n < 0 {
			return 0, protowire.ParseError(n)
		}
		b = b[n:]
	}
	return 0, errors.New("block header without a size, not a PBF file")
}
