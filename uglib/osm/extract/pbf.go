package extract

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
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
		free <- newBlock(&h, onWays)
	}
	q := queue{
		free: free, work: make(chan *block, cap(free)), order: make(chan *block, cap(free)),
		room: semaphore.NewWeighted(maxUnderWay),
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var g errgroup.Group
	g.Go(func() error {
		defer close(q.work)
		defer close(q.order)
		return in.all(ctx, &q)
	})
	for range workers {
		g.Go(func() error {
			for b := range q.work {
				b.done <- b.decode()
			}
			return nil
		})
	}
	if err := q.deliver(ctx); err != nil {
		stop()
		_ = g.Wait() // what failed first is told
		return err
	}
	return g.Wait()
}

// queue is the way of blocks from the reader to the decoders and on.
type queue struct {
	free  chan *block         // blocks to read into
	work  chan *block         // to the decoders
	order chan *block         // to who waits for them in file order
	room  *semaphore.Weighted // bytes that may be under way, unpacked
}

// maxUnderWay bounds the unpacked bytes of blocks under way. They are counted
// in file order, so that the block that is waited for is never kept back.
const maxUnderWay = 2 * maxBlob

// deliver hands the decoded blocks to the handler.
func (q *queue) deliver(ctx context.Context) error {
	n := &names{}
	for b := range q.order {
		if err := <-b.done; err != nil {
			return b.wrap(err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		b.deliver(n)
		q.room.Release(int64(b.size))
		q.free <- b.again()
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

// all reads the blobs to the end of the file.
func (in *blobReader) all(ctx context.Context, q *queue) error {
	for {
		var b *block
		select {
		case b = <-q.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		switch err := in.next(b); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case b.kind != blobData: // a second header, or what is not known
			q.free <- b
			continue
		}
		if err := q.room.Acquire(ctx, int64(b.size)); err != nil {
			return err
		}
		q.work <- b
		q.order <- b
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
	if b.packed, err = parseBlob(b.blob); err != nil {
		return b.wrap(err)
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
