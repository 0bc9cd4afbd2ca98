package extract

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/progress"
)

// Handler takes the elements of an extract, in file order and one at a time.
// Slices and tags are valid during the call only; strings may be kept. What has
// no function is skipped undecoded.
type Handler struct {
	// Bounds takes the box that the extract declares, in degrees.
	Bounds func(orb.Bound)
	// Node takes a node and its longitude and latitude in degrees, as the file has them: they may lie outside
	// of the Earth, and are NaN where the file has none. The positions that a file keeps with its ways
	// (LocationsOnWays) come as nodes without tags before the way.
	Node func(id int64, at orb.Point, tags Tags)
	// Way takes a way and the ids of its nodes.
	Way func(id int64, nodes []int64, tags Tags)
	// Relation takes a relation and its members.
	Relation func(id int64, members []Member, tags Tags)
}

// Member is an element that belongs to a relation.
type Member struct {
	Type Type
	ID   int64
	Role string
}

// Type is the kind of an element.
type Type uint8

const (
	Node Type = iota
	Way
	Relation
)

func (t Type) String() string { return [...]string{"node", "way", "relation"}[t] }

// format is the encoding of an extract.
type format int

const (
	pbf format = iota
	xmlPlain
	xmlGzip
	xmlBzip2
)

// Check is an error unless the name of a file is that of an extract.
func Check(path string) error {
	_, err := formatOf(path)
	return err
}

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

// Scan reads the extract at path and hands its elements to h. Its name tells
// the format.
func Scan(ctx context.Context, path string, h Handler) error {
	kind, err := formatOf(path)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("extract %s: %w", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("extract %s: %w", path, err)
	}
	t := progress.Start(ctx, "read "+filepath.Base(path), int(info.Size()))
	defer t.Done()
	err = scan(ctx, bufio.NewReaderSize(&counted{f, t}, 1<<20), kind, h)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errUnsupported):
		return fmt.Errorf("extract %s: %w", path, err)
	}
	return fmt.Errorf("extract %s cannot be read to its end, it may be truncated or damaged: %w; fetch it again", path, err)
}

func scan(ctx context.Context, r io.Reader, kind format, h Handler) error {
	if kind == pbf {
		return scanPBF(ctx, r, h)
	}
	return scanXML(ctx, r, kind, h)
}

// errUnsupported marks files that are sound but of a kind that is not read;
// the error says the cure.
var errUnsupported = errors.New("not supported")

// counted tells a task how many bytes were read.
type counted struct {
	r io.Reader
	t progress.Task
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.t.Add(n)
	return n, err
}
