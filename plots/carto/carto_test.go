package carto

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/plots/internal/golden"
	"urbangraph/uglib/geo"
)

// small is a scene with every kind of shape and mark.
func small() *Scene {
	at := func(x, y float64) orb.Point {
		return geo.Frame{Origin: orb.Point{-75.55, 39.745}}.LonLat(orb.Point{x, y})
	}
	square := func(x, y, r float64) orb.Ring {
		return orb.Ring{at(x-r, y-r), at(x+r, y-r), at(x+r, y+r), at(x-r, y+r), at(x-r, y-r)}
	}
	blue := color.NRGBA{0, 0x72, 0xb2, 0xff}
	red := color.NRGBA{0xd5, 0x5e, 0, 0xff}
	hole := square(-120, 60, 15) // runs the same way as its outer ring, as OSM data may
	return &Scene{
		Title: "Elm Lane", Subtitle: "A scene of every kind of shape", Credit: "© OpenStreetMap contributors (ODbL)",
		Bound: orb.Bound{Min: at(-200, -130), Max: at(200, 130)}, Width: 420, Height: 280,
		Layers: []Layer{
			{Group: "Ground", Base: true, Style: Style{Fill: color.NRGBA{0xdb, 0xe8, 0xcf, 0xff}},
				Features: []Feature{{Geometry: orb.Polygon{square(-120, 60, 50), hole}}}},
			{Group: "Streets", Name: "Street", Style: Style{Line: color.NRGBA{255, 255, 255, 255}, Width: 3, Casing: color.NRGBA{0x99, 0x99, 0x99, 0xff}, Edge: 0.7, Grow: true},
				Features: []Feature{{Geometry: orb.LineString{at(-190, -20), at(0, 0), at(190, -40)}, Name: "Elm Lane"}, {Geometry: orb.MultiLineString{{at(0, -120), at(0, 0)}, {at(0, 0), at(20, 120)}}, Name: "Oak Street"}}},
			{Group: "Areas", Name: "Area", Style: Style{Line: color.NRGBA{0, 0x9e, 0x73, 0xff}, Fill: color.NRGBA{0, 0x9e, 0x73, 0x30}, Width: 1.2, Dash: []float64{4, 2}},
				Features: []Feature{{Geometry: orb.MultiPolygon{{square(100, 60, 30)}, {square(160, 60, 12)}}, Name: "Twin park"}}},
			{Group: "Points", Name: "Place", Style: Style{Fill: blue, Line: color.NRGBA{255, 255, 255, 255}, Width: 1, Radius: 5},
				Features: []Feature{{Geometry: orb.Point(at(60, -60)), Name: "Café", Detail: "food"}}},
			{Group: "Points", Name: "Ring", Style: Style{Mark: Ring, Line: red, Width: 1.5, Radius: 6}, Features: []Feature{{Geometry: at(120, -80)}}},
			{Group: "Views", Name: "View", Style: Style{Mark: Arrow, Fill: red, Line: blue, Width: 1, Radius: 7}, Features: []Feature{{Geometry: at(-60, -70), Heading: 90, Name: "East"}, {Geometry: at(-30, -70), Heading: 0}}},
			{Group: "Views", Style: Style{Mark: Star, Fill: red, Radius: 8}, Features: []Feature{{Geometry: at(20, 100)}}},
			{Group: "Hidden", Name: "Hidden", Hidden: true, Style: Style{Fill: red, Radius: 90}, Features: []Feature{{Geometry: at(0, 0)}}},
		},
		Labels: []Label{{Text: "Elm Lane", Line: orb.LineString{at(-190, -20), at(0, 0), at(190, -40)}}, {Text: "Elm Lane", Line: orb.LineString{at(0, 0), at(190, -40)}, Rank: 1}, {Text: "Here", Line: orb.LineString{at(-120, 60)}}},
	}
}

func TestStillPictureIsTheGolden(t *testing.T) {
	img, err := small().Picture(1)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := png.Encode(&got, Paletted(img)); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "small", got.Bytes(), 0.01)
}

