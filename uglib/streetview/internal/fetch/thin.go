package fetch

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// Panoramas says what to do about panoramas.
type Panoramas string

const (
	SkipPanoramas Panoramas = ""     // the default: flat pictures only
	WithPanoramas Panoramas = "with" // both
	OnlyPanoramas Panoramas = "only" //
)

// DefaultCellLevel is the level of the S2 cells that photographs are spread
// over, about 140 metres across.
const DefaultCellLevel = 16

// Limits say which of the photographs of an area to take. They are part of a
// spec.
type Limits struct {
	Bound     orb.Bound  `json:",omitzero"`  // part of the city; zero for the whole city
	Since     time.Time  `json:",omitzero"`  // taken at this time or later; photographs of unknown time are left out then
	Until     time.Time  `json:",omitzero"`  // taken before this time
	Creator   string     `json:",omitempty"` // user name of who took them
	Panoramas Panoramas  `json:",omitempty"`
	Max       int        `json:",omitempty"` // at most so many; 0 for all
	PerCell   int        `json:",omitempty"` // at most so many in an S2 cell; 0 for any number
	CellLevel int        `json:",omitempty"` // of those cells; 0 for [DefaultCellLevel]
	Spacing   geo.Metres `json:",omitempty"` // least distance between two
	Seed      uint64     `json:",omitempty"` // of the choice
	Original  bool       `json:",omitempty"` // position and heading as the camera said, not as the service corrected them
}

// Check returns an error for limits that nothing can satisfy.
func (l Limits) Check() error {
	switch {
	case l.Max < 0 || l.PerCell < 0:
		return fmt.Errorf("at most %d photographs, %d in a cell, cannot be taken; give positive numbers, or 0 for all", l.Max, l.PerCell)
	case l.CellLevel < 0 || l.CellLevel > geo.MaxCellLevel:
		return fmt.Errorf("S2 cells have no level %d; give 0 to %d, such as %d (about %.0f m across)", l.CellLevel, geo.MaxCellLevel, DefaultCellLevel, float64(geo.CellWidth(DefaultCellLevel)))
	case !(l.Spacing >= 0 && l.Spacing <= 1e5):
		return fmt.Errorf("photographs cannot be %g m apart; give 0 to 100000", float64(l.Spacing))
	case !l.Since.IsZero() && !l.Until.IsZero() && !l.Since.Before(l.Until):
		return fmt.Errorf("no photograph is taken from %s until before %s; give an earlier since or a later until", l.Since.Format(time.DateOnly), l.Until.Format(time.DateOnly))
	case l.Panoramas != SkipPanoramas && l.Panoramas != WithPanoramas && l.Panoramas != OnlyPanoramas:
		return fmt.Errorf("panoramas %q is neither empty (skipped), %q nor %q", l.Panoramas, WithPanoramas, OnlyPanoramas)
	case l.Bound != orb.Bound{} && (!(l.Bound.Min[0] < l.Bound.Max[0]) || !(l.Bound.Min[1] < l.Bound.Max[1]) || !OnEarth(l.Bound.Min) || !OnEarth(geo.Unwrap(l.Bound.Max, 0))):
		return fmt.Errorf("bounding box %s is empty or not on the Earth; give west,south,east,north in degrees", geo.FormatBound(l.Bound))
	}
	return nil
}

// Why a photograph that was found is not taken.
const (
	noPosition = "no position"
	outside    = "outside the area"
	tooEarly   = "before the first day"
	tooLate    = "after the last day"
	noTime     = "unknown time"
	otherUser  = "by another creator"
	panorama   = "panorama"
	flat       = "no panorama"
	repeated   = "repeated"
	thinned    = "thinned out"
)

// admit says why a photograph is not to be taken, or "".
func (l Limits) admit(p *Photo, area orb.Bound) string {
	pos, ok := p.Pos(l.Original)
	t := p.Taken()
	switch {
	case !ok:
		return noPosition
	case !area.Contains(geo.Unwrap(pos, area.Center()[0])):
		return outside
	case p.Pano && l.Panoramas == SkipPanoramas:
		return panorama
	case !p.Pano && l.Panoramas == OnlyPanoramas:
		return flat
	case l.Creator != "" && p.Creator != l.Creator:
		return otherUser
	case t.IsZero() && !(l.Since.IsZero() && l.Until.IsZero()):
		return noTime
	case t.Before(l.Since):
		return tooEarly
	case !l.Until.IsZero() && !t.Before(l.Until):
		return tooLate
	}
	return ""
}

