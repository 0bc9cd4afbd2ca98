package ugbench

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// Task is what is ranked.
type Task string

const (
	// Geolocation ranks location texts (streets, what stands near with distance
	// and direction) for a street view.
	Geolocation Task = "geolocation"
	// GeolocationNames is Geolocation with texts that hold names alone.
	GeolocationNames Task = "geolocation-names"
	// Retrieval ranks street views for a text: a reasoning path or a caption.
	Retrieval Task = "retrieval"
)

// Tasks lists the tasks in the order of a table.
var Tasks = []Task{Geolocation, GeolocationNames, Retrieval}

// Region is where the places lie.
type Region string

const (
	TrainingCities Region = "training cities" // test places of the cities that were trained on
	HeldOutCity    Region = "held-out city"   // places of a city that training never saw
)

// Regions lists the regions in the order of a table.
var Regions = []Region{TrainingCities, HeldOutCity}

func (r Region) split() ugdata.Split {
	if r == HeldOutCity {
		return ugdata.HeldOut
	}
	return ugdata.Test
}

// Instructions of the queries, after the UGE reference's examples.
const (
	AskWhere   = "Where is this street view image taken?"
	AskCaption = "Find the image whose spatial context matches:"
	AskPath    = "Find the image which has the path:"
)

// Options say how queries are made.
type Options struct {
	Candidates     int        // candidates of a query, the truth among them
	MinDistance    geo.Metres // nearest that another candidate may be to the anchor
	MaxDistance    geo.Metres // farthest that one is drawn from, before topping up
	Seed           uint64     //
	QueriesPerTask int        // most queries of a set; 0 is no limit
	Grammar        bool       // ask for paths by the reference's grammar, not in natural language
}

// DefaultOptions are the published protocol's: 20 candidates from 100 to 1000 m,
// at most 700 queries.
func DefaultOptions() Options {
	return Options{Candidates: 20, MinDistance: 100, MaxDistance: 1000, Seed: 1, QueriesPerTask: 700}
}

func (o Options) check() error {
	switch {
	case o.Candidates < 2:
		return fmt.Errorf("ugbench: %d candidates leave nothing to rank; try 20", o.Candidates)
	case !(o.MinDistance >= 0 && o.MaxDistance > o.MinDistance):
		return fmt.Errorf("ugbench: no distances between %v and %v; try 100 m to 1000 m", o.MinDistance, o.MaxDistance)
	case o.QueriesPerTask < 0:
		return fmt.Errorf("ugbench: %d queries a task; use 0 for no limit", o.QueriesPerTask)
	}
	return nil
}

// Item is one thing of a gallery: a location text, or the image of a place.
type Item struct {
	Place int    // index into Dataset.Places; for a text the first place that has it
	Text  string // location text; empty for an image
}

// Query asks for one item of a gallery.
type Query struct {
	ID          string          // such as "geolocation/wilmington/100000000000001"
	Place       int             // the anchor: index into Dataset.Places
	Kind        ugdata.PairKind // of Text: SRP or SCC; for geolocation SCC
	Instruction string          // what is asked
	Text        string          // what is sought, for retrieval; empty where the anchor's image is the query
	Candidates  []int           // indices into Set.Gallery, in shuffled order, no two alike
	Truth       int             // index into Candidates of the one right answer
	ToppedUp    int             // candidates from beyond the distances, for want of others
}

// Set holds the queries of one task in one region, and the gallery that their
// candidates come from. Every item of the gallery is to be embedded once.
type Set struct {
	Task    Task
	Region  Region
	Options Options
	Queries []Query
	Gallery []Item

	data   *ugdata.Dataset
	itemOf map[int]int    // place to item
	keys   map[int]uint64 // place to what its text, for retrieval its caption, says
}

// Bench is a benchmark over a dataset.
type Bench struct {
	Data *ugdata.Dataset
	Sets []*Set // of those tasks and regions that have queries, in table order
	Key  string // of the artefact; empty if it was made without the store

	dir string // of the artefact
}

// Set returns the set of a task in a region. If the dataset has no places
// for it, the error says so.
func (b *Bench) Set(task Task, region Region) (*Set, error) {
	for _, s := range b.Sets {
		if s.Task == task && s.Region == region {
			return s, nil
		}
	}
	var have []string
	for _, s := range b.Sets {
		have = append(have, fmt.Sprintf("%s in %s", s.Task, s.Region))
	}
	return nil, fmt.Errorf("ugbench: no queries for %q in %q; the benchmark has %s", task, region, strings.Join(have, ", "))
}

