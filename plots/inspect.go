package plots

import (
	"fmt"
	"html"
	"image/color"
	"strings"

	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// InspectFigure shows one place of a dataset whole: its image, its subgraph and
// reasoning paths on the map, its texts, and the training pairs made of it.
type InspectFigure struct {
	city    *city.City
	place   ugdata.Place
	samples []ugdata.Sample
	title   string
	width   int
}

// Inspect returns the inspector of a place of a dataset, whose city must be
// open. Each reasoning path has a colour of its own, on the map and in the text.
func Inspect(ds *ugdata.Dataset, p ugdata.Place) *InspectFigure {
	f := &InspectFigure{city: ds.Cities[p.City], place: p, title: fmt.Sprintf("Place %d", p.ID), width: 380}
	for _, s := range ds.Samples {
		if q := &ds.Places[s.Place]; q.ID == p.ID && q.City == p.City {
			f.samples = append(f.samples, s)
		}
	}
	return f
}

// Title sets the heading.
func (f *InspectFigure) Title(s string) *InspectFigure { f.title = s; return f }

// ImageWidth sets the width of the image in pixels, 380 by default; the map is
// 100 wider.
func (f *InspectFigure) ImageWidth(w int) *InspectFigure {
	f.width = min(max(w, 120), 1600)
	return f
}

// facts are what is known of the place apart from its texts.
func (f *InspectFigure) facts() [][2]string {
	p := &f.place
	facts := [][2]string{
		{"split", string(p.Split)},
		{"position", fmt.Sprintf("%.6f, %.6f (latitude, longitude)", p.Pos[1], p.Pos[0])},
		{"heading", fmt.Sprintf("%.0f° (%s)", float64(p.Heading), p.Heading.Word8())},
		{"image", map[bool]string{true: "rendered from the map, not a photograph", false: "photograph"}[p.Origin == streetview.Rendered]},
		{"block", fmt.Sprintf("S2 cell %x", p.Block)},
		{"subgraph", f.subgraph()},
	}
	if f.city == nil {
		return append(facts, [2]string{"city", p.City + " (not open: no map)"})
	}
	return append([][2]string{{"city", f.city.Title}}, facts...)
}

// subgraph counts the nodes by kind and the edges by type.
func (f *InspectFigure) subgraph() string {
	g := f.place.Graph
	parts := []string{fmt.Sprintf("%d nodes, %d edges", len(g.Nodes), len(g.Edges))}
	if f.city != nil {
		kinds := map[city.Kind]int{}
		for _, id := range g.Nodes {
			if id >= 0 && int(id) < len(f.city.Nodes) {
				kinds[f.city.Nodes[id].Kind]++
			}
		}
		for _, k := range []city.Kind{city.Street, city.Crossing, city.POI, city.Area} {
			if n := kinds[k]; n > 0 {
				parts = append(parts, fmt.Sprintf("%s %d", strings.ToLower(kindNames[k]), n))
			}
		}
	}
	types := map[city.EdgeType]int{}
	for _, e := range g.Edges {
		types[e.Type]++
	}
	for _, look := range edgeLooks {
		if n := types[look.kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", strings.ToLower(look.name), n))
		}
	}
	return strings.Join(parts, ", ")
}

// HTML returns the image beside the map, the texts under them. An image that
// cannot be read is replaced by the reason.
func (f *InspectFigure) HTML() (string, error) {
	p := &f.place
	var b strings.Builder
	b.WriteString(`<div class="ug-inspect" style="font:13px/1.45 'Liberation Sans',Arial,Helvetica,sans-serif;color:#262b33">`)
	fmt.Fprintf(&b, `<div style="font-size:15px;font-weight:bold;margin-bottom:6px">%s</div>`, html.EscapeString(f.title))
	b.WriteString(`<div style="display:flex;flex-wrap:wrap;gap:14px;align-items:flex-start"><div>`)
	if jpg, err := thumbnail(p.Image, f.width); err != nil {
		fmt.Fprintf(&b, `<div style="width:%dpx;color:#a40000">%s</div>`, f.width, html.EscapeString(err.Error()))
	} else {
		fmt.Fprintf(&b, `<img alt="%s" style="display:block;width:%dpx;max-width:100%%" src="%s">`,
			html.EscapeString(fmt.Sprintf("view of place %d", p.ID)), f.width, dataURI("image/jpeg", jpg))
	}
	b.WriteString(`<table style="margin:6px 0 0;border-collapse:collapse;font-size:12px">`)
	for _, x := range f.facts() {
		fmt.Fprintf(&b, `<tr><td style="color:#636b76;padding:1px 10px 1px 0;vertical-align:top;text-align:left">%s</td><td style="text-align:left;max-width:%dpx">%s</td></tr>`,
			x[0], f.width-90, html.EscapeString(x[1]))
	}
	b.WriteString(`</table></div>`)
	if f.city != nil {
		m, err := f.Map().Size(f.width+100, f.width+20).HTML()
		if err != nil {
			return "", fmt.Errorf("plots: inspect place %d: %w", p.ID, err)
		}
		fmt.Fprintf(&b, `<div>%s</div>`, m)
	}
	b.WriteString(`</div>`)
	section(&b, "Caption (SCC)", ink, p.Caption)
	section(&b, "Names only", ink, p.NamesOnly)
	for i, path := range p.Paths {
		pathSection(&b, i, path)
	}
	for _, s := range f.samples {
		section(&b, fmt.Sprintf("Training pair, stage %d (%s)", s.Stage, s.Kind), ink, s.Query+"\n→ "+s.Positive)
	}
	b.WriteString(`</div>`)
	return b.String(), nil
}

func section(b *strings.Builder, label string, colour color.NRGBA, text string) {
	if text == "" {
		return
	}
	fmt.Fprintf(b, `<p style="margin:8px 0 0;max-width:980px"><b style="color:%s;font-size:11px">%s</b><br>%s</p>`,
		hex(colour), html.EscapeString(label), strings.ReplaceAll(html.EscapeString(text), "\n", "<br>"))
}

// pathSection writes a path as a list of its steps.
func pathSection(b *strings.Builder, i int, p ugdata.Path) {
	section(b, pathLabel(i, p), pathColour(i), p.Plain)
	if p.Text != "" {
		b.WriteString(`<ol style="margin:2px 0 0;padding-left:24px;font:12px/1.4 'Liberation Mono',monospace">`)
		for step := range strings.SplitSeq(p.Text, " -> ") {
			fmt.Fprintf(b, "<li>%s</li>", html.EscapeString(step))
		}
		b.WriteString(`</ol>`)
	}
	if p.Summary != "" {
		fmt.Fprintf(b, `<div style="font-size:12px;color:#636b76;max-width:980px">%s</div>`, html.EscapeString(p.Summary))
	}
}

func pathLabel(i int, p ugdata.Path) string {
	return fmt.Sprintf("Path %d (SRP): %d hops, %s", i+1, p.Hops, p.Length)
}

func hex(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Map returns the map of the place with all its paths.
func (f *InspectFigure) Map() *Map { return placeMap(f.city, f.place, f.place.Paths).Title("") }

// PNG returns the still map.
func (f *InspectFigure) PNG() ([]byte, error) {
	if f.city == nil {
		return nil, noForm("a place whose city is not open", "PNG")
	}
	return f.Map().PNG()
}

// SVG is not a form of an inspector.
func (f *InspectFigure) SVG() ([]byte, error) { return nil, noForm("an inspector", "SVG") }

// Text lists the facts and the texts.
func (f *InspectFigure) Text() string {
	p := &f.place
	lines := []string{f.title}
	for _, x := range f.facts() {
		lines = append(lines, fmt.Sprintf("  %s: %s", x[0], x[1]))
	}
	add := func(label, text string) {
		if text != "" {
			lines = append(lines, "  "+label+": "+strings.ReplaceAll(text, "\n", " "))
		}
	}
	add("caption", p.Caption)
	add("names only", p.NamesOnly)
	for i, path := range p.Paths {
		add(pathLabel(i, path), path.Text)
		add("in words", path.Plain)
		add("summary", path.Summary)
	}
	for _, s := range f.samples {
		add(fmt.Sprintf("training pair, stage %d (%s)", s.Stage, s.Kind), s.Query+" → "+s.Positive)
	}
	return strings.Join(lines, "\n")
}
