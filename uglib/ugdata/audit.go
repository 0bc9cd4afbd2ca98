package ugdata

import (
	"errors"
	"fmt"

	"urbangraph/uglib/geo"
)

// Audit is what was found on how far the splits of a dataset are apart:
// leakage in numbers. [Audit.Findings] lists them with what each must be.
type Audit struct {
	Places map[Split]int // how many places each split has
	// MinDistance is the least distance between places of different splits
	// (buffer apart), of one city or two; infinite if there are none.
	MinDistance geo.Metres
	// MaxReach is how far the farthest node of any subgraph is from its image.
	MaxReach geo.Metres

	// Sums over the pairs of splits.
	Touched       int // subgraphs that reach a place of the other split; must be 0
	SharedPoints  int // crossings and places in subgraphs of both; must be 0
	ToldPoints    int // those that paths of the one pass or lead to, in subgraphs of the other; must be 0
	SharedAreas   int
	SharedStreets int
	SharedEdges   int
	SharedImages  int // image files, and different files with the same content; must be 0
	SharedTexts   int // captions, white space and case apart

	Pairs []PairAudit // of splits that have places, the one of lower rank first

	NoSplit      int      // places whose split is none of Splits; must be 0
	WrongSamples int      // training pairs of places that are neither for train nor val; must be 0
	SameIDs      int      // places of one city whose id is also that of one of another split; must be 0
	TrainedOn    []string // cities that are held out and trained on; must be none

	Known Coverage
}

// Coverage says of how many places (buffer apart) an audit knew what it
// compares: a dataset from elsewhere may lack some of it. What is known of no
// place cannot be found to leak.
type Coverage struct {
	Places    int `json:"places"`
	Positions int `json:"positions"`
	Cities    int `json:"cities"`    // whose city is open, so that nodes of subgraphs have names and places
	Contents  int `json:"contents"`  // whose image has a checksum
	Hashes    int `json:"hashes"`    // whose image has a perceptual hash
	Sequences int `json:"sequences"` // whose photograph is known to be one of a sequence
}

// PairAudit compares two splits; A has the lower rank (train, val, test,
// heldout).
type PairAudit struct {
	A, B     Split
	Distance Spread // from each place of B to the nearest of A

	Touched int // subgraphs of either that reach a place of the other; must be 0

	// What is in subgraphs of both: crossings and places (which must be 0),
	// areas, streets and edges. A street or a park may be longer than the buffer
	// is wide; its other end says little about a place.
	Points, Areas, Streets, Edges int
	// Told counts crossings and places in subgraphs of B that paths of A pass or
	// lead to, which must be 0: a training text would tell what stands at a test
	// place. ToldBack counts the other direction.
	Told, ToldBack int

	Images   int // image files that both use; must be 0
	Contents int // contents of image files that both have; must be 0
	Near     int // images of B that one of A nearly equals, see NearImage
	// Sequences counts sequences of photographs that are in both.
	Sequences int

	Captions, CaptionsExact int          // different captions of both, white space and case apart; word for word
	Paths, PathsExact       int          // different paths in natural language, the same way
	Names                   [3]NameAudit // of places, areas and streets
}

// Spread describes distances.
type Spread struct {
	N                 int
	Min, P5, P50, P95 geo.Metres
}

// NameAudit counts the different names in the texts of two splits.
type NameAudit struct {
	Both int
	OfB  int // in those of B at all
}

// NearImage is in how many of the 64 bits the perceptual hashes of two images
// differ at most that count as nearly equal.
const NearImage = 6

// Audit measures how far the splits are apart. It returns an error, and the
// numbers, if one that must be 0 is not. Of a dataset that lacks cities,
// positions or checksums it measures what is known, see [Coverage].
func (d *Dataset) Audit() (Audit, error) {
	a := newAuditor()
	byCity := map[string][]*Place{}
	var order []string
	for i := range d.Places {
		p := &d.Places[i]
		if byCity[p.City] == nil {
			order = append(order, p.City)
		}
		byCity[p.City] = append(byCity[p.City], p)
	}
	for _, name := range order {
		a.city(d.Cities[name])
		a.add(byCity[name])
	}
	for i := range d.Samples {
		if s := &d.Samples[i]; s.Place < 0 || s.Place >= len(d.Places) {
			a.audit.WrongSamples++
		} else {
			a.sample(&d.Places[s.Place])
		}
	}
	audit := a.finish()
	return audit, audit.Err()
}

// Err returns an error that lists the findings that are not as they must be.
func (a Audit) Err() error {
	var problems []error
	for _, f := range a.Findings() {
		if !f.OK {
			problems = append(problems, errors.New(f.String()))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("ugdata: the splits are not apart: %w", err)
	}
	return nil
}

// sum fills in the sums over the pairs.
func (a *Audit) sum() {
	for i := range a.Pairs {
		p := &a.Pairs[i]
		a.Touched += p.Touched
		a.SharedPoints += p.Points
		a.ToldPoints += p.Told
		a.SharedAreas += p.Areas
		a.SharedStreets += p.Streets
		a.SharedEdges += p.Edges
		a.SharedImages += p.Images + p.Contents
		a.SharedTexts += p.Captions
	}
}
