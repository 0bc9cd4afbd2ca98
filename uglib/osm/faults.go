package osm

import (
	"cmp"
	"fmt"
	"slices"
)

// Fault is a kind of fault that an extract has, and what became of the elements
// that have it.
type Fault struct {
	What  string   `json:"what"` // "outline that touches or crosses itself"
	Done  string   `json:"done"` // "repaired", "left out", "passed over" or "taken as a junction"
	Count int      `json:"count"`
	First []string `json:"first"` // the first ten, as "way 12"
}

// String returns "3 times outline that does not close, left out: relation 7, ...".
func (f Fault) String() string {
	s := fmt.Sprintf("%d times %s, %s: ", f.Count, f.What, f.Done)
	for i, e := range f.First {
		if i > 0 {
			s += ", "
		}
		s += e
	}
	if f.Count > len(f.First) {
		s += ", ..."
	}
	return s
}

// What becomes of an element with a fault.
const (
	repaired = "repaired"
	leftOut  = "left out"
	passed   = "passed over"
)

// element names an element of the extract.
type element struct {
	kind string // "node", "way" or "relation"
	id   int64
}

func (e element) String() string { return fmt.Sprintf("%s %d", e.kind, e.id) }

// shown is how many elements a [Fault] names.
const shown = 10

// faults collects what is wrong.
type faults []Fault

func (f *faults) add(what, done string, e element) {
	*f = AddFault(*f, what, done, e.String())
}

// AddFault notes that an element has a fault.
func AddFault(all []Fault, what, done, element string) []Fault {
	i := slices.IndexFunc(all, func(o Fault) bool { return o.What == what && o.Done == done })
	if i < 0 {
		i = len(all)
		all = append(all, Fault{What: what, Done: done})
	}
	o := &all[i]
	if n := len(o.First); n > 0 && o.First[n-1] == element {
		return all
	}
	o.Count++
	if len(o.First) < shown {
		o.First = append(o.First, element)
	}
	return all
}

func (f faults) sorted() []Fault {
	slices.SortFunc(f, func(a, b Fault) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Done, b.Done)) })
	return f
}
