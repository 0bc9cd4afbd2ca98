package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/paulmach/orb"
	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/progress"
)

// Files of a collection.
const (
	PhotosFile = "photos.jsonl" // a [Photo] a line, in the order of the ids
	ResultFile = "result.json"  // a [Result] without its photographs
	ImageDir   = "images"       // of the image files

	searchLog   = "search.jsonl"
	downloadLog = "downloads.jsonl"
)

// mostTiles bounds the number of boxes to begin with.
const mostTiles = 200_000

// Source is a street-view service.
type Source interface {
	// Search hands the photographs of a box to emit, a page at a time. The
	// fault is [TooMuch] where the box must be split; with last it is as small
	// as can be. Photographs outside of the box do no harm.
	Search(ctx context.Context, b Box, last bool, emit func([]Photo) error) error
	// Details returns the photographs with fresh addresses of their files.
	// Those that the service no longer has are left out.
	Details(ctx context.Context, photos []Photo) ([]Photo, error)
	// Batch is the greatest number of photographs for Details.
	Batch() int
}

// Job is what to collect.
type Job struct {
	Service string    // for people, such as "Mapillary"
	Source  Source    //
	Client  *Client   // of the source
	Area    orb.Bound // to search, degrees
	Side    float64   // of the boxes to begin with, degrees
	Limits  Limits    //
	City    string    // key of the city, for the rows
	Query   any       // what the journal belongs to; encodes to JSON
}

// Collect does a job in a folder, and goes on with what an interrupted run
// left there. Before it writes a file that is to outlive an interruption it
// calls keep with its name. It is an error if no photograph could be had.
func Collect(ctx context.Context, job Job, dir string, keep func(name string)) (*Result, error) {
	if err := job.Limits.Check(); err != nil {
		return nil, err
	}
	area, err := job.Limits.Within(job.Area)
	if err != nil {
		return nil, err
	}
	job.Area = area
	if n := squareDegrees(area) / (job.Side * job.Side); n > mostTiles {
		return nil, fmt.Errorf("%s would be searched in %.0f boxes, more than %d; give a smaller box than %s", job.Service, n, mostTiles, Box{Bound: area})
	}
	query, err := fingerprint(job)
	if err != nil {
		return nil, err
	}
	defer job.Client.Close()
	for _, name := range []string{searchLog, downloadLog, ImageDir, PhotosFile, ResultFile} {
		keep(name)
	}
	if r := finished(dir, query); r != nil {
		return r, nil
	}
	s, err := newSearch(&job, filepath.Join(dir, searchLog), query)
	if err != nil {
		return nil, err
	}
	r, err := collect(ctx, &job, s, dir, query)
	if err := errors.Join(err, s.log.close()); err != nil {
		return nil, err
	}
	r.Query, r.Taken = query, len(r.Photos)
	if err := writePhotos(filepath.Join(dir, PhotosFile), r.Photos); err != nil {
		return nil, err
	}
	if err := writeResult(filepath.Join(dir, ResultFile), r); err != nil {
		return nil, err
	}
	return r, removeLogs(dir)
}

func removeLogs(dir string) error {
	for _, name := range []string{searchLog, downloadLog} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// fingerprint names what a journal belongs to.
func fingerprint(job Job) (string, error) {
	data, err := json.Marshal(struct {
		Service string
		Area    orb.Bound
		Side    float64
		Query   any
	}{job.Service, job.Area, job.Side, job.Query})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8]), nil
}

func collect(ctx context.Context, job *Job, s *search, dir, query string) (*Result, error) {
	if err := s.run(ctx, Tiles(job.Area, job.Side)); err != nil {
		return nil, fmt.Errorf("%s cannot be searched: %w; what was found so far is kept, the same command goes on from there", job.Service, err)
	}
	chosen := job.Limits.choose(s.candidates)
	r := &Result{
		Found: len(s.index), Repeated: s.twins, Left: s.left, Thinned: len(s.candidates) - len(chosen),
		Boxes: s.boxes, Splits: s.splits, Failed: s.failed, Full: s.full,
	}
	if len(chosen) == 0 {
		return nil, r.nothing(job)
	}
	d, err := newDownloads(job, s.log, dir, query)
	if err != nil {
		return nil, err
	}
	err = d.run(ctx, chosen)
	if err == nil {
		err = d.enough(len(chosen))
	}
	if err := errors.Join(err, d.log.close()); err != nil {
		return nil, fmt.Errorf("images of %s cannot be fetched: %w; those that were are kept, the same command goes on from there", job.Service, err)
	}
	if err := d.finish(r, chosen); err != nil {
		return nil, err
	}
	c := job.Client
	r.Requests, r.Retries, r.Waits, r.Bytes = c.requests.Load(), c.retries.Load(), c.waits.Load(), c.bytes.Load()
	if len(r.Photos) == 0 {
		return nil, fmt.Errorf("%s no longer has any of the %d photographs that were chosen; try again later, or ask for other years or creators", job.Service, len(chosen))
	}
	return r, nil
}