// Make builds the queries over the test and held-out places of data. Equal
// datasets and options give equal benchmarks.
func Make(data *ugdata.Dataset, o Options) (*Bench, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	b := &Bench{Data: data}
	for _, region := range Regions {
		for _, task := range Tasks {
			s := newSet(data, task, region, o)
			if len(s.Gallery) < 2 {
				continue
			}
			s.Queries = s.ask()
			for i := range s.Queries {
				s.draw(&s.Queries[i], o.Candidates, o.Seed)
			}
			s.Queries = slices.DeleteFunc(s.Queries, func(q Query) bool { return len(q.Candidates) < 2 })
			if len(s.Queries) > 0 {
				b.Sets = append(b.Sets, s)
			}
		}
	}
	if len(b.Sets) == 0 {
		return nil, fmt.Errorf("ugbench: the dataset's %d places hold no two test places with different texts; use a larger city or more street views", len(data.Places))
	}
	return b, nil
}

// newSet lists the gallery of a task: the images of all places of the region,
// or their texts without repetition.
func newSet(data *ugdata.Dataset, task Task, region Region, o Options) *Set {
	s := &Set{Task: task, Region: region, Options: o, data: data, itemOf: map[int]int{}, keys: map[int]uint64{}}
	itemOfText := map[uint64]int{}
	for i := range data.Places {
		p := &data.Places[i]
		if p.Split != region.split() {
			continue
		}
		key, text := ugdata.TextKey(s.text(p)), ""
		s.keys[i] = key
		if task != Retrieval {
			if text = s.text(p); text == "" {
				continue
			}
			if item, ok := itemOfText[key]; ok {
				s.itemOf[i] = item
				continue
			}
			itemOfText[key] = len(s.Gallery)
		}
		s.itemOf[i] = len(s.Gallery)
		s.Gallery = append(s.Gallery, Item{Place: i, Text: text})
	}
	return s
}

// text returns the location text of a place: the caption, or the names alone.
func (s *Set) text(p *ugdata.Place) string {
	if s.Task == GeolocationNames {
		return p.NamesOnly
	}
	return p.Caption
}

// pathText returns a path as the queries say it.
func (s *Set) pathText(p ugdata.Path) string {
	if s.Options.Grammar || p.Plain == "" {
		return p.Text
	}
	return p.Plain
}

// ask lists the queries, without candidates yet. Every place comes once before
// any comes twice, in an order that the seed shuffles.
func (s *Set) ask() []Query {
	type question struct {
		Query
		round int    // number of the question among those of its place
		order uint64 // shuffles
	}
	var all []question
	for _, place := range sortedKeys(s.itemOf) {
		p := &s.data.Places[place]
		anchor := fmt.Sprintf("%s/%s/%d", s.Task, p.City, p.ID)
		if s.Task != Retrieval {
			// The same order for both texts, so that they ask about the same places.
			order := hash(s.Options.Seed, fmt.Sprintf("%s/%d", p.City, p.ID))
			q := Query{ID: anchor, Place: place, Kind: ugdata.SCC, Instruction: AskWhere}
			all = append(all, question{q, 0, order})
			continue
		}
		var own []Query
		if p.Caption != "" {
			own = append(own, Query{ID: anchor + "/scc", Place: place, Kind: ugdata.SCC, Instruction: AskCaption, Text: p.Caption})
		}
		for i, path := range p.Paths {
			own = append(own, Query{ID: fmt.Sprintf("%s/srp%d", anchor, i), Place: place, Kind: ugdata.SRP, Instruction: AskPath, Text: s.pathText(path)})
		}
		rng := rand.New(rand.NewPCG(s.Options.Seed, hash(streamDraw, anchor)))
		// Half of the places ask first by caption, the others by path.
		if len(own) > 1 && rng.IntN(2) == 1 {
			own[0], own[1] = own[1], own[0]
		}
		for round, q := range own {
			all = append(all, question{q, round, rng.Uint64()})
		}
	}
	slices.SortFunc(all, func(a, b question) int {
		return cmp.Or(cmp.Compare(a.round, b.round), cmp.Compare(a.order, b.order), cmp.Compare(a.ID, b.ID))
	})
	if n := s.Options.QueriesPerTask; n > 0 && len(all) > n {
		all = all[:n]
	}
	queries := make([]Query, len(all))
	for i, q := range all {
		queries[i] = q.Query
	}
	return queries
}

