package ugdata

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// triple is one hop as the path grammar writes it.
type triple struct {
	source, middle, target string
	record                 orb.Point
	aside                  bool       // leads to a place beside the record or back: it always has its own tuple
	beyond                 bool       // leads on from the record, where the path ends with it
	length                 geo.Metres // of its own tuple
	bearing                geo.Bearing
	bare                   bool // the tuple shows the wind alone
}

// newTriple names the ends of a hop and measures its tuple, if it has one: the
// last hop of a walk always has.
func newTriple(c *city.City, image string, h hop, last bool) triple {
	name := func(id city.NodeID) string {
		if id == city.None {
			return image
		}
		return c.DisplayName(id)
	}
	t := triple{source: name(h.from), target: name(h.to), record: h.record(c), aside: h.aside()}
	e := h.edge
	t.length, t.bearing = h.own(), e.Bearing
	if !h.forward() {
		t.bearing = t.bearing.Reverse()
	}
	switch e.Type {
	case city.Nearest:
		t.middle = "nearest"
		if !h.forward() {
			t.middle = "near"
		}
	case city.Bounds:
		t.middle, t.bare = "bounds", true
		if !h.forward() {
			t.middle = "near"
		}
	case city.Crosses:
		if e.Via != city.None {
			t.middle = name(e.Via)
		} else {
			t.middle = "Intersection of " + t.source + " and " + t.target
		}
	case city.Along:
		t.middle, t.length = "on_same_street", e.Distance
	case city.Continues:
		t.middle = "continues as"
	case city.Inside:
		t.middle = "inside"
		if !h.forward() {
			t.middle = "contains"
		}
	default:
		t.middle = e.Type.String()
	}
	if t.aside || e.Type == city.Along || !last {
		return t
	}
	from, end := t.record, c.Centroid(h.to)
	if e.Type == city.Inside && !h.forward() {
		from = c.Centroid(h.from)
	} else {
		t.beyond = true
	}
	t.length, t.bearing = geo.Distance(from, end), geo.BearingTo(from, end)
	return t
}

func (t triple) String() string { return "(" + t.source + ", " + t.middle + ", " + t.target + ")" }

func (t triple) tuple() string {
	if t.bare {
		return fmt.Sprintf("(%.1fm, %s)", float64(t.length), t.bearing.Wind8())
	}
	return tuple(t.length, t.bearing)
}

// tuple writes a distance and a bearing.
func tuple(d geo.Metres, b geo.Bearing) string {
	return fmt.Sprintf("(%.1fm, %.0f°(%s))", float64(d), float64(b), b.Wind8())
}

// grammar writes a walk by the path grammar of the UGE reference and returns
// its length: the own tuples of hops aside and all transitions, written or not,
// and from the last record to the destination.
func grammar(triples []triple) (string, geo.Metres) {
	var b strings.Builder
	var total geo.Metres
	for i, t := range triples {
		last := i+1 == len(triples)
		b.WriteString(t.String())
		if t.aside || last {
			b.WriteString(" " + t.tuple())
		}
		if t.aside || t.beyond {
			total += t.length
		}
		if last {
			break
		}
		next := triples[i+1]
		d, to := geo.Distance(t.record, next.record), geo.BearingTo(t.record, next.record)
		total += d
		b.WriteString(" -> ")
		if lone := i > 0 && t.aside && !triples[i-1].aside && !next.aside; !lone {
			b.WriteString(tuple(d, to) + " -> ")
		}
	}
	return b.String(), total
}

// summary is the sentence that sums up a path in the UGE reference.
func summary(destination string, image int64, pos orb.Point) string {
	return fmt.Sprintf("You can reach %s from the current location shown in the image with id %s at (%.4f, %.4f).",
		destination, strconv.FormatInt(image, 10), pos[0], pos[1])
}
