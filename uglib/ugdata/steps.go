package ugdata

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/paulmach/orb"

	"urbangraph/uglib/caption"
	"urbangraph/uglib/caption/endpoint"
	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview"
)

// Builder makes a dataset in steps that may run on different machines, since
// what they hand on are plain values: [Builder.Survey] of each city,
// [Builder.Jobs] of all surveys, [Builder.Describe] of each job, and
// an [Assembler] of all parts. It keeps one city open at a time, or as many as
// [Builder.Keep] says. Its methods may be called from several goroutines.
type Builder struct {
	o       Options
	seed    uint64
	heldOut []bool
	open    func(ctx context.Context, i int) (Source, error)
	images  bool // views whose image file is missing are left out

	mu   sync.Mutex
	keep int      // most cities that are open
	held []*entry // those that are, the last used at the end
}

// entry is a city that is open, or being opened.
type entry struct {
	city   int
	once   sync.Once
	source Source
	err    error
}

func newBuilder(o Options, seed uint64, cities int) (*Builder, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Builder{o: o, seed: seed, heldOut: make([]bool, cities), keep: 1}, nil
}

// Cities returns the number of cities.
func (b *Builder) Cities() int { return len(b.heldOut) }

// Options returns the options, defaults filled in.
func (b *Builder) Options() Options { return b.o }

// Keep says how many cities may be open at a time, for steps that go to and fro
// between cities.
func (b *Builder) Keep(cities int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keep = max(1, cities)
}

// at opens a city with its views, or returns it where it is open.
func (b *Builder) at(ctx context.Context, i int) (Source, error) {
	if i < 0 || i >= len(b.heldOut) {
		return Source{}, fmt.Errorf("ugdata: there is no city %d of %d", i, len(b.heldOut))
	}
	b.mu.Lock()
	at := slices.IndexFunc(b.held, func(e *entry) bool { return e.city == i })
	var e *entry
	if at >= 0 {
		e = b.held[at]
		b.held = append(slices.Delete(b.held, at, at+1), e)
	} else {
		e = &entry{city: i}
		if len(b.held) >= b.keep { // free before the next is read
			b.held = slices.Delete(b.held, 0, len(b.held)-b.keep+1)
		}
		b.held = append(b.held, e)
	}
	b.mu.Unlock()
	e.once.Do(func() { e.source, e.err = b.open(ctx, i) })
	if e.err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.held = slices.DeleteFunc(b.held, func(x *entry) bool { return x == e }) // the next call tries again
		return Source{}, e.err
	}
	return e.source, nil
}

// Survey is what the splits need to know of one city.
type Survey struct {
	City    int // its number
	Name    string
	Views   int       // of the set
	Anchors []Anchor  // by id; split by the city's own blocks
	Skipped []Skipped // views that cannot be anchors, by id
}

// Sort puts anchors and skipped views in order, as [Builder.Survey] returns
// them, where they came in pieces.
func (s *Survey) Sort() {
	slices.SortFunc(s.Anchors, func(a, b Anchor) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Skipped, func(a, b Skipped) int {
		return cmp.Or(cmp.Compare(a.View, b.View), cmp.Compare(a.Image, b.Image), cmp.Compare(a.Reason, b.Reason))
	})
}

