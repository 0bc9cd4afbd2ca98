package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/osm/extract"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/streetview/render"
	"urbangraph/uglib/ugdata"
)

// growthCities are those of the table of growth: two towns, a country, a state
// whole, and that state four times over.
var growthCities = []string{"dover", "wilmington", "andorra", "delaware", "delaware-4"}

// growthRow is what a city of one size takes.
type growthRow struct {
	City     string  `json:"city"`
	Nodes    float64 `json:"nodes"`
	Edges    float64 `json:"edges,omitempty"`
	Build    float64 `json:"build_s"`        // extract to full graph
	Peak     float64 `json:"peak_mb"`        // of the build
	Anchor   float64 `json:"points_per_s"`   // nearest street, all cores
	Subgraph float64 `json:"subgraph_ms"`    // all within 700 m, at most 1000 nodes, one core
	Nodes700 float64 `json:"subgraph_nodes"` // of such a subgraph, on average
	Paths    float64 `json:"paths_per_s"`    // reasoning paths with their texts, all cores
}

// growth fills the table and tells whether the largest built-in city keeps to
// the targets.
func (b *cityBench) growth(ctx context.Context) error {
	t := progress.Start(ctx, "measure growth", len(growthCities))
	defer t.Done()
	for _, name := range growthCities {
		row := growthRow{}
		if err := b.ours(ctx, "growth:"+name, "", &row); err != nil {
			return err
		}
		b.report.Growth = append(b.report.Growth, row)
		if name == "delaware" {
			b.target("full graph of Delaware", row.Build, 10, true, " s")
			b.target("full graph of Delaware: peak memory", row.Peak, 600, true, " MB")
			b.target("points anchored a second", row.Anchor, 200e3, false, "/s")
			b.target("subgraph of 700 m and 1000 nodes", row.Subgraph, 1, true, " ms")
			b.target("reasoning paths a second", row.Paths, 2000, false, "/s")
		}
		t.Add(1)
	}
	of := func(value func(growthRow) float64) float64 { return power(b.report.Growth, value) }
	b.report.Powers = &growthRow{
		City: "grows as nodes to the power", Nodes: 1,
		Edges:    of(func(r growthRow) float64 { return r.Edges }),
		Build:    of(func(r growthRow) float64 { return r.Build }),
		Peak:     of(func(r growthRow) float64 { return r.Peak }),
		Anchor:   of(func(r growthRow) float64 { return 1 / r.Anchor }),
		Subgraph: of(func(r growthRow) float64 { return r.Subgraph }),
		Nodes700: of(func(r growthRow) float64 { return r.Nodes700 }),
		Paths:    of(func(r growthRow) float64 { return 1 / r.Paths }),
	}
	b.note("Dover and Wilmington are boxes of the extract of Delaware, which is read whole for them. " +
		"delaware-4 is the extract of Delaware four times over, side by side 2 degrees of longitude apart, ids 2^40 apart, written as one PBF " +
		"file and read back. Powers are the slopes of least squares of the logarithms; those of anchoring and paths are of the time that one " +
		"takes, so that 0 means that the size of the city does not matter.")
	return nil
}