// Choose returns those of some photographs that are to be taken within an area,
// in the order of their ids, each once, and counts the others by reason.
func (l Limits) Choose(photos []Photo, area orb.Bound) (chosen []Photo, left map[string]int) {
	left = map[string]int{}
	seen := map[int64]bool{}
	var all []candidate
	for i := range photos {
		p := &photos[i]
		if seen[p.ID()] {
			left[repeated]++
			continue
		}
		seen[p.ID()] = true
		if why := l.admit(p, area); why != "" {
			left[why]++
			continue
		}
		pos, _ := p.Pos(l.Original)
		all = append(all, candidate{p.ID(), pos, int64(i)})
	}
	taken := l.choose(all)
	if n := len(all) - len(taken); n > 0 {
		left[thinned] += n
	}
	for _, c := range taken {
		chosen = append(chosen, photos[c.offset])
	}
	return chosen, left
}

// candidate is a photograph that may be taken.
type candidate struct {
	id     int64
	pos    orb.Point
	offset int64 // of its line in the journal
}

// choose returns the candidates to take, in the order of their ids. The cells
// take turns: in each round every cell gives its next photograph (in an order
// by seed and id) that keeps its distance from those taken, until there are
// Max, or PerCell of every cell. So a dense street does not crowd out a quiet
// one. The choice depends on the set of candidates alone, not on their order.
func (l Limits) choose(all []candidate) []candidate {
	level := cmp.Or(l.CellLevel, DefaultCellLevel)
	cells := map[uint64][]candidate{}
	for _, c := range all {
		id := geo.Cell(c.pos, level)
		cells[id] = append(cells[id], c)
	}
	order := make([]uint64, 0, len(cells))
	for id, cell := range cells {
		order = append(order, id)
		slices.SortFunc(cell, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(mix(l.Seed, uint64(a.id)), mix(l.Seed, uint64(b.id))), cmp.Compare(a.id, b.id))
		})
	}
	slices.SortFunc(order, func(a, b uint64) int {
		return cmp.Or(cmp.Compare(mix(l.Seed, a), mix(l.Seed, b)), cmp.Compare(a, b))
	})
	var taken []candidate
	room := newRoom(l.Spacing)
	for round := 0; len(order) > 0 && (l.PerCell == 0 || round < l.PerCell); round++ {
		left := order[:0]
		for _, id := range order {
			if l.Max > 0 && len(taken) == l.Max {
				break
			}
			cell := cells[id]
			for len(cell) > 0 && !room.take(cell[0].pos) {
				cell = cell[1:]
			}
			if len(cell) > 0 {
				taken = append(taken, cell[0])
				cell = cell[1:]
			}
			if cells[id] = cell; len(cell) > 0 {
				left = append(left, id)
			}
		}
		if l.Max > 0 && len(taken) == l.Max {
			break
		}
		order = left
	}
	slices.SortFunc(taken, func(a, b candidate) int { return cmp.Compare(a.id, b.id) })
	return taken
}

// mix is a hash of two numbers (the finisher of SplitMix64).
func mix(seed, x uint64) uint64 {
	x += seed*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// room keeps points apart. Its cubes are those of a grid in space, so that it
// holds at the poles and at the 180th meridian too.
type room struct {
	apart geo.Metres
	cubes map[[3]int32][]orb.Point
}

func newRoom(apart geo.Metres) *room { return &room{apart, map[[3]int32][]orb.Point{}} }

// take takes a point in, unless another is nearer than the distance.
func (r *room) take(p orb.Point) bool {
	if r.apart <= 0 {
		return true
	}
	lon, lat := p[0]*math.Pi/180, p[1]*math.Pi/180
	scale := float64(geo.EarthRadius / r.apart)
	at := [3]int32{
		int32(math.Floor(scale * math.Cos(lat) * math.Cos(lon))),
		int32(math.Floor(scale * math.Cos(lat) * math.Sin(lon))),
		int32(math.Floor(scale * math.Sin(lat))),
	}
	for x := at[0] - 1; x <= at[0]+1; x++ {
		for y := at[1] - 1; y <= at[1]+1; y++ {
			for z := at[2] - 1; z <= at[2]+1; z++ {
				for _, q := range r.cubes[[3]int32{x, y, z}] {
					if geo.Distance(p, q) < r.apart {
						return false
					}
				}
			}
		}
	}
	r.cubes[at] = append(r.cubes[at], p)
	return true
}