func hash(seed uint64, text string) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", seed, text)
	return h.Sum64()
}

// Redraw returns the set with new candidates, n a query, drawn from seed: pools
// of 100, say. With n = 0 each query ranks the full gallery. Where there are not
// n candidates a query has fewer, and the chance level counts with that.
func (s *Set) Redraw(n int, seed uint64) (*Set, error) {
	if n != 0 && n < 2 {
		return nil, fmt.Errorf("ugbench: %d candidates leave nothing to rank; use 0 for the full gallery", n)
	}
	r := *s
	if n == 0 {
		n = len(s.Gallery)
	}
	r.Options.Candidates, r.Options.Seed = n, seed
	r.Queries = slices.Clone(s.Queries)
	for i := range r.Queries {
		r.draw(&r.Queries[i], n, seed)
	}
	return &r, nil
}

// draw gives q its candidates: the truth and up to n-1 others, first of those
// between the distances from the anchor in its city, then (counted as topped
// up) of farther ones in its city, then of the region's other cities. No other
// candidate is a right answer too, and no two are alike.
func (s *Set) draw(q *Query, n int, seed uint64) {
	anchor := &s.data.Places[q.Place]
	truth := s.itemOf[q.Place]
	used := map[int]bool{truth: true}
	var near, far, elsewhere []int // places
	for _, place := range sortedKeys(s.itemOf) {
		p := &s.data.Places[place]
		if place == q.Place || s.right(q, place) {
			continue
		}
		switch d := geo.Distance(anchor.Pos, p.Pos); {
		case d < s.Options.MinDistance:
		case p.City != anchor.City:
			elsewhere = append(elsewhere, place)
		case d <= s.Options.MaxDistance:
			near = append(near, place)
		default:
			far = append(far, place)
		}
	}
	rng := rand.New(rand.NewPCG(seed, hash(streamDraw, q.ID)))
	q.Candidates, q.ToppedUp = []int{truth}, 0
	for i, places := range [][]int{near, far, elsewhere} {
		rng.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
		for _, place := range places {
			if len(q.Candidates) == n {
				break
			}
			if item := s.itemOf[place]; !used[item] {
				used[item] = true
				q.Candidates = append(q.Candidates, item)
				if i > 0 {
					q.ToppedUp++
				}
			}
		}
	}
	rng.Shuffle(len(q.Candidates), func(i, j int) {
		q.Candidates[i], q.Candidates[j] = q.Candidates[j], q.Candidates[i]
	})
	q.Truth = slices.Index(q.Candidates, truth)
}

// right says whether the item of place would be a right answer to q as well:
// the same text (case and white space apart), or for a path one to the same
// destination.
func (s *Set) right(q *Query, place int) bool {
	p, anchor := &s.data.Places[place], &s.data.Places[q.Place]
	if q.Kind == ugdata.SCC {
		return s.keys[place] == s.keys[q.Place]
	}
	dest := s.destination(anchor, q.Text)
	return slices.ContainsFunc(p.Paths, func(path ugdata.Path) bool {
		return s.pathText(path) == q.Text || p.City == anchor.City && dest != city.None && path.Destination == dest
	})
}

// destination returns where the path of p with this text leads.
func (s *Set) destination(p *ugdata.Place, text string) city.NodeID {
	for _, path := range p.Paths {
		if s.pathText(path) == text {
			return path.Destination
		}
	}
	return city.None
}

// origin says what the images of the set's places are: "rendered",
// "photographed", or both.
func (s *Set) origin() string {
	found := map[string]bool{}
	for place := range s.itemOf {
		if s.data.Places[place].Origin == streetview.Rendered {
			found["rendered"] = true
		} else {
			found["photographed"] = true
		}
	}
	return strings.Join(sortedKeys(found), " and ")
}

// Checksum identifies the queries with their candidates and right answers.
func (s *Set) Checksum() (string, error) {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for i := range s.Queries {
		if err := enc.Encode(s.row(&s.Queries[i])); err != nil {
			return "", fmt.Errorf("ugbench: query %s: %w", s.Queries[i].ID, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
