package streetview

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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
// says, anchors it, and leaves out what is no view of the city. It is an error
// if no view is left. What an interrupted build has read is in the journal at
// the given path.
func gather(ctx context.Context, c *city.City, h *haul, s Spec, journal string) (*Set, error) {
	all, err := lookAtAll(ctx, c, h, s, journal)
	if err != nil {
		return nil, err
	}
	set := &Set{Dir: h.dir, Views: make([]View, 0, len(all)), Reading: Reading{Images: len(all), Reach: s.Reach, Sidecar: h.sidecar}}
	ids := map[int64]bool{}
	first := map[string]string{} // file by checksum
	near := newNearFinder(c, s.Near)
	for i := range all {
		v, skip := all[i].view, all[i].skip
		if twin, ok := first[v.SHA256]; ok && skip.File == "" {
			skip = Skipped{v.File, Duplicate, twin}
		}
		if skip.File == "" && !s.Near.Off {
			if twin, ok := near.find(&all[i].view); ok {
				set.Reading.Near = append(set.Reading.Near, twin)
				if s.Near.Skip {
					skip = Skipped{v.File, NearTwin, fmt.Sprintf("%s (%d bits, %v)", twin.Of, twin.Bits, twin.Distance)}
				}
			}
		}
		if skip.File != "" {
			set.Skipped = append(set.Skipped, skip)
			continue
		}
		first[v.SHA256] = v.File
		for ids[v.ID] { // two files with the same name in two sub-folders
			v.ID = nextID(v.ID)
		}
		ids[v.ID] = true
		set.Views = append(set.Views, v)
		set.Reading.Headings.add(all[i].how)
	}
	set.Skipped = append(set.Skipped, h.skipped...)
	if len(set.Views) == 0 {
		return nil, noViews(c, h, s, set.Skipped)
	}
	return set, nil
}

func lookAtAll(ctx context.Context, c *city.City, h *haul, s Spec, journal string) (all []looked, err error) {
	task := progress.Start(ctx, "read street views", len(h.images))
	defer task.Done()
	j, err := openJournal(journal)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.close(err != nil)) }()
	all = make([]looked, len(h.images))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range h.images {
		f := &h.images[i]
		if l, ok := j.done[f.file]; ok {
			all[i] = l
			task.Add(1)
			continue
		}
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			l := look(c, h.dir, f, !s.Near.Off)
			if l.skip.File == "" {
				Anchor(c, &l.view, s.Reach)
			}
			all[i] = l
			task.Add(1)
			return j.note(f.file, l)
		})
	}
	return all, group.Wait()
}

// noViews says why a haul has no view at all, and what would help.
func noViews(c *city.City, h *haul, s Spec, skipped []Skipped) error {
	where, files := fmt.Sprintf("the %s images of %s", s.Origin, c.Title), len(h.images)
	if s.Origin == Photo {
		where = "photo folder " + h.dir
	}
	count := map[Reason]int{}
	for _, f := range skipped {
		count[f.Reason]++
	}
	switch {
	case files == 0 && s.Origin == Photo:
		return fmt.Errorf("%s holds no image file (.jpg, .jpeg, .png, .webp)", where)
	case files == 0 && len(skipped) == 0:
		return fmt.Errorf("%s: there are none; take a larger box or another source", where)
	case count[Outside] > 0:
		placed := files - count[NoPosition] - count[Unreadable] - count[BadRow]
		return fmt.Errorf("%s: of %d image files %d have a position, none of them in %s (%.3f,%.3f to %.3f,%.3f); open the folder with the city that it shows",
			where, files, placed, c.Title, c.Bound.Min[0], c.Bound.Min[1], c.Bound.Max[0], c.Bound.Max[1])
	}
	first := skipped[0]
	why := fmt.Sprintf("(%s: %s)", first.File, cmp.Or(first.Detail, string(first.Reason)))
	switch {
	case s.Origin != Photo:
		return fmt.Errorf("%s: none of %d can be used %s", where, len(skipped), why)
	case h.sidecar != nil:
		return fmt.Errorf("%s: none of %d image files has a position in EXIF or in %s, which has %d rows, %d of them for a file of the folder %s; correct the file names or positions of the sidecar",
			where, files, h.sidecar.File, h.sidecar.Rows+len(h.sidecar.Problems), h.sidecar.Used, why)
	}
	return fmt.Errorf("%s: none of %d image files has an EXIF position %s; give photographs with GPSLatitude and GPSLongitude, "+
		"write them with a geotagging tool (exiftool -geotag track.gpx), or add a table images.csv with the columns file, lat, lon", where, files, why)
}