// Survey lists the views of a city that can be places and deals out its
// blocks, the buffer apart.
func (b *Builder) Survey(ctx context.Context, i int) (*Survey, error) {
	s, err := b.at(ctx, i)
	if err != nil {
		return nil, err
	}
	out := &Survey{City: i, Name: s.City.Name, Views: len(s.Views.Views)}
	spots := make([]spot, len(s.Views.Views))
	for j, v := range s.Views.Views {
		spots[j] = spot{v.ID, v.Pos}
	}
	verdicts, err := b.o.choose(spots, b.seed)
	if err != nil {
		return nil, err
	}
	seen := make(map[int64]string, len(s.Views.Views))
	for j := range s.Views.Views {
		v := &s.Views.Views[j]
		reason, detail := unfit(s.City, v)
		if reason == "" && b.images {
			if detail = missing(s.Views, *v); detail != "" {
				reason = NoImage
			}
		}
		if first, twice := seen[v.ID]; twice && reason == "" {
			reason, detail = SameID, "of "+first
		}
		if reason == "" {
			reason = verdicts[j].reason()
		}
		if reason != "" {
			out.Skipped = append(out.Skipped, Skipped{out.Name, v.ID, v.File, reason, detail})
			continue
		}
		seen[v.ID] = v.File
		out.Anchors = append(out.Anchors, Anchor{ID: v.ID, Pos: v.Pos, Image: v.SHA256})
	}
	out.Sort()
	if len(out.Anchors) == 0 {
		return nil, fmt.Errorf("ugdata: none of the %d views of %s stands on a street and can be a place (%s); check their positions against the city's bound", out.Views, out.Name, reasons(out.Skipped))
	}
	dealCity(out.Name, b.heldOut[i], out.Anchors, b.o, rand.New(rand.NewPCG(b.seed, uint64(i)+1)))
	return out, nil
}

// reasons counts why views were skipped.
func reasons(all []Skipped) string {
	count := map[SkipReason]int{}
	for _, s := range all {
		count[s.Reason]++
	}
	var words []string
	for _, r := range skipReasons {
		if count[r] > 0 {
			words = append(words, fmt.Sprintf("%s: %d", r, count[r]))
		}
	}
	return strings.Join(words, ", ")
}

// Job is a part of the work: some views of one city, with what is needed to
// describe them beside the city.
type Job struct {
	Number int // in the order of the dataset
	City   int
	Views  []Anchor // by id
	// Clear are the places of other splits of higher rank that a path of these
	// views might lead to.
	Clear []Anchor
}

// jobViews is how many views a job has at most.
const jobViews = 256

// Jobs settles the splits over all cities and cuts the work into jobs.
// Surveys may come in any order.
func (b *Builder) Jobs(surveys []*Survey) ([]Job, error) {
	surveys, err := b.inOrder(surveys)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	cities := make([][]Anchor, len(surveys))
	for i, s := range surveys {
		names[s.Name] = true
		cities[i] = slices.Clone(s.Anchors)
	}
	for name := range b.o.Splits.Cities {
		if !names[name] {
			return nil, fmt.Errorf("ugdata: the plan of splits names the city %s, which is none of the dataset's", name)
		}
	}
	settle(cities, b.o.Buffer)
	var jobs []Job
	for i, anchors := range cities {
		for views := range slices.Chunk(anchors, jobViews) {
			jobs = append(jobs, Job{Number: len(jobs), City: i, Views: views})
		}
	}
	b.keepClear(jobs, cities)
	return jobs, nil
}

// inOrder sorts the surveys by city and checks that each is there once.
func (b *Builder) inOrder(surveys []*Survey) ([]*Survey, error) {
	surveys = slices.SortedFunc(slices.Values(surveys), func(x, y *Survey) int { return cmp.Compare(x.City, y.City) })
	if len(surveys) != len(b.heldOut) {
		return nil, fmt.Errorf("ugdata: %d surveys of %d cities", len(surveys), len(b.heldOut))
	}
	names := map[string]bool{}
	for i, s := range surveys {
		if s.City != i {
			return nil, fmt.Errorf("ugdata: the survey of city %d of %d is missing", i, len(b.heldOut))
		}
		if names[s.Name] {
			return nil, fmt.Errorf("ugdata: the city %s comes twice", s.Name)
		}
		names[s.Name] = true
	}
	return surveys, nil
}

// keepClear tells each job of the places of higher rank near its own.
func (b *Builder) keepClear(jobs []Job, cities [][]Anchor) {
	var evaluated []Anchor
	for _, anchors := range cities {
		for _, a := range anchors {
			if a.Split.rank() > Train.rank() {
				evaluated = append(evaluated, a)
			}
		}
	}
	for i := range jobs {
		points := make([]orb.Point, len(jobs[i].Views))
		for j, a := range jobs[i].Views {
			points[j] = a.Pos
		}
		near := newVicinity(points, b.o.MaxDistance+b.o.Radius*bufferSlack)
		for _, a := range evaluated {
			if near.any(a.Pos, func(j int) bool {
				return jobs[i].Views[j].Split.rank() < a.Split.rank() && jobs[i].Views[j].Split != Buffer
			}) {
				jobs[i].Clear = append(jobs[i].Clear, a)
			}
		}
	}
}