func TestPictureHasTheScene(t *testing.T) {
	s := small()
	img, err := s.Picture(1)
	if err != nil {
		t.Fatal(err)
	}
	w, h := s.size()
	pr := s.projection()
	look := func(east, north float64) color.RGBA {
		x, y := pr.pixel(geo.Frame{Origin: orb.Point{-75.55, 39.745}}.LonLat(orb.Point{east, north}))
		return img.RGBAAt(int(x), int(s.header()+h-y))
	}
	if img.Rect.Dx() != int(w) || img.Rect.Dy() != int(h+52) {
		t.Errorf("picture is %v", img.Rect)
	}
	for _, c := range []struct {
		what        string
		east, north float64
		want        color.RGBA
	}{
		{"green", -150, 90, color.RGBA{0xdb, 0xe8, 0xcf, 0xff}},
		{"hole in the green", -109, 69, color.RGBA{Land.R, Land.G, Land.B, 0xff}},
		{"street", 150, -31.6, color.RGBA{255, 255, 255, 255}},
		{"place", 60, -60, color.RGBA{0, 0x72, 0xb2, 255}},
		{"inside of the ring", 120, -80, color.RGBA{Land.R, Land.G, Land.B, 0xff}},
		{"beak of the arrow that looks east", -49, -70, color.RGBA{0xd5, 0x5e, 0, 255}},
		{"west of that arrow", -71, -70, color.RGBA{Land.R, Land.G, Land.B, 0xff}},
	} {
		if got := look(c.east, c.north); got != c.want {
			t.Errorf("%s: colour %v, want %v", c.what, got, c.want)
		}
	}
}

func TestProjection(t *testing.T) {
	b := orb.Bound{Min: orb.Point{-75.6, 39.72}, Max: orb.Point{-75.51, 39.78}}
	p := newProjection(b, 800, 600, 10, 100)
	x0, y0 := p.pixel(b.Min)
	x1, y1 := p.pixel(b.Max)
	if x0 < 110-1e-6 || x1 > 790+1e-6 || y0 < 10-1e-6 || y1 > 590+1e-6 {
		t.Errorf("bound comes to %.2f, %.2f – %.2f, %.2f outside the margins", x0, y0, x1, y1)
	}
	if math.Abs((x0+x1)/2-450) > 1e-6 || math.Abs((y0+y1)/2-300) > 1e-6 {
		t.Errorf("middle at %.3f, %.3f, want 450, 300", (x0+x1)/2, (y0+y1)/2)
	}
	// The scale agrees with the great-circle distance along the middle parallel.
	mid := (b.Min[1] + b.Max[1]) / 2
	want := float64(geo.Distance(orb.Point{b.Min[0], mid}, orb.Point{b.Max[0], mid})) / (x1 - x0)
	if got := p.metresPerPixel(); math.Abs(got/want-1) > 1e-4 {
		t.Errorf("%.5f metres per pixel, want %.5f", got, want)
	}
	v := p.view()
	if vx, vy := p.pixel(v.Min); math.Abs(vx) > 1e-6 || math.Abs(vy) > 1e-6 {
		t.Errorf("corner of the view is at %g, %g", vx, vy)
	}
	one := newProjection(orb.Bound{Min: b.Min, Max: b.Min}, 100, 100, 10, 0)
	if x, y := one.pixel(b.Min); math.Abs(x-50) > 1e-6 || math.Abs(y-50) > 1e-6 {
		t.Errorf("a single point is at %g, %g, want the middle", x, y)
	}
}

func TestRoundLength(t *testing.T) {
	for _, c := range [][2]float64{{1, 1}, {1.9, 1}, {2, 2}, {4.99, 2}, {5, 5}, {140, 100}, {999, 500}, {0, 1}, {math.NaN(), 1}, {math.Inf(1), 1}, {0.3, 0.2}} {
		if got := roundLength(c[0]); math.Abs(got-c[1]) > 1e-12 {
			t.Errorf("roundLength(%g) = %g, want %g", c[0], got, c[1])
		}
	}
}

// decode reads what the page's script reads, in the same way.
func decode(t testing.TB, data []byte) document {
	t.Helper()
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatalf("scene is not JSON: %v", err)
	}
	return d
}

func (d document) chain(c []int32) orb.LineString {
	var out orb.LineString
	var x, y int32
	for i := 0; i < len(c); i += 2 {
		x, y = x+c[i], y+c[i+1]
		out = append(out, orb.Point{d.Origin[0] + float64(x)*d.Step, d.Origin[1] + float64(y)*d.Step})
	}
	return out
}

