package geo

import (
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

func TestCell(t *testing.T) {
	// Ids by s2sphere 0.2.5, which the UGE reference uses; testdata/cells.py prints them.
	for _, c := range []struct {
		p     orb.Point
		level int
		want  uint64
	}{
		{orb.Point{-75.5466, 39.7459}, 18, 9927900882437931008},
		{orb.Point{-75.5466, 39.7459}, 14, 9927900884199538688},
		{orb.Point{1.5218, 42.5063}, 18, 1343632709678792704},
		{orb.Point{103.8198, 1.3521}, 24, 3592202124967997440},
	} {
		if got := Cell(c.p, c.level); got != c.want {
			t.Errorf("%v level %d: %d, want %d", c.p, c.level, got, c.want)
		}
	}
	p := orb.Point{1.5, 42.5}
	if Cell(p, -3) != Cell(p, 0) || Cell(p, 99) != Cell(p, MaxCellLevel) {
		t.Error("a level out of range is not brought into it")
	}
}

func TestCellHoldsItsPoint(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 500 {
		p, level := place(r), 10+r.IntN(12)
		id := Cell(p, level)
		// A side of a cell is a great circle, so that a point near it may lie on
		// the other side of the straight line in degrees: shrink towards the middle.
		c := CellCentre(id)
		q := orb.Point{c[0] + 0.9*(p[0]-c[0]), c[1] + 0.9*(p[1]-c[1])}
		if Cell(c, level) != id || !planar.PolygonContains(CellPolygon(id), q) {
			t.Fatalf("%v is not inside its cell of level %d", p, level)
		}
		if Cell(c, level-1) != Cell(p, level-1) {
			t.Fatalf("the cell of %v of level %d is not inside that of level %d", p, level, level-1)
		}
		if d := Distance(p, c); d > 2*CellWidth(level) {
			t.Fatalf("%v is %v from the middle of its cell, which is %v wide", p, d, CellWidth(level))
		}
	}
}