// nothing is the error of a search that found nothing to take.
func (r *Result) nothing(job *Job) error {
	if len(r.Failed) > 0 {
		return fmt.Errorf("%s gave no photographs for %s: %d boxes could not be searched, the first (%s) because of %s",
			job.Service, Box{Bound: job.Area}, len(r.Failed), r.Failed[0].Box, r.Failed[0].Reason)
	}
	if r.Found == 0 {
		return fmt.Errorf("%s has no photographs in %s; try a larger box or another service", job.Service, Box{Bound: job.Area})
	}
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(r.Left)) {
		parts = append(parts, fmt.Sprintf("%d %s", r.Left[why], why))
	}
	return fmt.Errorf("%s has %d photographs in %s, but none that is asked for (%s); ask for more years, creators or panoramas",
		job.Service, r.Found, Box{Bound: job.Area}, strings.Join(parts, ", "))
}

// downloads fetches image files.
type downloads struct {
	job   *Job
	found *journal[entry]
	log   *journal[file]
	dir   string // of the files

	mu      sync.Mutex
	got     map[int64]file
	missing map[int64]string
	failed  int // of those, that are not gone
	example string
	resumed int
	strikes int // files in a row that failed
}

func newDownloads(job *Job, found *journal[entry], dir, query string) (*downloads, error) {
	d := &downloads{job: job, found: found, dir: filepath.Join(dir, ImageDir), got: map[int64]file{}, missing: map[int64]string{}}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return nil, err
	}
	log, err := openJournal(filepath.Join(dir, downloadLog), query, func(f file, _ int64) error {
		if f.Name == "" || f.Name != filepath.Base(f.Name) {
			return fmt.Errorf("%q is no file name", f.Name)
		}
		d.got[f.ID] = f
		return nil
	})
	if err != nil {
		return nil, err
	}
	d.log = log
	return d, d.tidy()
}

// tidy removes the files that the journal does not know, such as half-written
// ones, and forgets those that are not as it says.
func (d *downloads) tidy() error {
	known := map[string]file{}
	for _, f := range d.got {
		known[f.Name] = f
	}
	files, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	here := map[int64]bool{}
	for _, e := range files {
		f, ok := known[e.Name()]
		if ok {
			info, err := e.Info()
			if ok = err == nil && info.Mode().IsRegular() && info.Size() == f.Bytes; ok {
				here[f.ID] = true
				continue
			}
		}
		if err := os.RemoveAll(filepath.Join(d.dir, e.Name())); err != nil {
			return err
		}
	}
	maps.DeleteFunc(d.got, func(id int64, _ file) bool { return !here[id] })
	return nil
}

