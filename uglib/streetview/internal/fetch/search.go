package fetch

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/paulmach/orb"
	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/progress"
)

// mostStrikes is how many boxes (of those to begin with) or files in a row may
// fail before the service counts as out of reach; of the parts of one box as
// many may, before the rest of it is left out.
const mostStrikes = 8

// entry is a line of the journal of a search: one of its fields.
type entry struct {
	Photo *Photo `json:"photo,omitempty"`
	Done  string `json:"done,omitempty"`  // path of a box whose photographs stand above
	Split string `json:"split,omitempty"` // path of a box that was too much in one
}

// BoxFailure is a box that could not be searched.
type BoxFailure struct {
	Box    string `json:"box"` // west,south,east,north
	Reason string `json:"reason"`
}

// search finds the photographs of an area.
type search struct {
	job  *Job
	log  *journal[entry]
	task progress.Task
	done map[string]bool // by earlier runs

	mu         sync.Mutex
	split      map[string]bool
	index      map[int64]bool // ids that were seen
	candidates []candidate
	left       map[string]int // photographs that are not taken, by reason
	twins      int            // photographs that came again
	boxes      int            // searched now
	splits     int
	failed     []BoxFailure
	lost       float64  // area of those, square degrees
	full       []string // smallest boxes that hold more than the service tells
	strikes    int      // tiles in a row of which nothing was answered
}

// part counts within a tile.
type part struct {
	answered int
	strikes  int // boxes in a row that failed
	why      error
}

func newSearch(job *Job, path, query string) (*search, error) {
	s := &search{job: job, done: map[string]bool{}, split: map[string]bool{}, index: map[int64]bool{}, left: map[string]int{}}
	var err error
	s.log, err = openJournal(path, query, func(e entry, offset int64) error {
		switch {
		case e.Photo != nil && (e.Photo.MapillaryID != 0) != (e.Photo.KartaViewID != 0):
			s.take(e.Photo, offset)
		case e.Done != "":
			s.done[e.Done] = true
		case e.Split != "":
			s.split[e.Split] = true
			s.splits++
		default:
			return errors.New("no entry")
		}
		return nil
	})
	s.twins = 0 // those of boxes that were searched in part
	return s, err
}

// take notes a photograph whose line in the journal is at an offset.
func (s *search) take(p *Photo, offset int64) {
	id := p.ID()
	if s.index[id] {
		s.twins++
		return
	}
	s.index[id] = true
	if why := s.job.Limits.admit(p, s.job.Area); why != "" {
		s.left[why]++
		return
	}
	pos, _ := p.Pos(s.job.Limits.Original)
	s.candidates = append(s.candidates, candidate{id, pos, offset})
}

