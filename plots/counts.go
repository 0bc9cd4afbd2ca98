package plots

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"urbangraph/uglib/city"
)

// CountsFigure is a chart of counts: a bar to the right for each name, the
// number behind it.
type CountsFigure struct {
	chart
	names   []string
	counts  []int
	colours []color.NRGBA
	root    bool
}

// Counts returns a chart of named counts, in the given order from the top. Its
// height follows the number of names.
func Counts(names []string, counts []int) *CountsFigure {
	f := &CountsFigure{chart: newChart(), names: names, counts: counts}
	f.height = 70 + 22*float64(len(names))
	return f
}

// Title sets the heading.
func (f *CountsFigure) Title(s string) *CountsFigure { f.title = s; return f }

// Subtitle sets the line under the heading.
func (f *CountsFigure) Subtitle(s string) *CountsFigure { f.subtitle = s; return f }

// Size sets the size in CSS pixels.
func (f *CountsFigure) Size(w, h int) *CountsFigure {
	f.width, f.height = float64(w), float64(h)
	return f
}

// Root makes the length of a bar the square root of its count, so that small
// ones stay visible beside large ones; the numbers stay what they are.
func (f *CountsFigure) Root() *CountsFigure { f.root = true; return f }

// NodeClasses returns how many nodes a city has of each kind and category, and
// how many edges of each type, as they are coloured on its map.
func NodeClasses(c *city.City) *CountsFigure {
	var names []string
	var counts []int
	var colours []color.NRGBA
	add := func(name string, n int, colour color.NRGBA) {
		if n > 0 {
			names, counts, colours = append(names, name), append(counts, n), append(colours, colour)
		}
	}
	nodes := func(keep func(*city.Node) bool) (n int) {
		for i := range c.Nodes {
			if keep(&c.Nodes[i]) {
				n++
			}
		}
		return n
	}
	add("Streets", nodes(func(n *city.Node) bool { return n.Kind == city.Street }), blue)
	add("Crossings", nodes(func(n *city.Node) bool { return n.Kind == city.Crossing }), ink)
	for i, class := range poiClasses {
		add("Points: "+strings.ToLower(class.name), nodes(func(n *city.Node) bool {
			return n.Kind == city.POI && poiClassOf(n.Category) == i
		}), class.colour)
	}
	add("Areas", nodes(func(n *city.Node) bool { return n.Kind == city.Area }), green)
	for _, look := range edgeLooks {
		n := 0
		for i := range c.Edges {
			if c.Edges[i].Type == look.kind {
				n++
			}
		}
		add("Edges: "+strings.ToLower(look.name), n, grey)
	}
	f := Counts(names, counts).Title("Nodes and edges of " + c.Title).Root()
	f.subtitle = fmt.Sprintf("%s nodes, %s edges; the length of a bar is the square root of its number", count(len(c.Nodes)), count(len(c.Edges)))
	f.colours = colours
	return f
}

// PNG returns the chart.
func (f *CountsFigure) PNG() ([]byte, error) { return f.png(f.draw) }

// SVG returns the chart.
func (f *CountsFigure) SVG() ([]byte, error) { return f.svg(f.draw) }

// HTML returns the chart as an image element.
func (f *CountsFigure) HTML() (string, error) { return f.html(f.draw) }

// Text lists the counts.
func (f *CountsFigure) Text() string {
	lines := []string{strings.TrimSpace("Chart: " + f.title)}
	for i, name := range f.names {
		if i < len(f.counts) {
			lines = append(lines, fmt.Sprintf("  %s: %s", name, count(f.counts[i])))
		}
	}
	return strings.Join(lines, "\n")
}

func (f *CountsFigure) draw(c draw.Canvas) error {
	if len(f.names) == 0 || len(f.names) != len(f.counts) {
		return fmt.Errorf("plots: %d names for %d counts", len(f.names), len(f.counts))
	}
	length := func(n int) float64 {
		if f.root {
			return math.Sqrt(float64(max(n, 0)))
		}
		return float64(max(n, 0))
	}
	longest := 1.0
	for _, n := range f.counts {
		longest = max(longest, length(n))
	}
	can := draw.Crop(f.header(c), 12, -12, 10, -6)
	label := f.blank().X.Tick.Label
	label.Font, label.Color, label.YAlign = sans(12, false), ink, draw.YCenter
	room := vg.Length(0)
	for _, name := range f.names {
		room = max(room, label.Width(name))
	}
	left := can.Min.X + room + 8
	unit := (can.Max.X - left - 60) / vg.Length(longest)
	row := (can.Max.Y - can.Min.Y) / vg.Length(len(f.names))
	for i, name := range f.names {
		y := can.Max.Y - row*(vg.Length(i)+0.5)
		right, half := left+unit*vg.Length(length(f.counts[i])), row*0.36
		colour := blue
		if i < len(f.colours) {
			colour = f.colours[i]
		}
		c.FillPolygon(colour, []vg.Point{{X: left, Y: y - half}, {X: right, Y: y - half}, {X: right, Y: y + half}, {X: left, Y: y + half}})
		label.XAlign = draw.XRight
		c.FillText(label, vg.Point{X: left - 6, Y: y}, name)
		label.XAlign = draw.XLeft
		c.FillText(label, vg.Point{X: right + 5, Y: y}, count(f.counts[i]))
	}
	return nil
}
