package streetview

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview/sight"
)

// Rules of [Anchor], in metres.
const (
	axisWorth  = 5.0 // how much farther a street along the camera's axis may be than one across it
	wheelWorth = 4.0 // how much farther a street for cars may be than a way for feet or bicycles alone
	candidates = 8   // nearest streets that are looked at
)

// Anchor sets Street, Foot, Distance and Bearing of a view to the street that
// it stands on: the nearest one within max. Where there is none within max,
// Street is city.None and the result false, and the others are those of the
// nearest street at all, if the city has any.
//
// The UGE reference takes the nearest street and no heading. At a junction, or
// on a road with a footway beside it, positions are not exact enough for that,
// so that among the nearest eight the least of this sum wins: the distance,
// 5 m × (1 − a), where a is 1 for a street along the camera's axis or looked
// straight at and 0 for one across it, and 4 m for a way without cars. So only
// streets that are about equally near change places. A view without heading
// counts as looking along every street.
func Anchor(c *city.City, v *View, max geo.Metres) bool {
	v.Street, v.Foot, v.Distance, v.Bearing = city.None, orb.Point{}, 0, 0
	var tried [candidates]*city.Node
	best, limit := math.Inf(1), geo.Metres(math.Inf(1))
	for n := range tried {
		hit, ok := c.NearestStreet(v.Pos, limit, func(node *city.Node) bool { return !slices.Contains(tried[:n], node) })
		if !ok {
			break
		}
		if n == 0 {
			v.Foot, v.Distance, v.Bearing = hit.Foot, hit.Distance, hit.Bearing
			if hit.Distance > max {
				return false
			}
			limit = min(hit.Distance+axisWorth+wheelWorth, max)
		}
		tried[n] = &c.Nodes[hit.Street]
		cost := float64(hit.Distance)
		if v.HasHeading {
			cost += axisWorth * (1 - alignment(c, v, hit))
		}
		if !forCars(&c.Nodes[hit.Street]) {
			cost += wheelWorth
		}
		if cost < best {
			best = cost
			v.Street, v.Foot, v.Distance, v.Bearing = hit.Street, hit.Foot, hit.Distance, hit.Bearing
		}
	}
	return v.Street != city.None
}

// AnchorAll anchors many views as [Anchor] does, on all cores.
func AnchorAll(c *city.City, views []View, max geo.Metres) {
	const share = 256 // views that one core takes at a time
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(views)/share+1) {
		group.Go(func() {
			for {
				to := int(next.Add(share))
				from := to - share
				if from >= len(views) {
					return
				}
				for i := range views[from:min(to, len(views))] {
					Anchor(c, &views[from+i], max)
				}
			}
		})
	}
	group.Wait()
}

// alignment is 1 for a street that runs along the camera's axis at its foot
// point, or whose foot point lies straight ahead, at least 3 m away; 0 for one
// across.
func alignment(c *city.City, v *View, hit city.Hit) float64 {
	axis := streetAxis(c.Nodes[hit.Street].Geometry, hit.Foot)
	along := math.Abs(math.Cos(axis.Radians() - v.Heading.Radians()))
	if hit.Distance < 3 {
		return along
	}
	ahead := math.Cos(v.Heading.Diff(hit.Bearing) * math.Pi / 180)
	return math.Max(along, ahead)
}

// streetAxis returns the bearing of the piece of a street on which a foot
// point lies.
func streetAxis(g orb.Geometry, foot orb.Point) geo.Bearing {
	line, _ := g.(orb.LineString)
	frame := geo.Frame{Origin: foot}
	best, axis := math.Inf(1), geo.Bearing(0)
	for i := 1; i < len(line); i++ {
		a, b := frame.Local(line[i-1]), frame.Local(line[i])
		d := orb.Point{b[0] - a[0], b[1] - a[1]}
		n := d[0]*d[0] + d[1]*d[1]
		if n == 0 {
			continue
		}
		t := math.Min(math.Max(-(a[0]*d[0]+a[1]*d[1])/n, 0), 1)
		if off := math.Hypot(a[0]+t*d[0], a[1]+t*d[1]); off < best {
			best, axis = off, geo.NormalBearing(math.Atan2(d[0], d[1])*180/math.Pi)
		}
	}
	return axis
}

// forCars reports whether cars may use a street.
func forCars(n *city.Node) bool {
	switch n.Type {
	case "footway", "path", "cycleway", "steps", "bridleway", "track", "corridor", "platform", "elevator":
		return false
	}
	return true
}

// LookReach is how far [LooksAt] looks.
const LookReach geo.Metres = 60

// LooksAt returns the street, place or area straight ahead of a view's camera
// within [LookReach], or the one next to its axis, with its distance and side;
// false if the view has no heading or looks at none. See [sight.Look].
func LooksAt(c *city.City, v View) (sight.Sight, bool) {
	if !v.HasHeading {
		return sight.Sight{}, false
	}
	all := sight.Look(c, v.Pos, v.Heading, LookReach)
	if len(all) == 0 {
		return sight.Sight{}, false
	}
	return all[0], true
}
