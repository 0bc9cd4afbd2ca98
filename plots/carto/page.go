package carto

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"strings"

	"urbangraph/plots/leaflet"
)

//go:embed page.js
var pageScript string

//go:embed page.css
var pageStyle string

// pageLimit is how large the data of a page may become before its lines are
// simplified further, in bytes.
const pageLimit = 700_000

// data encodes the scene within pageLimit if coarser lines can do it.
func (s *Scene) data() ([]byte, error) {
	var out []byte
	for _, tolerance := range []float64{0.5, 1, 2, 4, 8, 16, 32} {
		var err error
		if out, err = s.encode(tolerance); err != nil {
			return nil, err
		}
		if len(out) <= pageLimit {
			break
		}
	}
	return out, nil
}

// Page returns the scene as a whole HTML document that needs no network; its
// content security policy forbids any.
func (s *Scene) Page() (string, error) {
	// The licence of Leaflet asks that its text goes along.
	library := fmt.Sprintf("/* Leaflet %s\n%s*/\n%s", leaflet.Version, leaflet.License, leaflet.Script())
	return s.page(leaflet.Style(), library)
}

// page assembles the document around a map library.
func (s *Scene) page(style, library string) (string, error) {
	data, err := s.data()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n")
	b.WriteString(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">` + "\n")
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(s.Title))
	fmt.Fprintf(&b, "<style>%s%s</style></head><body>\n", style, pageStyle)
	if s.header() > 0 {
		fmt.Fprintf(&b, `<header style="height:%gpx">`, s.header())
		if s.Title != "" {
			fmt.Fprintf(&b, "<h1>%s</h1>", html.EscapeString(s.Title))
		}
		if s.Subtitle != "" {
			fmt.Fprintf(&b, "<p>%s</p>", html.EscapeString(s.Subtitle))
		}
		b.WriteString("</header>\n")
	}
	b.WriteString("<div id=\"map\"></div>\n")
	fmt.Fprintf(&b, "<script>%s</script>\n", library)
	fmt.Fprintf(&b, "<script id=\"scene\" type=\"application/json\">%s</script>\n", data)
	fmt.Fprintf(&b, "<script>%s</script>\n</body></html>\n", pageScript)
	return b.String(), nil
}

// HTML returns the scene as a fragment of a page: the still picture, and over
// it a sandboxed frame with the interactive page. Where frames are removed
// (a notebook that is not trusted) the picture stays.
func (s *Scene) HTML() (string, error) {
	png, err := s.PNG()
	if err != nil {
		return "", err
	}
	return s.Wrap(png)
}

// Wrap is [Scene.HTML] with a still picture that was drawn before.
func (s *Scene) Wrap(png []byte) (string, error) {
	page, err := s.Page()
	if err != nil {
		return "", err
	}
	return s.frame(png, page), nil
}

// frame puts the page over the picture.
func (s *Scene) frame(png []byte, page string) string {
	w, h := s.size()
	h += s.header()
	alt := s.Title
	if alt == "" {
		alt = "map"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<div class="ug-map" style="position:relative;width:%gpx;max-width:100%%;height:%gpx;border:1px solid #d5d7da;background:#f6f5f1;overflow:hidden">`, w, h)
	fmt.Fprintf(&b, `<img alt="%s" width="%g" height="%g" style="display:block;margin:0;width:%gpx;height:%gpx;max-width:none" src="data:image/png;base64,%s">`,
		html.EscapeString(alt), w, h, w, h, base64.StdEncoding.EncodeToString(png))
	fmt.Fprintf(&b, `<iframe sandbox="allow-scripts" title="%s" style="position:absolute;left:0;top:0;width:100%%;height:100%%;border:0" srcdoc='%s'></iframe></div>`,
		html.EscapeString(alt), attribute(page))
	return b.String()
}

// attribute escapes a document for an attribute in single quotes, which keeps
// the many double quotes of JSON as they are.
func attribute(s string) string {
	return strings.NewReplacer("&", "&amp;", "'", "&#39;", "<", "&lt;", ">", "&gt;").Replace(s)
}