func TestWireKeepsGeometry(t *testing.T) {
	s := small()
	data, err := s.encode(0)
	if err != nil {
		t.Fatal(err)
	}
	d := decode(t, data)
	if len(d.Layers) != len(s.Layers) {
		t.Fatalf("%d layers, want %d", len(d.Layers), len(s.Layers))
	}
	near := func(got, want orb.LineString) {
		t.Helper()
		if len(got) != len(want) {
			t.Errorf("%d vertices, want %d", len(got), len(want))
			return
		}
		for i := range got {
			if math.Abs(got[i][0]-want[i][0]) > d.Step*0.51 || math.Abs(got[i][1]-want[i][1]) > d.Step*0.51 {
				t.Errorf("vertex %d is %v, want %v", i, got[i], want[i])
			}
		}
	}
	near(d.chain(d.Layers[1].Lines[0]), s.Layers[1].Features[0].Geometry.(orb.LineString))
	near(d.chain(d.Layers[1].Lines[2]), s.Layers[1].Features[1].Geometry.(orb.MultiLineString)[1])
	poly := s.Layers[0].Features[0].Geometry.(orb.Polygon)
	near(d.chain(d.Layers[0].Polygons[0][1]), orb.LineString(poly[1]))
	if got := d.Layers[5].Headings; len(got) != 2 || got[0] != 90 || got[1] != 0 {
		t.Errorf("headings %v", got)
	}
	// Both parts of a geometry of many parts carry its name.
	text := d.Layers[1].Text
	for i, want := range []string{"Elm Lane", "Oak Street", "Oak Street"} {
		if got := text.Strings[text.Entries[2*i]]; got != want {
			t.Errorf("tooltip %d is %q, want %q", i, got, want)
		}
	}
	if d.Layers[0].Text != nil {
		t.Errorf("the base map has tooltips")
	}
	for _, g := range d.Groups {
		if g.On == (g.Name == "Hidden") {
			t.Errorf("group %q: on is %v", g.Name, g.On)
		}
	}
}

func TestLargeScenesAreSimplified(t *testing.T) {
	s := &Scene{Bound: orb.Bound{Min: orb.Point{0, 0}, Max: orb.Point{0.3, 0.1}}}
	l := Layer{Group: "Streets", Style: Style{Line: color.NRGBA{A: 255}, Width: 1}}
	for i := range 70 {
		var line orb.LineString
		for j := range 3000 {
			line = append(line, orb.Point{float64(j) * 1e-4, float64(i)*1e-3 + 2e-5*math.Sin(float64(j))})
		}
		l.Features = append(l.Features, Feature{Geometry: line})
	}
	s.Layers = []Layer{l}
	before := l.Features[7].Geometry.(orb.LineString).Clone()
	whole, err := s.encode(0)
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.data()
	if err != nil {
		t.Fatal(err)
	}
	if len(whole) <= pageLimit || len(data) > pageLimit {
		t.Errorf("%d bytes before and %d after, want at most %d after", len(whole), len(data), pageLimit)
	}
	if got := len(decode(t, data).Layers[0].Lines); got != 70 {
		t.Errorf("%d lines are left, want all 70", got)
	}
	if !l.Features[7].Geometry.(orb.LineString).Equal(before) {
		t.Errorf("the caller's line was changed")
	}
}

func TestBadBoundIsAnError(t *testing.T) {
	for _, b := range []orb.Bound{{Max: orb.Point{math.NaN(), 1}}, {Max: orb.Point{1, math.Inf(1)}}, {Max: orb.Point{4e6, 1}}} {
		if _, err := (&Scene{Bound: b}).Page(); err == nil {
			t.Errorf("bound %v: no error", b)
		}
	}
	if _, err := (&Scene{Width: 90000}).PNG(); err == nil {
		t.Error("a picture of 180,000 pixels: no error")
	}
}

var frame = regexp.MustCompile(`srcdoc='([^']*)'`)
var sceneData = regexp.MustCompile(`(?s)<script id="scene" type="application/json">(.*?)</script>`)

