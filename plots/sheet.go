package plots

import (
	"bytes"
	"fmt"
	"html"
	"image"
	"image/jpeg"
	"strings"

	"golang.org/x/image/draw"

	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// SheetFigure is a contact sheet of samples: image, caption and path of each
// place.
type SheetFigure struct {
	cities map[string]*city.City
	places []ugdata.Place
	title  string
	width  int
}

// Sheet returns a contact sheet of places of a dataset, which may be nil; then
// cities are named by their keys. How the images came to be is said above it.
func Sheet(ds *ugdata.Dataset, places []ugdata.Place) *SheetFigure {
	s := &SheetFigure{places: places, title: "Samples", width: 280}
	if ds != nil {
		s.cities = ds.Cities
	}
	return s
}

// Title sets the heading.
func (s *SheetFigure) Title(t string) *SheetFigure { s.title = t; return s }

// ThumbWidth sets the width of the images in pixels, 280 by default.
func (s *SheetFigure) ThumbWidth(w int) *SheetFigure { s.width = min(max(w, 40), 2000); return s }

func (s *SheetFigure) note() string {
	origins := map[streetview.Origin]int{}
	for _, p := range s.places {
		if p.Origin != "" {
			origins[p.Origin]++
		}
	}
	if len(origins) == 0 {
		return ""
	}
	return "Images: " + originNote(origins)
}

func (s *SheetFigure) where(p ugdata.Place) string {
	name := p.City
	if c := s.cities[p.City]; c != nil && c.Title != "" {
		name = c.Title
	}
	return plain(name, string(p.Split), fmt.Sprintf("%.5f, %.5f", p.Pos[1], p.Pos[0]), "looks "+p.Heading.Word8())
}

// HTML returns cards side by side. An image that cannot be read is replaced by
// the reason.
func (s *SheetFigure) HTML() (string, error) {
	var b strings.Builder
	b.WriteString(`<div class="ug-sheet" style="font:13px/1.4 'Liberation Sans',Arial,Helvetica,sans-serif;color:#262b33">`)
	fmt.Fprintf(&b, `<div style="font-size:15px;font-weight:bold">%s</div>`, html.EscapeString(s.title))
	if n := s.note(); n != "" {
		fmt.Fprintf(&b, `<div style="color:#8c3b00;margin-bottom:6px">%s</div>`, html.EscapeString(n))
	}
	b.WriteString(`<div style="display:flex;flex-wrap:wrap;gap:14px;align-items:flex-start">`)
	for _, p := range s.places {
		s.card(&b, p)
	}
	b.WriteString(`</div></div>`)
	return b.String(), nil
}

func (s *SheetFigure) card(b *strings.Builder, p ugdata.Place) {
	fmt.Fprintf(b, `<div style="box-sizing:border-box;width:%dpx;border:1px solid #d5d7da;background:#fff">`, s.width)
	if jpg, err := thumbnail(p.Image, s.width); err != nil {
		fmt.Fprintf(b, `<div style="padding:8px;color:#a40000">%s</div>`, html.EscapeString(err.Error()))
	} else {
		fmt.Fprintf(b, `<img alt="%s" style="display:block;width:100%%;margin:0" src="%s">`, html.EscapeString(fmt.Sprintf("%s view of place %d", p.Origin, p.ID)), dataURI("image/jpeg", jpg))
	}
	fmt.Fprintf(b, `<div style="padding:6px 8px"><div style="color:#636b76;font-size:11px">%s</div>`, html.EscapeString(s.where(p)))
	para := func(label, text string) {
		if text != "" {
			fmt.Fprintf(b, `<p style="margin:5px 0 0"><b style="color:#636b76;font-size:11px">%s</b><br>%s</p>`, html.EscapeString(label), strings.ReplaceAll(html.EscapeString(text), "\n", "<br>"))
		}
	}
	para("Caption", p.Caption)
	if len(p.Paths) > 0 {
		para("Path", p.Paths[0].Text)
		para("In words", p.Paths[0].Plain)
	}
	b.WriteString(`</div></div>`)
}

// Text lists the places.
func (s *SheetFigure) Text() string {
	lines := []string{s.title}
	if n := s.note(); n != "" {
		lines = append(lines, n)
	}
	for _, p := range s.places {
		lines = append(lines, fmt.Sprintf("%d (%s)", p.ID, s.where(p)))
		if p.Caption != "" {
			lines = append(lines, "  caption: "+p.Caption)
		}
		if len(p.Paths) > 0 {
			lines = append(lines, "  path: "+strings.ReplaceAll(p.Paths[0].Text, "\n", " "))
		}
	}
	return strings.Join(lines, "\n")
}

// PNG is not a form of a sheet.
func (s *SheetFigure) PNG() ([]byte, error) { return nil, noForm("a sheet", "PNG") }

// SVG is not a form of a sheet.
func (s *SheetFigure) SVG() ([]byte, error) { return nil, noForm("a sheet", "SVG") }

// thumbnail reads an image file, turned as its EXIF says, and returns it as a JPEG of the given width,
// or narrower if it is so itself.
func thumbnail(path string, width int) ([]byte, error) {
	src, err := streetview.DecodeFile(path)
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	if w == 0 || h == 0 {
		return nil, fmt.Errorf("image %s is empty", path)
	}
	if w > width {
		w, h = width, max(h*width/w, 1)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: 82}); err != nil {
		return nil, fmt.Errorf("image %s: %w", path, err)
	}
	return out.Bytes(), nil
}
