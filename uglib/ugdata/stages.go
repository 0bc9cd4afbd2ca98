package ugdata

import (
	"math"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// stage is a part of a walk: along one street, to a place on the way, or from
// there to the next street.
type stage struct {
	kind     stageKind
	on       city.NodeID // the street or the place
	name     string      // of the street
	from, to orb.Point
	metres   geo.Metres  // along the street, or straight
	out, in  geo.Bearing // in which direction it starts and ends
}

type stageKind uint8

const (
	along   stageKind = iota // a street
	upTo                     // straight to a place on the way
	across                   // across an area on the way
	fromTo                   // straight from a place to a street
	arrival                  // straight to the destination
)

// stages cuts a walk into stages. Streets of one name that follow each other
// are one; the last stage is the arrival.
func stages(c *city.City, walk []hop) []stage {
	var all []stage
	at := walk[0].edge.At
	straight := func(kind stageKind, on city.NodeID, to orb.Point) {
		dir := geo.BearingTo(at, to)
		all = append(all, stage{kind: kind, on: on, from: at, to: to, metres: geo.Distance(at, to), out: dir, in: dir})
		at = to
	}
	for i, h := range walk {
		n := &c.Nodes[h.to]
		if i+1 == len(walk) {
			straight(arrival, h.to, goal(c, h.to, at))
			break
		}
		next := walk[i+1]
		rec := next.record(c)
		switch n.Kind {
		case city.Street:
			s := follow(n.Geometry, at, rec)
			s.on, s.name = h.to, street(c, h.to)
			all, at = joinStage(all, s), rec
		case city.Crossing:
			if next.edge.Type != city.Along {
				continue
			}
			dir := geo.BearingTo(at, rec)
			s := stage{on: next.edge.Via, from: at, to: rec, metres: next.edge.Distance, out: dir, in: dir}
			if s.on != city.None {
				s.name = street(c, s.on)
			}
			all, at = joinStage(all, s), rec
		case city.Area:
			straight(across, h.to, rec)
		default:
			straight(upTo, h.to, c.Centroid(h.to))
			straight(fromTo, next.to, rec)
		}
	}
	return all
}

// joinStage adds a stage along a street, as part of the one before it if that is
// along a street of the same name.
func joinStage(all []stage, s stage) []stage {
	if n := len(all); n > 0 && all[n-1].kind == along && all[n-1].name == s.name {
		last := &all[n-1]
		if last.metres < leastLeg {
			last.out = s.out
		}
		if s.metres >= leastLeg || last.metres < leastLeg {
			last.in = s.in
		}
		last.metres += s.metres
		last.to = s.to
		return all
	}
	return append(all, s)
}

// goal is the point of a destination where a walk that comes from at ends: the
// nearest of an area, the middle of anything else but a street, which is
// reached where the walk meets it.
func goal(c *city.City, id city.NodeID, at orb.Point) orb.Point {
	switch n := &c.Nodes[id]; n.Kind {
	case city.Street:
		return at
	case city.Area:
		a := newAround(at)
		x, y, _ := a.nearest(n.Geometry)
		return a.point(x, y)
	}
	return c.Centroid(id)
}

// look is how far a walker looks along a street to say in which direction it
// starts or ends.
const look = 20.0

// follow is the stage along a street from one point of it to another: the
// shorter way round where the street is a ring.
func follow(g orb.Geometry, from, to orb.Point) stage {
	dir := geo.BearingTo(from, to)
	s := stage{kind: along, from: from, to: to, metres: geo.Distance(from, to), out: dir, in: dir}
	line, ok := g.(orb.LineString)
	if !ok || len(line) < 2 {
		return s
	}
	l := measureLine(line, from)
	a, b := l.position(from), l.position(to)
	d := b - a
	if ring := line[0] == line[len(line)-1]; ring && math.Abs(d) > l.length()/2 {
		d -= math.Copysign(l.length(), d)
	}
	if math.Abs(d) < float64(s.metres) { // the points lie beside the line
		return s
	}
	s.metres = geo.Metres(math.Abs(d))
	step := math.Copysign(min(look, math.Abs(d)), d)
	s.out = l.bearing(a, a+step)
	s.in = l.bearing(a+d-step, a+d)
	return s
}

// measured is a line in metres around a point, with the length up to each of
// its vertices.
type measured struct {
	frame around
	xy    [][2]float64
	at    []float64
}

func measureLine(line orb.LineString, origin orb.Point) measured {
	l := measured{frame: newAround(origin), xy: make([][2]float64, len(line)), at: make([]float64, len(line))}
	for i, p := range line {
		l.xy[i][0], l.xy[i][1] = l.frame.offset(p)
		if i > 0 {
			l.at[i] = l.at[i-1] + math.Hypot(l.xy[i][0]-l.xy[i-1][0], l.xy[i][1]-l.xy[i-1][1])
		}
	}
	return l
}

func (l *measured) length() float64 { return l.at[len(l.at)-1] }

// position returns how far along the line the point of it is that is nearest
// to p.
func (l *measured) position(p orb.Point) float64 {
	x, y := l.frame.offset(p)
	best, least := 0.0, math.Inf(1)
	for i := 1; i < len(l.xy); i++ {
		a, b := l.xy[i-1], l.xy[i]
		fx, fy := foot(a[0]-x, a[1]-y, b[0]-x, b[1]-y)
		if d2 := fx*fx + fy*fy; d2 < least {
			best, least = l.at[i-1]+math.Hypot(fx+x-a[0], fy+y-a[1]), d2
		}
	}
	return best
}

// bearing returns the direction from one position on the line to another;
// positions beyond an end of a ring come in again at the other.
func (l *measured) bearing(from, to float64) geo.Bearing {
	a, b := l.point(from), l.point(to)
	return geo.NormalBearing(math.Atan2(b[0]-a[0], b[1]-a[1]) * 180 / math.Pi)
}

func (l *measured) point(at float64) [2]float64 {
	if n := l.length(); at < 0 {
		at += n
	} else if at > n {
		at -= n
	}
	for i := 1; i < len(l.at); i++ {
		if d := l.at[i] - l.at[i-1]; at <= l.at[i] && d > 0 {
			t := (at - l.at[i-1]) / d
			return [2]float64{l.xy[i-1][0] + t*(l.xy[i][0]-l.xy[i-1][0]), l.xy[i-1][1] + t*(l.xy[i][1]-l.xy[i-1][1])}
		}
	}
	return l.xy[len(l.xy)-1]
}
