package bench

// cells are what is timed, in this order; @ stands for a number that changes.
var cells = []struct{ name, code string }{
	{"fmt", "import \"fmt\"\n\n%%\nfmt.Println(@)\n"},
	{"gonum/plot", `import (
	"bytes"
	"fmt"
	"math"

	"github.com/janpfeifer/gonb/gonbui"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

%%
p := plot.New()
p.Title.Text = fmt.Sprint("gonum/plot ", @)
pts := make(plotter.XYs, 50)
for i := range pts {
	pts[i].X = float64(i) / 5
	pts[i].Y = math.Sin(pts[i].X)
}
l, err := plotter.NewLine(pts)
if err != nil {
	panic(err)
}
p.Add(l, plotter.NewGrid())
w, err := p.WriterTo(5*vg.Inch, 3*vg.Inch, "png")
if err != nil {
	panic(err)
}
var buf bytes.Buffer
w.WriteTo(&buf)
gonbui.DisplayPng(buf.Bytes())
gonbui.Sync()
`},
	{"urbangraph/plots", "import (\n\t\"fmt\"\n\t_ \"urbangraph/plots\"\n)\n\n%%\nfmt.Println(@)\n"},
	{"GoMLX", `import (
	"fmt"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
)

%%
be, err := compute.NewWithConfig("go:parallelism=-1")
if err != nil {
	panic(err)
}
e := MustNewExec(be, func(x *Node) *Node { return Sqrt(Add(Mul(x, x), Const(x.Graph(), float32(@)))) })
fmt.Println(e.MustCall(float32(3))[0])
`},
}
