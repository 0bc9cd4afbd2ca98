package gofront

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// benchCells are cells as GoNB writes them; @ stands for a number that changes.
var benchCells = []struct{ name, source string }{
	{"fmt", "package main\n\nimport (\n\t\"fmt\"\n)\n\n\nfunc main() {\n\tfmt.Println(@)\n}\n"},
	{"plot", `package main

import (
	"bytes"
	"fmt"
	"github.com/janpfeifer/gonb/gonbui"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)


func main() {
	p := plot.New()
	p.Title.Text = fmt.Sprint(@)
	l, _ := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: @}})
	p.Add(l)
	w, _ := p.WriterTo(8*vg.Centimeter, 6*vg.Centimeter, "png")
	var b bytes.Buffer
	w.WriteTo(&b)
	gonbui.DisplayPng(b.Bytes())
}
`},
	{"gomlx", `package main

import (
	"fmt"
	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
)


func main() {
	be, err := compute.NewWithConfig("go:parallelism=-1")
	if err != nil {
		panic(err)
	}
	e := MustNewExec(be, func(x *Node) *Node { return Sqrt(Add(Mul(x, x), Const(x.Graph(), float32(@)))) })
	fmt.Println(e.MustCall(float32(3))[0])
}
`},
}

// BenchmarkCell times cells through the real fronts. Set GOFRONT_CACHE to a folder to keep what the daemon
// keeps between runs.
func BenchmarkCell(b *testing.B) {
	root, err := filepath.Abs(repo)
	if err != nil {
		b.Fatal(err)
	}
	g := newGonb(b, root, func(s *Settings) {
		if c := os.Getenv("GOFRONT_CACHE"); c != "" {
			s.Cache = c
		}
	})
	number := int(time.Now().UnixNano() % 1e9)
	for _, c := range benchCells {
		for _, kind := range []string{"changed", "unchanged"} {
			b.Run(c.name+"/"+kind, func(b *testing.B) {
				run := func() phases {
					if kind == "changed" {
						number++
					}
					out, code, took := g.cell(strings.ReplaceAll(c.source, "@", fmt.Sprint(number)))
					if code != 0 {
						b.Fatalf("exit status %d: %s", code, out)
					}
					time.Sleep(20 * time.Millisecond) // as between two requests of a client
					return took
				}
				run()
				var all []phases
				for b.Loop() {
					all = append(all, run())
				}
				for _, p := range []struct {
					name string
					of   func(phases) time.Duration
				}{
					{"imports", func(p phases) time.Duration { return p.imports }},
					{"get", func(p phases) time.Duration { return p.get }},
					{"build", func(p phases) time.Duration { return p.build }},
					{"run", func(p phases) time.Duration { return p.run }},
					{"all", func(p phases) time.Duration { return p.imports + p.get + p.build + p.run }},
				} {
					var times []time.Duration
					for _, x := range all {
						times = append(times, p.of(x))
					}
					slices.Sort(times)
					b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "ms-"+p.name)
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
