package streetview

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/streetview/exif"
	"urbangraph/uglib/streetview/imagehash"
)

// gather makes a set of what a source brought: it reads each file once, one
// for each processor at a time, merges its EXIF block with what the source
// says, leaves out what is no view of the city, and anchors the rest. It is an
// error if no view is left.
func gather(ctx context.Context, c *city.City, h *haul, s Spec) (*Set, error) {
	task := progress.Start(ctx, "read street views", len(h.images))
	defer task.Done()
	views, skips := make([]View, len(h.images)), make([]Skipped, len(h.images))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range h.images {
		group.Go(func() error {
			if err := gctx.Err(); err != nil {
				return err
			}
			views[i], skips[i] = look(c, h.dir, f)
			if skips[i].File == "" {
				Anchor(c, &views[i], s.Reach)
			}
			task.Add(1)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	set := &Set{Dir: h.dir}
	count := map[Reason]int{}
	ids := map[int64]bool{}
	first := map[string]string{} // file by checksum
	for i := range h.images {
		v, skip := views[i], skips[i]
		if skip.File == "" {
			if twin, ok := first[v.SHA256]; ok {
				skip = Skipped{v.File, Duplicate, twin}
			}
		}
		if skip.File != "" {
			set.Skipped = append(set.Skipped, skip)
			count[skip.Reason]++
			continue
		}
		first[v.SHA256] = v.File
		for ids[v.ID] { // two files with the same name in two sub-folders
			v.ID = nextID(v.ID)
		}
		ids[v.ID] = true
		set.Views = append(set.Views, v)
	}
	set.Skipped = append(set.Skipped, h.skipped...)
	if len(set.Views) == 0 {
		return nil, noViews(c, h.dir, len(h.images), count, set.Skipped)
	}
	return set, nil
}

func noViews(c *city.City, dir string, files int, count map[Reason]int, skipped []Skipped) error {
	switch {
	case files == 0:
		return fmt.Errorf("photo folder %s holds no image file (.jpg, .jpeg, .png, .webp)", dir)
	case count[Outside] > 0:
		return fmt.Errorf("photo folder %s: of %d image files %d have a position, none of them in %s (%.3f,%.3f to %.3f,%.3f); open the folder with the city that it shows",
			dir, files, count[Outside], c.Title, c.Bound.Min[0], c.Bound.Min[1], c.Bound.Max[0], c.Bound.Max[1])
	}
	first := skipped[0]
	return fmt.Errorf("photo folder %s: none of %d image files has an EXIF position (%s: %s); give photographs with GPSLatitude and GPSLongitude, "+
		"or write them with a geotagging tool (exiftool -geotag track.gpx)", dir, files, first.File, cmp.Or(first.Detail, string(first.Reason)))
}

// look reads the view of a file; the second result names the file if it is
// none.
func look(c *city.City, dir string, f found) (View, Skipped) {
	skip := func(r Reason, format string, args ...any) (View, Skipped) {
		return View{}, Skipped{f.file, r, fmt.Sprintf(format, args...)}
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.file)))
	if err != nil {
		return skip(Unreadable, "%v", err)
	}
	meta, err := readMeta(data)
	if err != nil && !errors.Is(err, exif.ErrNone) {
		return skip(Unreadable, "%v", err)
	}
	at := f.facts.merge(meta, f.first)
	at.pos = geo.Unwrap(at.pos, c.Bound.Center()[0]) // as the city's own places
	switch {
	case !at.hasPos:
		return skip(NoPosition, "")
	case !c.Bound.Contains(at.pos):
		return skip(Outside, "%.5f,%.5f", at.pos[0], at.pos[1])
	}
	img, err := decode(data)
	if err != nil {
		return skip(Unreadable, "%v", err)
	}
	sum := sha256.Sum256(data)
	v := View{
		ID: cmp.Or(f.id, idOf(f.file)), File: f.file, Origin: f.origin,
		Pos: at.pos, Heading: at.heading, HasHeading: at.hasHeading, Taken: at.taken, Credit: f.credit,
		SHA256: hex.EncodeToString(sum[:]), Hash: imagehash.Of(img),
		Street: city.None,
	}
	if strings.HasPrefix(meta.Software, software) {
		v.Origin = Rendered
	}
	return v, Skipped{}
}

// merge returns what is known about an image: by its source and by its EXIF
// block, whichever goes first.
func (f facts) merge(m exif.Meta, first bool) facts {
	a := facts{m.Pos, m.HasPos, m.Heading, m.HasHeading, m.Magnetic, m.Taken}
	if first {
		a, f = f, a
	}
	if !a.hasPos {
		a.pos, a.hasPos = f.pos, f.hasPos
	}
	if !a.hasHeading {
		a.heading, a.hasHeading, a.magnetic = f.heading, f.hasHeading, f.magnetic
	}
	if a.taken.IsZero() {
		a.taken = f.taken
	}
	return a
}

// readMeta reads the EXIF block of a file that is an image.
func readMeta(data []byte) (exif.Meta, error) {
	if _, _, err := image.DecodeConfig(bytes.NewReader(data)); err != nil {
		return exif.Meta{}, fmt.Errorf("no image that can be decoded: %w", err)
	}
	return exif.Read(bytes.NewReader(data))
}