// Describe makes the places of a job: of each view its subgraph, caption, paths
// and samples. A view that fails is reported in the part; the error is one of the
// city or the context.
func (b *Builder) Describe(ctx context.Context, j *Job) (*Part, error) {
	s, err := b.at(ctx, j.City)
	if err != nil {
		return nil, err
	}
	p := &Part{Number: j.Number, City: j.City}
	views := make(map[int64]*streetview.View, len(j.Views))
	for i := range j.Views {
		views[j.Views[i].ID] = nil
	}
	for i := range s.Views.Views {
		v := &s.Views.Views[i]
		if first, mine := views[v.ID]; mine && first == nil {
			if reason, _ := unfit(s.City, v); reason == "" {
				views[v.ID] = v
			}
		}
	}
	points := make([]orb.Point, len(j.Clear))
	for i, a := range j.Clear {
		points[i] = a.Pos
	}
	near := newVicinity(points, b.o.Radius*bufferSlack)
	for _, a := range j.Views {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		v := views[a.ID]
		if v == nil {
			return nil, fmt.Errorf("ugdata: the view %d of %s is gone; were the views changed during the build?", a.ID, s.City.Name)
		}
		place, err := b.describe(s, *v)
		if err != nil {
			p.Skipped = append(p.Skipped, Skipped{s.City.Name, v.ID, v.File, Failed, err.Error()})
			continue
		}
		place.Split, place.Block = a.Split, a.Block
		p.Cleared += clearPaths(s.City, &place, j.Clear, near)
		p.Places = append(p.Places, place)
	}
	for i := range p.Places {
		p.Samples = append(p.Samples, makeSamples(&p.Places[i], i, b.o, b.seed)...)
	}
	return p, nil
}

// describe makes one place. A mistake of the library at one view is that
// view's error.
func (b *Builder) describe(s Source, v streetview.View) (p Place, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be described: %v", r)
		}
	}()
	about := caption.Describe(s.City, v)
	p = Place{
		ID: v.ID, City: s.City.Name, Pos: v.Pos, Heading: v.Heading, Image: v.File, Origin: v.Origin,
		Sequence: v.Sequence, ImageSHA256: v.SHA256, ImageHash: v.Hash,
		Caption:   about.Short(b.o.CaptionStyle),
		Summary:   about.Full(b.o.CaptionStyle),
		CaptionBy: ByTemplate,
		NamesOnly: about.NamesOnly(),
	}
	if x, ok := s.Captions.Of(v.ID); ok && x.Status == endpoint.OK {
		p.Caption, p.Summary, p.CaptionBy = x.Text, x.Summary, ByModel
	}
	p.Graph, p.Paths = b.o.surroundings(s.City, v, rand.New(rand.NewPCG(b.seed, uint64(v.ID))))
	if p.Caption == "" {
		return p, errors.New("its caption is empty")
	}
	return p, nil
}

// clearPaths removes the paths of a place that come within a subgraph's radius
// of a place of another split of higher rank: a training text must not tell
// what stands at a test place. It returns how many it removed.
func clearPaths(c *city.City, p *Place, other []Anchor, near *vicinity) int {
	if len(other) == 0 || p.Split == Buffer {
		return 0
	}
	reaches := func(at orb.Point) bool {
		return near.any(at, func(i int) bool { return other[i].Split.rank() > p.Split.rank() })
	}
	before := len(p.Paths)
	p.Paths = slices.DeleteFunc(p.Paths, func(x Path) bool {
		return slices.ContainsFunc(x.Line, reaches) || slices.ContainsFunc(x.Nodes, func(id city.NodeID) bool {
			at, ok := c.Nodes[id].Geometry.(orb.Point)
			return ok && reaches(at)
		})
	})
	removed := before - len(p.Paths)
	if len(p.Paths) == 0 {
		p.Paths = nil
	}
	return removed
}