// looked is what reading one file gave: a view, or the reason why it is none
// (with the file's name), and what the view's facts come from.
type looked struct {
	view View
	skip Skipped
	how  how
}

// how says where a view's heading comes from.
type how struct {
	Known, Magnetic, Undated, Pano, Sidecar bool
}

func (h *Headings) add(x how) {
	for _, n := range []struct {
		count *int
		is    bool
	}{{&h.Known, x.Known}, {&h.Magnetic, x.Magnetic}, {&h.Undated, x.Undated}, {&h.Pano, x.Pano}, {&h.Sidecar, x.Sidecar}} {
		if n.is {
			*n.count++
		}
	}
}

// look reads the view of a file, with its perceptual hash if hashed is true.
func look(c *city.City, dir string, f *found, hashed bool) looked {
	skip := func(r Reason, detail string) looked { return looked{skip: Skipped{f.file, r, detail}} }
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.file)))
	if err != nil {
		return skip(Unreadable, err.Error())
	}
	if err := checkConfig(data); err != nil {
		return skip(Unreadable, err.Error())
	}
	meta, err := exif.Read(bytes.NewReader(data))
	if errors.Is(err, exif.ErrNone) {
		err = nil
	}
	at := f.facts.merge(meta, f.first)
	switch {
	case f.fault != "" && (f.first || !at.hasPos):
		return skip(BadRow, f.fault)
	case !at.hasPos && err != nil:
		return skip(NoPosition, err.Error())
	case !at.hasPos:
		return skip(NoPosition, meta.Fault)
	}
	pos := geo.Unwrap(at.pos, c.Bound.Center()[0]) // as the city's own places
	if !c.Bound.Contains(pos) {
		return skip(Outside, fmt.Sprintf("%.5f,%.5f", at.pos[0], at.pos[1]))
	}
	how := how{Known: at.hasHeading, Magnetic: at.hasHeading && at.magnetic, Pano: at.hasHeading && at.pano,
		Sidecar: at.hasHeading && f.facts.hasHeading && (f.first || !meta.HasHeading)}
	if how.Magnetic {
		how.Undated = at.taken.IsZero()
		if at.heading, err = TrueNorth(at.heading, at.pos, at.taken); err != nil {
			return skip(Unreadable, err.Error())
		}
	}
	sum := sha256.Sum256(data)
	v := View{
		ID: cmp.Or(f.id, idOf(f.file)), File: f.file, Origin: f.origin,
		Pos: pos, Heading: at.heading, HasHeading: at.hasHeading, Taken: at.taken, Credit: f.credit, Sequence: f.sequence,
		SHA256: hex.EncodeToString(sum[:]), Street: city.None,
	}
	if strings.HasPrefix(meta.Software, software) {
		v.Origin = Rendered
	}
	if hashed {
		img, err := decode(data)
		if err != nil {
			return skip(Unreadable, err.Error())
		}
		v.Hash = imagehash.OfOriented(img, meta.Orientation)
	}
	return looked{v, Skipped{}, how}
}

// merge returns what is known about an image: by its source and by its EXIF
// block, whichever goes first.
func (f facts) merge(m exif.Meta, first bool) facts {
	a := facts{m.Pos, m.HasPos, m.Heading, m.HasHeading, m.Magnetic, m.Pano, m.Taken}
	if first {
		a, f = f, a
	}
	if !a.hasPos {
		a.pos, a.hasPos = f.pos, f.hasPos
	}
	if !a.hasHeading {
		a.heading, a.hasHeading, a.magnetic, a.pano = f.heading, f.hasHeading, f.magnetic, f.pano
	}
	if a.taken.IsZero() {
		a.taken = f.taken
	}
	return a
}
