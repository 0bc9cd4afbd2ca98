package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"urbangraph/kernel/lab"
)

// books are the notebooks, by the names under which the driver knows them. The driver counts cells as they
// stand here.
var books = map[string][]string{
	"tour": {
		"# A tour\nEverything that a cell can show.",
		`import "fmt"

%%
fmt.Println("Grüße, 世界")`,
		`import "urbangraph/plots"

%%
plots.Show(plots.Table([]string{"street", "metres"}, [][]string{{"Elm Lane", "560"}, {"Main Street", "380"}}))`,
		`import "github.com/janpfeifer/gonb/gonbui"

%%
gonbui.DisplaySvg("<svg xmlns='http://www.w3.org/2000/svg' width='120' height='60'><circle cx='30' cy='30' r='25' fill='#0072b2'/></svg>")
gonbui.Sync()`,
		`import (
	"bytes"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

%%
p := plot.New()
p.Title.Text = "A figure"
line, _ := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 2}, {X: 2, Y: 1}})
p.Add(line)
w, _ := p.WriterTo(10*vg.Centimeter, 6*vg.Centimeter, "png")
var b bytes.Buffer
w.WriteTo(&b)
gonbui.DisplayPng(b.Bytes())
gonbui.Sync()`,
		`import (
	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

%%
f := geo.Frame{Origin: orb.Point{-75.55, 39.745}}
at := func(x, y float64) orb.Point { return f.LonLat(orb.Point{x, y}) }
plots.Show(plots.CityMap(&city.City{
	Name: "town", Title: "Elm Town", Credit: plots.DefaultCredit, Frame: f,
	Bound: orb.Bound{Min: at(-300, -200), Max: at(300, 200)},
	Nodes: []city.Node{
		{OSM: 1, Kind: city.Street, Name: "Elm Lane", Type: "residential", Category: "residential", Geometry: orb.LineString{at(-280, 0), at(0, 0), at(280, 20)}},
		{OSM: 2, Kind: city.Street, Name: "Main Street", Type: "primary", Category: "major_road", Geometry: orb.LineString{at(0, -190), at(0, 0), at(10, 190)}},
		{OSM: 3, Kind: city.Crossing, Name: "Elm Lane and Main Street", Geometry: at(0, 0), Streets: []city.NodeID{0, 1}},
	},
}))`,
		`import "time"

%%
for i := range 13 {
	gonbui.UpdateHtml("work", fmt.Sprintf("<progress max='12' value='%d'></progress> %d of 12", i, i))
	time.Sleep(250 * time.Millisecond)
}
gonbui.Sync()`,
		`import "urbangraph/kernel/show"

%%
seen := 0
for range show.Steps(12, "streets") {
	time.Sleep(200 * time.Millisecond)
	seen++
}`,
		`type street struct {
	Name   string
	Metres int
}

%%
[]street{{"Elm Lane", 560}, {"Main Street", 380 + seen}}`,
	},
	"interrupt": {
		`import (
	"fmt"
	"time"
)

%%
fmt.Println("working")
for {
	time.Sleep(time.Second)
}`,
		`%%
fmt.Println("still here")`,
	},
	"error": {
		`import "fmt"

%%
fmt.Println("before")`,
		`%%
fmt.Sprint("nothing")
panic("the bridge is out")`,
		`%%
fmt.Println("after")`,
	},
	"write": {
		`import (
	"fmt"
	"strings"
)

%%
fmt.Println(strings.ToUpper("ready"))`,
		"%%\n",
		"%%\n",
		`import "github.com/janpfeifer/gonb/gonbui"

%%
gonbui.RequestInput("Your name? ", false)
var name string
fmt.Scanln(&name)
fmt.Println("hello", name)`,
	},
}

// writeBooks writes the notebooks into a folder and returns their file names by name.
func writeBooks(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for name, cells := range books {
		var list []map[string]any
		for i, source := range cells {
			c := map[string]any{"id": fmt.Sprintf("%s-%d", name, i), "metadata": map[string]any{}, "source": source}
			if source[0] == '#' {
				c["cell_type"] = "markdown"
			} else {
				c["cell_type"], c["outputs"], c["execution_count"] = "code", []any{}, nil
			}
			list = append(list, c)
		}
		data, err := json.Marshal(map[string]any{
			"cells": list, "nbformat": 4, "nbformat_minor": 5,
			"metadata": map[string]any{
				"kernelspec":    map[string]string{"name": lab.KernelName, "display_name": lab.KernelTitle, "language": "go"},
				"language_info": map[string]string{"name": "go"},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		files[name] = name + ".ipynb"
		if err := os.WriteFile(filepath.Join(dir, files[name]), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
