package render

import (
	"cmp"
	"fmt"
	"image"
	"slices"
	"sync"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// Camera is a pinhole camera with a level axis.
type Camera struct {
	Pos           orb.Point   // longitude, latitude in degrees
	Heading       geo.Bearing // of the axis
	EyeHeight     float64     // metres above the ground, 2.2 by default
	FOV           float64     // horizontal field of view in degrees, 90 by default
	Width, Height int         // pixels, 448 by 336 by default
}

// Defaults of a [Camera]: the roof of a car that takes street views.
const (
	DefaultEyeHeight = 2.2
	DefaultFOV       = 90
	DefaultWidth     = 448
	DefaultHeight    = 336
)

// horizon is the row of the horizon as a part of the height: the film is
// shifted, so that upright lines stay upright.
const horizon = 0.52

// How far things are drawn, in metres.
const (
	groundReach   = 350.0
	markReach     = 110.0
	buildingReach = 420.0
	boardReach    = 160.0
	thingReach    = 220.0
)

// filled returns the camera with its zero fields at their defaults.
func (c Camera) filled() (Camera, error) {
	c.EyeHeight = cmp.Or(c.EyeHeight, DefaultEyeHeight)
	c.FOV = cmp.Or(c.FOV, DefaultFOV)
	c.Width, c.Height = cmp.Or(c.Width, DefaultWidth), cmp.Or(c.Height, DefaultHeight)
	switch {
	case c.Width < 8 || c.Height < 8 || c.Width > 4096 || c.Height > 4096:
		return c, fmt.Errorf("a view of %d by %d pixels cannot be drawn: try sides from 8 to 4096", c.Width, c.Height)
	case c.FOV < 10 || c.FOV > 150:
		return c, fmt.Errorf("a field of view of %g degrees cannot be drawn: try 10 to 150", c.FOV)
	case c.EyeHeight < 0.5 || c.EyeHeight > 50:
		return c, fmt.Errorf("an eye height of %g m cannot be drawn: try 0.5 to 50", c.EyeHeight)
	}
	return c, nil
}

// painter is the memory that one view at a time is drawn with.
type painter struct {
	canvas
	seen   marks
	ids    []int32
	layers [layers][]*surface
	order  []placed
}

// placed is a building with its distance.
type placed struct {
	id int32
	d  float64
}

var painters = sync.Pool{New: func() any { return new(painter) }}

// View draws what the camera sees. The seed decides on the clouds alone.
func (w *World) View(cam Camera, cond Conditions, seed uint64) (*image.RGBA, error) {
	cam, err := cam.filled()
	if err != nil {
		return nil, err
	}
	p := painters.Get().(*painter)
	defer painters.Put(p)
	p.reset(cam, w.frame.Local(cam.Pos), newLight(cond, seed))
	p.sky(lawn)
	p.treeline(seed)
	p.drawGround(w)
	p.drawBuildings(w)
	p.drawBoards(w)
	p.drawThings(w)
	return p.resolve(), nil
}

func (p *painter) drawGround(w *World) {
	for i := range p.layers {
		p.layers[i] = p.layers[i][:0]
	}
	collect := func(g *grid[surface], reach float64) {
		p.ids = g.near(p.eye, reach, p.ids[:0], &p.seen)
		for _, id := range p.ids {
			if p.visible(g.boxes[id]) {
				s := &g.items[id]
				p.layers[s.m.layer] = append(p.layers[s.m.layer], s)
			}
		}
	}
	collect(&w.surfaces, groundReach)
	collect(&w.marks, markReach)
	var one [1][]orb.Point
	for _, layer := range p.layers {
		for _, s := range layer {
			if s.rings != nil {
				p.ground(s.rings, s.m)
				continue
			}
			one[0] = s.quad[:]
			p.ground(one[:], s.m)
		}
	}
}

// drawBuildings goes from near to far, so that most hidden walls are never
// painted.
func (p *painter) drawBuildings(w *World) {
	g := &w.buildings
	p.ids = g.near(p.eye, buildingReach, p.ids[:0], &p.seen)
	p.order = p.order[:0]
	for _, id := range p.ids {
		if p.visible(g.boxes[id]) {
			p.order = append(p.order, placed{id, boxDist(p.eye, g.boxes[id])})
		}
	}
	slices.SortStableFunc(p.order, func(a, b placed) int { return cmp.Compare(a.d, b.d) })
	for _, o := range p.order {
		p.drawBuilding(&g.items[o.id])
	}
}

func (p *painter) drawBoards(w *World) {
	g := &w.boards
	p.ids = g.near(p.eye, boardReach, p.ids[:0], &p.seen)
	for _, id := range p.ids {
		if !p.visible(g.boxes[id]) {
			continue
		}
		b := &g.items[id]
		out := right(direction(b.a, b.b))
		front := dot(sub(p.eye, b.a), out) > 0
		if !front && !b.both {
			continue
		}
		a, e := b.a, b.b
		if !front {
			a, e, out = e, a, orb.Point{-out[0], -out[1]}
		}
		bright := p.light.onWall(out[0], out[1])
		if b.sign != nil {
			p.board(a, e, b.z0, b.z1, b.sign, bright)
			continue
		}
		f := *b.front
		f.brightness, f.litShare = bright, p.light.lit
		p.wall(a, e, b.z0, b.z1, &f)
	}
}

func (p *painter) drawThings(w *World) {
	g := &w.things
	p.ids = g.near(p.eye, thingReach, p.ids[:0], &p.seen)
	for _, id := range p.ids {
		if t := &g.items[id]; p.visible(g.boxes[id]) {
			p.sprite(t.at, t.z0, t.wide, t.tall, t.shape, t.tint)
		}
	}
}
