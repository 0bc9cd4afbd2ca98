package ugdata

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"golang.org/x/sys/unix"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/streetview"
)

// delaware is all of Delaware with views at random places of its streets. Their
// pictures are not drawn: the build of a dataset does not look at them.
func delaware(b *testing.B, views int) Source {
	b.Helper()
	src, err := osm.Builtin("delaware")
	if err != nil {
		b.Fatal(err)
	}
	c, err := city.Build(context.Background(), city.Spec{Name: "delaware", Title: "Delaware", Source: src})
	if err != nil {
		b.Fatal(err)
	}
	var streets []city.NodeID
	for id := range c.Nodes {
		if line, ok := c.Nodes[id].Geometry.(orb.LineString); ok && len(line) > 1 {
			streets = append(streets, city.NodeID(id))
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	set := &streetview.Set{Dir: "views"}
	for i := range views {
		street := streets[r.IntN(len(streets))]
		line := c.Nodes[street].Geometry.(orb.LineString)
		from := r.IntN(len(line) - 1)
		share := r.Float64()
		foot := orb.Point{line[from][0] + share*(line[from+1][0]-line[from][0]), line[from][1] + share*(line[from+1][1]-line[from][1])}
		set.Views = append(set.Views, streetview.View{
			ID: 100000000000000 + int64(i), File: fmt.Sprintf("%d.jpg", i), Origin: streetview.Rendered, Pos: foot, Foot: foot,
			Heading: geo.BearingTo(line[from], line[from+1]), HasHeading: true, Street: street, SHA256: fmt.Sprint(i),
		})
	}
	return Source{City: c, Views: set}
}

// peak returns the most memory that the process had, in MB.
func peak(b *testing.B) float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		b.Skip("no /proc here:", err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			var kb float64
			if _, err := fmt.Sscanf(rest, "%g kB", &kb); err != nil {
				b.Fatal(err)
			}
			return kb / 1000
		}
	}
	return 0
}

// processor returns the seconds that the process has had of all cores.
func processor(b *testing.B) float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkBuild builds a dataset of 20,000 views of all Delaware with subgraphs
// of 48 nodes, the default, and of 1000 within 700 m, the reference's. It reports
// views a second, seconds of processor, and the most memory beyond what the city itself takes. Run one
// size at a time, for the peak is that of the process:
//
//	go test -run xxx -bench 'Build/1000' -benchtime 1x
func BenchmarkBuild(b *testing.B) {
	for _, x := range []struct {
		name string
		o    Options
	}{{"48", Options{}}, {"1000", Options{Nodes: 1000, Radius: 700}}} {
		for _, views := range []int{5000, 20000} {
			b.Run(fmt.Sprintf("%s/%d", x.name, views), func(b *testing.B) {
				source := delaware(b, views)
				runtime.GC()
				debug.FreeOSMemory()
				_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // resets the peak, where that is allowed
				before, busy := peak(b), processor(b)
				var built *Built
				for b.Loop() {
					builder, err := newBuilder(x.o, 1, 1)
					if err != nil {
						b.Fatal(err)
					}
					builder.open = func(context.Context, int) (Source, error) { return source, nil }
					dir := b.TempDir()
					if built, err = builder.Run(context.Background(), dir, Parts(filepath.Join(dir, "parts")), About{}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(views)*float64(b.N)/b.Elapsed().Seconds(), "views/s")
				b.ReportMetric(processor(b)-busy, "cpu-s")
				b.ReportMetric(before, "MB-city")
				b.ReportMetric(peak(b)-before, "MB-more")
				b.ReportMetric(float64(built.Cleared), "paths-cleared")
			})
		}
	}
}