// run searches the tiles, several at a time.
func (s *search) run(ctx context.Context, tiles []Box) error {
	var open []Box
	for _, t := range tiles {
		if !s.done[t.Path] {
			open = append(open, t)
		}
	}
	s.task = progress.Start(ctx, "search "+s.job.Service, len(open))
	defer s.task.Done()
	s.job.Client.tell(s.task)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.job.Client.Parallel)
	for _, t := range open {
		group.Go(func() error {
			var n part
			whole, err := s.box(ctx, t, &n)
			if err == nil {
				err = s.count(&n)
			}
			if err != nil {
				return err
			}
			s.task.Add(1)
			if whole && s.wasSplit(t.Path) { // a resumed search need not look into its quarters
				_, err = s.log.append(entry{Done: t.Path})
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if share := s.lost / squareDegrees(s.job.Area); len(s.failed) > 0 && share > s.job.Client.Tolerance {
		first := s.failed[0]
		return fmt.Errorf("%d boxes with %.0f%% of the area were not answered, the first (%s) because of %s", len(s.failed), 100*share, first.Box, first.Reason)
	}
	return nil
}

func squareDegrees(b orb.Bound) float64 { return (b.Max[0] - b.Min[0]) * (b.Max[1] - b.Min[1]) }

// count notes whether anything of a tile was answered; it returns an error
// where going on is no use.
func (s *search) count(n *part) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.why == nil || n.answered > 0 {
		s.strikes = 0
		return nil
	}
	if s.strikes++; s.strikes >= mostStrikes {
		return fmt.Errorf("%d boxes in a row were not answered, the last because of %w", s.strikes, n.why)
	}
	return nil
}

// box searches a box of a tile, in quarters if it is too much in one. It says
// whether all of it was searched; the error is one that ends the search.
func (s *search) box(ctx context.Context, b Box, n *part) (whole bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, context.Cause(ctx)
	}
	if s.done[b.Path] { // by an earlier run
		return true, nil
	}
	if n.strikes >= mostStrikes {
		s.lose(b, fmt.Sprintf("left out after %d boxes beside it failed", n.strikes))
		return false, nil
	}
	if !s.wasSplit(b.Path) {
		last := !b.CanSplit()
		err := s.job.Source.Search(ctx, b, last, s.emit)
		switch {
		case ctx.Err() != nil:
			return false, context.Cause(ctx)
		case err == nil:
			n.answered, n.strikes = n.answered+1, 0
			return true, s.finish(entry{Done: b.Path})
		case Is(err, TooMuch) && last:
			s.mu.Lock()
			s.full = append(s.full, b.String())
			s.mu.Unlock()
			n.answered, n.strikes = n.answered+1, 0
			return true, s.finish(entry{Done: b.Path})
		case Is(err, TooMuch):
			if err := s.finish(entry{Split: b.Path}); err != nil {
				return false, err
			}
		default:
			if _, ok := errors.AsType[*Fault](err); !ok || Is(err, Refused) {
				return false, err
			}
			n.strikes, n.why = n.strikes+1, err
			s.lose(b, err.Error())
			return false, nil
		}
	}
	whole = true
	for _, q := range b.Quarters() {
		ok, err := s.box(ctx, q, n)
		if err != nil {
			return false, err
		}
		whole = whole && ok
	}
	return whole, nil
}

func (s *search) wasSplit(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.split[path]
}

// emit writes photographs to the journal.
func (s *search) emit(photos []Photo) error {
	if len(photos) == 0 {
		return nil
	}
	lines := make([]entry, len(photos))
	for i := range photos {
		lines[i].Photo = &photos[i]
	}
	offsets, err := s.log.append(lines...)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range photos {
		s.take(&photos[i], offsets[i])
	}
	return nil
}

// finish notes a box that was answered.
func (s *search) finish(e entry) error {
	s.mu.Lock()
	if e.Split != "" {
		s.split[e.Split] = true
		s.splits++
	} else {
		s.boxes++
	}
	note := fmt.Sprintf("%d photographs", len(s.index))
	if s.splits > 0 {
		note += fmt.Sprintf(", %d boxes split", s.splits)
	}
	s.mu.Unlock()
	if n := s.job.Client.waits.Load(); n > 0 {
		note += fmt.Sprintf(", %d waits for the rate limit", n)
	}
	s.task.Note(note)
	_, err := s.log.append(e)
	return err
}

// lose notes a box that was not searched.
func (s *search) lose(b Box, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = append(s.failed, BoxFailure{b.String(), why})
	s.lost += squareDegrees(b.Bound)
}

// Within returns the part of an area that limits ask for.
func (l Limits) Within(area orb.Bound) (orb.Bound, error) {
	if l.Bound == (orb.Bound{}) {
		return area, nil
	}
	turns := geo.Unwrap(l.Bound.Center(), area.Center()[0])[0] - l.Bound.Center()[0] // 0, 360 or -360
	part := orb.Bound{
		Min: orb.Point{max(area.Min[0], l.Bound.Min[0]+turns), max(area.Min[1], l.Bound.Min[1])},
		Max: orb.Point{min(area.Max[0], l.Bound.Max[0]+turns), min(area.Max[1], l.Bound.Max[1])},
	}
	if !(part.Min[0] < part.Max[0]) || !(part.Min[1] < part.Max[1]) {
		return area, fmt.Errorf("bounding box %s does not touch that of the city, %s", Box{Bound: l.Bound}, Box{Bound: area})
	}
	return part, nil
}