// run fetches the files of the chosen photographs that are not there yet.
func (d *downloads) run(ctx context.Context, chosen []candidate) error {
	wanted := map[int64]bool{}
	var open []candidate
	for _, c := range chosen {
		wanted[c.id] = true
		if _, ok := d.got[c.id]; !ok {
			open = append(open, c)
		}
	}
	for id, f := range d.got { // of a search that found other photographs
		if wanted[id] {
			continue
		}
		if err := os.Remove(filepath.Join(d.dir, f.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		delete(d.got, id)
	}
	d.resumed = len(d.got)
	task := progress.Start(ctx, "fetch images of "+d.job.Service, len(open))
	defer task.Done()
	d.job.Client.tell(task)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(d.job.Client.ImageParallel)
	for chunk := range slices.Chunk(open, max(1, d.job.Source.Batch())) {
		photos, err := d.load(ctx, chunk)
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		task.Add(len(chunk) - len(photos))
		for _, p := range photos {
			group.Go(func() error {
				err := d.one(ctx, p)
				task.Add(1)
				d.mu.Lock()
				defer d.mu.Unlock()
				task.Note(fmt.Sprintf("%.1f MB, %d missing", float64(d.job.Client.bytes.Load())/1e6, len(d.missing)))
				return err
			})
		}
	}
	return group.Wait()
}

// load reads photographs from the journal of the search, and asks the service
// for the addresses of their files where the search did not tell.
func (d *downloads) load(ctx context.Context, chunk []candidate) ([]Photo, error) {
	var ready, bare []Photo
	for _, c := range chunk {
		e, err := d.found.at(c.offset)
		switch {
		case err != nil:
			return nil, err
		case e.Photo == nil:
			return nil, fmt.Errorf("no photograph at offset %d of the journal", c.offset)
		case e.Photo.ImageURL == "":
			bare = append(bare, *e.Photo)
		default:
			ready = append(ready, *e.Photo)
		}
	}
	if len(bare) == 0 {
		return ready, nil
	}
	fresh, err := d.job.Source.Details(ctx, bare)
	if err != nil {
		for _, p := range bare {
			if err := d.miss(ctx, p.ID(), err); err != nil {
				return nil, err
			}
		}
		return ready, nil
	}
	told := map[int64]bool{}
	for _, p := range fresh {
		told[p.ID()] = true
	}
	for _, p := range bare {
		if !told[p.ID()] {
			if err := d.miss(ctx, p.ID(), Faultf(Gone, "the service no longer has it")); err != nil {
				return nil, err
			}
		}
	}
	return append(ready, fresh...), nil
}

// one fetches the file of a photograph, with a fresh address if the first has
// expired.
func (d *downloads) one(ctx context.Context, p Photo) error {
	got, err := d.job.Client.download(ctx, &p, d.dir)
	if Is(err, Gone) {
		fresh, detailErr := d.job.Source.Details(ctx, []Photo{p})
		switch {
		case detailErr != nil:
			err = detailErr
		case len(fresh) == 0:
			err = Faultf(Gone, "the service no longer has it")
		default:
			p = fresh[0]
			got, err = d.job.Client.download(ctx, &p, d.dir)
		}
	}
	if err != nil {
		return d.miss(ctx, p.ID(), err)
	}
	got.Photo = &p
	if _, err := d.log.append(*got); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got[got.ID] = *got
	d.strikes = 0
	return nil
}

// miss notes a photograph that could not be had; it returns an error where
// going on is no use.
func (d *downloads) miss(ctx context.Context, id int64, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, ok := errors.AsType[*Fault](err); !ok || Is(err, Refused) {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.missing[id] = err.Error()
	if Is(err, Gone) {
		return nil
	}
	d.failed++
	d.strikes++
	if d.example == "" {
		d.example = fmt.Sprintf("%d because of %v", id, err)
	}
	if d.strikes >= mostStrikes {
		return fmt.Errorf("%d files in a row could not be fetched, the last because of %w", d.strikes, err)
	}
	return nil
}

// enough returns an error if more photographs failed than are let pass.
func (d *downloads) enough(chosen int) error {
	if d.failed == 0 || float64(d.failed) <= d.job.Client.Tolerance*float64(chosen) {
		return nil
	}
	return fmt.Errorf("%d of %d failed, the first (%s)", d.failed, chosen, d.example)
}

// finish puts the photographs with their files into the result.
func (d *downloads) finish(r *Result, chosen []candidate) error {
	r.Resumed = d.resumed
	for _, c := range chosen {
		f, ok := d.got[c.id]
		if !ok {
			r.Missing = append(r.Missing, Missing{c.id, d.missing[c.id]})
			continue
		}
		if f.Photo == nil {
			return fmt.Errorf("the journal of files knows nothing about the photograph %d", c.id)
		}
		p := *f.Photo
		p.ImageURL, p.City = "", d.job.City
		p.File, p.Bytes, p.SHA256, p.ImageWidth, p.ImageHeight = f.Name, f.Bytes, f.SHA256, f.Width, f.Height
		r.Photos = append(r.Photos, p)
	}
	return nil
}
