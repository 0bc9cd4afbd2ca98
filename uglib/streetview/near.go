package streetview

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// NearRule says which pictures count as near duplicates: pictures of one place
// that look alike, as those of a camera that stands still. They are reported;
// exact duplicates are always left out.
type NearRule struct {
	Bits   int        `json:",omitempty"` // greatest difference of perceptual hashes; 0 stands for NearBits
	Within geo.Metres `json:",omitempty"` // greatest distance between the two; 0 stands for NearWithin
	Skip   bool       `json:",omitempty"` // leave out the later one
	Off    bool       `json:",omitempty"` // no hashes: pixels are not decoded, which takes most of the time of reading photographs
}

// Defaults of a [NearRule].
const (
	NearBits              = 6
	NearWithin geo.Metres = 10
)

func (r NearRule) bits() int          { return cmp.Or(r.Bits, NearBits) }
func (r NearRule) within() geo.Metres { return cmp.Or(r.Within, NearWithin) }

// plain writes defaults as zeros, so that a rule is one artefact however it is
// written.
func (r NearRule) plain() NearRule {
	if r.Bits == NearBits {
		r.Bits = 0
	}
	if r.Within == NearWithin {
		r.Within = 0
	}
	return r
}

// MarshalJSON implements [json.Marshaler].
func (r NearRule) MarshalJSON() ([]byte, error) {
	type rule NearRule
	return json.Marshal(rule(r.plain()))
}

// IsZero reports whether the rule is the default one.
func (r NearRule) IsZero() bool { return r.plain() == NearRule{} }

func (r NearRule) check() error {
	switch {
	case r.Bits < 0 || r.Bits > 32:
		return errors.New("near duplicates differ in 1 to 32 bits of 64; try 6")
	case !(r.Within >= 0 && r.Within <= 1000):
		return errors.New("near duplicates lie within 1000 m; try 10")
	case r.Off && r.Skip:
		return errors.New("near duplicates cannot be left out without hashes; ask for one of the two")
	}
	return nil
}

// nearFinder finds near duplicates among views that it is shown in order. It
// keeps them by squares of the rule's distance, so that its work grows with
// their number, not with its square.
type nearFinder struct {
	rule    NearRule
	frame   geo.Frame
	squares map[[2]int32][]earlier
}

type earlier struct {
	view *View
	at   orb.Point // metres
}

func newNearFinder(c *city.City, rule NearRule) *nearFinder {
	return &nearFinder{rule, geo.Frame{Origin: c.Bound.Center()}, map[[2]int32][]earlier{}}
}

// find returns the earlier view that is most like v, and keeps v for later ones
// unless it is one to be left out. The pointer must stay valid.
func (n *nearFinder) find(v *View) (NearPicture, bool) {
	at := n.frame.Local(v.Pos)
	size := float64(n.rule.within())
	sx, sy := int32(math.Floor(at[0]/size)), int32(math.Floor(at[1]/size))
	best, found := NearPicture{File: v.File, Bits: n.rule.bits() + 1}, false
	for y := sy - 1; y <= sy+1; y++ {
		for x := sx - 1; x <= sx+1; x++ {
			for _, o := range n.squares[[2]int32{x, y}] {
				bits := v.Hash.Distance(o.view.Hash)
				if bits > best.Bits || bits > n.rule.bits() {
					continue
				}
				d := geo.Metres(planar.Distance(at, o.at))
				if d > n.rule.within() || bits == best.Bits && d >= best.Distance {
					continue
				}
				best.Of, best.Bits, best.Distance, found = o.view.File, bits, d, true
			}
		}
	}
	if !found || !n.rule.Skip {
		n.squares[[2]int32{sx, sy}] = append(n.squares[[2]int32{sx, sy}], earlier{v, at})
	}
	return best, found
}
