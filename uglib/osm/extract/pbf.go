package extract

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Sizes that the format allows (OSM wiki, PBF Format, file format).
const (
	maxHeader = 64 << 10 // bytes of a BlobHeader
	maxBlob   = 32 << 20 // bytes of a Blob, packed and unpacked
)

// scanPBF reads blocks in one goroutine, decodes them in as many as there are
// cores, and hands them over in this one. Blocks go round: from free to the
// reader, to a decoder, to this goroutine and back.
func scanPBF(ctx context.Context, r io.Reader, h Handler) error {
	in := &blobReader{r: r}
	first := &block{}
	switch err := in.next(first); {
	case err == io.EOF:
		return io.ErrUnexpectedEOF
	case err != nil:
		return err
	case first.kind != blobHeader:
		return fmt.Errorf("block at byte 0 is %.20q where %q is expected: not a PBF file", first.kind, blobHeader)
	}
	bound, onWays, err := first.header()
	if err != nil {
		return first.wrap(err)
	}
	if bound != nil && h.Bounds != nil {
		h.Bounds(*bound)
	}

	workers := runtime.GOMAXPROCS(0)
	free := make(chan *block, 2*workers)
	for range cap(free) {
		free <- &block{handler: &h, onWays: onWays, done: make(chan error, 1)}
	}
	packed := make(chan *block, cap(free))
	order := make(chan *block, cap(free))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var g errgroup.Group
	g.Go(func() error {
		defer close(packed)
		defer close(order)
		return in.all(ctx, free, packed, order)
	})
	for range workers {
		g.Go(func() error {
			for b := range packed {
				b.done <- b.decode()
			}
			return nil
		})
	}
	if err := deliver(ctx, order, free); err != nil {
		stop()
		_ = g.Wait() // what failed first is told
		return err
	}
	return g.Wait()
}

// deliver hands the decoded blocks to the handler.
func deliver(ctx context.Context, order <-chan *block, free chan<- *block) error {
	n := &names{}
	for b := range order {
		if err := <-b.done; err != nil {
			return b.wrap(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		b.deliver(n)
		free <- b
	}
	return nil
}

// Types of blobs.
const (
	blobHeader = "OSMHeader"
	blobData   = "OSMData"
)

// blobReader cuts a PBF file into its blobs.
type blobReader struct {
	r      io.Reader
	at     int64 // byte of the next blob
	header []byte
}

// all reads the blobs to the end of the file into free blocks, and gives each
// to the decoders and to who waits for it.
func (in *blobReader) all(ctx context.Context, free, packed, order chan *block) error {
	for {
		var b *block
		select {
		case b = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		switch err := in.next(b); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case b.kind != blobData: // a second header, or what is not known
			free <- b
			continue
		}
		packed <- b
		order <- b
	}
}

// next reads the next blob into b; io.EOF where the file ends.
func (in *blobReader) next(b *block) error {
	b.at = in.at
	var word [4]byte
	switch _, err := io.ReadFull(in.r, word[:]); {
	case err == io.EOF:
		return io.EOF
	case err != nil:
		return b.wrap(err)
	}
	n := binary.BigEndian.Uint32(word[:])
	if n >= maxHeader {
		return b.wrap(fmt.Errorf("header of %d bytes, not a PBF file", n))
	}
	in.header = sized(in.header, int(n))
	if _, err := io.ReadFull(in.r, in.header); err != nil {
		return b.wrap(cut(err))
	}
	kind, size, err := parseBlobHeader(in.header)
	if err != nil {
		return b.wrap(err)
	}
	b.kind, b.blob = kind, sized(b.blob, size)
	if _, err := io.ReadFull(in.r, b.blob); err != nil {
		return b.wrap(cut(err))
	}
	in.at += 4 + int64(n) + int64(size)
	return nil
}

// cut makes the end of a file within a block the error that it is.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// sized returns a slice of n bytes, b itself where it is large enough.
func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