// power fits value = a * nodes^power.
func power(rows []growthRow, value func(growthRow) float64) float64 {
	var n, sx, sy, sxx, sxy float64
	for _, r := range rows {
		x, y := math.Log(r.Nodes), math.Log(value(r))
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

func (r *benchReport) writeGrowth(w io.Writer) error {
	var table [][]string
	row := func(g *growthRow, format func(float64) string) {
		table = append(table, []string{g.City, format(g.Nodes), format(g.Edges), format(g.Build), format(g.Peak), format(g.Anchor), format(g.Subgraph), format(g.Nodes700), format(g.Paths)})
	}
	for i := range r.Growth {
		row(&r.Growth[i], figure)
	}
	if r.Powers != nil {
		row(r.Powers, func(v float64) string { return fmt.Sprintf("%.2f", v) })
	}
	return writeTable(w, []string{"city", "nodes", "edges", "build s", "peak MB", "points/s", "subgraph ms", "its nodes", "paths/s"}, table)
}

// growthOf measures one city in this process.
func growthOf(ctx context.Context, name string) (*growthRow, error) {
	spec, clean, err := growthSpec(ctx, name)
	defer clean()
	if err != nil {
		return nil, err
	}
	r := &growthRow{City: name}
	var c *city.City
	var builds []float64
	for start := time.Now(); len(builds) < 5 && (len(builds) == 0 || time.Since(start) < 2*time.Second); {
		t := time.Now()
		if c, err = city.Build(ctx, spec); err != nil {
			return nil, err
		}
		builds = append(builds, time.Since(t).Seconds())
		if len(builds) == 1 {
			r.Peak = float64(peakMemory()) / 1e6
		}
	}
	r.Build, r.Nodes, r.Edges = median(builds), float64(len(c.Nodes)), float64(len(c.Edges))

	random := rand.New(rand.NewPCG(1, 2))
	points := make([]orb.Point, 100000)
	views := make([]streetview.View, len(points))
	for i := range points {
		views[i] = viewSomewhere(c, random, i)
		points[i] = views[i].Pos
	}
	c.NearestStreets(points[:1], 100) // lays the index out
	r.Anchor = perSecond(func(int) int { return len(c.NearestStreets(points, 100)) }, 1)

	cut := ugdata.Options{Recipe: ugdata.RecipeRadius, Radius: 700, Nodes: 1000} // all that lies within the radius
	ugdata.Neighbourhood(c, views[0], cut)                                       // lays the network out
	graphs, nodes := 0, 0
	r.Subgraph = 1000 / perSecond(func(i int) int {
		graphs++
		nodes += len(ugdata.Neighbourhood(c, views[i%len(views)], cut).Nodes)
		return 1
	}, 1)
	r.Nodes700 = float64(nodes) / float64(graphs)
	r.Paths = perSecond(func(i int) int {
		v := views[i%len(views)]
		return len(ugdata.Paths(c, v, ugdata.Options{}, rand.New(rand.NewPCG(1, uint64(v.ID)))))
	}, runtime.GOMAXPROCS(0))
	return r, ctx.Err()
}

// growthSpec returns a city by its name, and what removes the file that was
// made for it.
func growthSpec(ctx context.Context, name string) (spec city.Spec, clean func(), err error) {
	clean = func() {}
	switch name {
	case "andorra", "delaware":
		src, err := osm.Builtin(name)
		return city.Spec{Name: name, Title: name, Source: src}, clean, err
	case "delaware-4":
		dir, err := os.MkdirTemp("", "ug-city-tiled-")
		if err != nil {
			return spec, clean, err
		}
		clean = func() { _ = os.RemoveAll(dir) }
		src, err := osm.Builtin("delaware")
		if err != nil {
			return spec, clean, err
		}
		path := filepath.Join(dir, "delaware-4.osm.pbf")
		if err := tile(ctx, src, path, 4, 2); err != nil {
			return spec, clean, err
		}
		src, err = osm.File(path)
		return city.Spec{Name: name, Title: name, Source: src}, clean, err
	}
	spec, err = city.Builtin(name)
	return spec, clean, err
}

// tile writes an extract so many times over, side by side so many degrees of
// longitude apart, with ids of their own.
func tile(ctx context.Context, src osm.Source, path string, copies int, degrees float64) (err error) {
	from, err := src.Locate()
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := extract.NewWriter(f)
	const apart = 1 << 40
	var ids []int64
	var members []extract.Member
	for _, pass := range []func(k int64) extract.Handler{
		func(k int64) extract.Handler {
			return extract.Handler{Node: func(id int64, at orb.Point, tags extract.Tags) {
				w.Node(id+k*apart, orb.Point{at[0] + float64(k)*degrees, at[1]}, tags.All())
			}}
		},
		func(k int64) extract.Handler {
			return extract.Handler{Way: func(id int64, nodes []int64, tags extract.Tags) {
				ids = ids[:0]
				for _, n := range nodes {
					ids = append(ids, n+k*apart)
				}
				w.Way(id+k*apart, ids, tags.All())
			}}
		},
		func(k int64) extract.Handler {
			return extract.Handler{Relation: func(id int64, of []extract.Member, tags extract.Tags) {
				members = members[:0]
				for _, m := range of {
					m.ID += k * apart
					members = append(members, m)
				}
				w.Relation(id+k*apart, members, tags.All())
			}}
		},
	} {
		for k := range copies {
			if err := extract.Scan(ctx, from, pass(int64(k))); err != nil {
				return err
			}
		}
	}
	return w.Close()
}

// viewSomewhere stands beside a vertex of some street.
func viewSomewhere(c *city.City, r *rand.Rand, number int) streetview.View {
	for {
		id := city.NodeID(r.IntN(len(c.Nodes)))
		line, ok := c.Nodes[id].Geometry.(orb.LineString)
		if !ok || c.Nodes[id].Kind != city.Street {
			continue
		}
		foot := line[r.IntN(len(line))]
		v := streetview.View{
			ID: 1e14 + int64(number), Pos: orb.Point{foot[0], foot[1] + 3e-5}, Foot: foot, Street: id,
			Heading: geo.Bearing(r.Float64() * 360), HasHeading: true,
		}
		v.Distance, v.Bearing = geo.Distance(v.Pos, v.Foot), geo.BearingTo(v.Pos, v.Foot)
		return v
	}
}

// perSecond runs work in so many goroutines for about a second and returns the
// number of things that it does in one.
func perSecond(work func(i int) int, goroutines int) float64 {
	var next, done atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for range goroutines {
		group.Go(func() {
			for time.Since(start) < time.Second {
				done.Add(int64(work(int(next.Add(1)))))
			}
		})
	}
	group.Wait()
	return float64(done.Load()) / time.Since(start).Seconds()
}

// viewRate is how fast views are drawn.
type viewRate struct {
	Views     int     `json:"views"`
	Width     int     `json:"width"`
	Height    int     `json:"height"`
	Layout    float64 `json:"layout_s"`
	PerSecond float64 `json:"views_per_s"`
}

// drawViews draws views of Wilmington on all cores.
func drawViews(ctx context.Context) (*viewRate, error) {
	spec, err := city.Builtin("wilmington")
	if err != nil {
		return nil, err
	}
	c, err := city.Build(ctx, spec)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	world := render.New(c)
	r := &viewRate{Width: render.DefaultWidth, Height: render.DefaultHeight, Layout: time.Since(start).Seconds()}
	stands := world.Stands(c.Bound, 500, 1)
	if len(stands) == 0 {
		return nil, errors.New("no place in Wilmington to stand")
	}
	var failed atomic.Pointer[error]
	var views atomic.Int64
	r.PerSecond = perSecond(func(i int) int {
		s := stands[i%len(stands)]
		cond := render.ConditionsAt(uint64(i), time.Date(2024, 6, 1, 8+i%12, 0, 0, 0, time.UTC))
		if _, err := world.View(render.Camera{Pos: s.Pos, Heading: s.Heading}, cond, 1); err != nil {
			failed.Store(&err)
		}
		views.Add(1)
		return 1
	}, runtime.GOMAXPROCS(0))
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	r.Views = int(views.Load())
	return r, ctx.Err()
}