// checkEscapes draws a scene with hostile names and reads them back.
func checkEscapes(t testing.TB, name string) {
	t.Helper()
	s := &Scene{Title: name, Subtitle: name, Credit: name, Bound: orb.Bound{Max: orb.Point{0.01, 0.01}}, Width: 40, Height: 30,
		Layers: []Layer{{Group: name, Name: name, Features: []Feature{{Geometry: orb.Point{0.005, 0.005}, Name: name, Detail: name}}}}}
	whole, err := s.page("", "library()")
	if err != nil {
		t.Fatal(err)
	}
	out := s.frame([]byte{1}, whole)
	if strings.Count(out, "'") != 2 {
		t.Fatalf("name %q breaks out of the frame's attribute", name)
	}
	if n := strings.Count(out, "<"); n != 5 { // div, img, iframe and two ends
		t.Fatalf("name %q adds an element: %d of them", name, n)
	}
	m := frame.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("name %q: no frame", name)
	}
	page := html.UnescapeString(m[1])
	if n := strings.Count(strings.ToLower(page), "<script"); n != 3 {
		t.Fatalf("name %q: the page has %d scripts, want 3", name, n)
	}
	data := sceneData.FindStringSubmatch(page)
	if data == nil {
		t.Fatalf("name %q: the page has no scene", name)
	}
	if strings.ContainsAny(data[1], "<>&\u2028\u2029") {
		t.Fatalf("name %q stands raw in the script", name)
	}
	d := decode(t, []byte(data[1]))
	want := strings.ToValidUTF8(name, "\ufffd")
	if name != "" && d.Layers[0].Text.Strings[1] != want && !strings.ContainsRune(want, '\ufffd') {
		t.Errorf("name %q came back as %q", name, d.Layers[0].Text.Strings[1])
	}
	head := page[strings.Index(page, "<body>"):strings.Index(page, `<div id="map">`)]
	if n := strings.Count(head, "<"); name != "" && n != 7 {
		t.Errorf("name %q: the heading has %d tags: %s", name, n, head)
	}
}

var hostile = []string{
	"", "Elm Lane", `</script><script>alert(1)</script>`, `'"><img src=x onerror=alert(1)>`, "<!--", "]]>", "&lt;b&gt;", "&amp;#39;",
	"\u2028\u2029", "Café 東京 \U0001f600", "a\x00b", "\xff\xfe", "\\u003cscript\\u003e", "{{.}}", "</iframe>",
}

func TestNamesCannotBreakOut(t *testing.T) {
	for _, n := range hostile {
		checkEscapes(t, n)
	}
}

func FuzzEscapes(f *testing.F) {
	for _, n := range hostile {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) < 200 {
			checkEscapes(t, name)
		}
	})
}

func TestPageNeedsNoNetwork(t *testing.T) {
	page, err := small().Page()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page, "default-src 'none'") {
		t.Error("the page has no content security policy")
	}
	for _, bad := range []string{"<link", " src=\"http", "url(http", "@import", "url(images"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if !strings.Contains(page, "Volodymyr Agafonkin") {
		t.Error("Leaflet's licence is missing")
	}
}

func TestSVG(t *testing.T) {
	svg, err := small().SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<svg stroke-linecap="round"`, "Elm Lane", "OpenStreetMap contributors", "</svg>"} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("SVG lacks %q", want)
		}
	}
}

func TestPalettedKeepsSurfaces(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			c := color.RGBA{uint8(x * 4), uint8(y * 4), uint8((x + y) * 2), 255} // 4096 colours
			if x < 32 {
				c = color.RGBA{0xf6, 0xf5, 0xf1, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	p := Paletted(img)
	if len(p.Palette) > 256 {
		t.Errorf("%d colours", len(p.Palette))
	}
	worst := 0
	for y := range 64 {
		for x := range 64 {
			r, g, b, _ := p.At(x, y).RGBA()
			want := img.RGBAAt(x, y)
			got := color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
			if x < 32 && got != want {
				t.Fatalf("surface colour %v became %v", want, got)
			}
			for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B)} {
				worst = max(worst, d, -d)
			}
		}
	}
	if worst > 32 {
		t.Errorf("a channel is off by %d", worst)
	}
}

// TestBrowserShowsTheMap runs the page in Chromium, where there is one.
func TestBrowserShowsTheMap(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium in PATH")
	}
	if testing.Short() {
		t.Skip("starts a browser")
	}
	page, err := small().Page()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "map.html")
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-sync", "--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=3000", "--dump-dom", "file://"+file)
	dom, err := cmd.Output()
	if err != nil {
		t.Skipf("chromium does not run here: %v", err)
	}
	for _, want := range []string{fmt.Sprintf(`data-map-ok="%d"`, len(small().Layers)), "OpenStreetMap contributors", "<canvas", "leaflet-control-layers-overlays"} {
		if !bytes.Contains(dom, []byte(want)) {
			t.Errorf("the page in the browser lacks %q", want)
		}
	}
}
