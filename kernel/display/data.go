package display

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"image"
	"image/png"
	"strings"

	"urbangraph/kernel/internal/shown"
)

const (
	plainText = "text/plain"
	htmlText  = "text/html"
	svgImage  = "image/svg+xml"
	svgSpace  = "http://www.w3.org/2000/svg"
)

// value makes the value of a frame's part fit for JSON.
func value(p shown.Part) (any, error) {
	switch p.Coding {
	case shown.Text, shown.JSON, shown.Bytes:
		return fit(p.Name, bytes.Clone(p.Value)), nil
	case shown.RGBA, shown.NRGBA:
		file, err := encodePixels(p.Coding, p.Value)
		if err != nil {
			return nil, err
		}
		return base64.StdEncoding.EncodeToString(file), nil
	}
	return nil, fmt.Errorf("[%s: unknown coding %d]", p.Name, p.Coding)
}

// fit makes bytes of a MIME type fit for JSON: JSON values as they are, texts as text, files in base64.
// What should be JSON and is not becomes a text.
func fit(mime string, b []byte) any {
	switch {
	case isJSON(mime):
		if json.Valid(b) {
			return json.RawMessage(b)
		}
		return string(b)
	case isText(mime):
		return string(b)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// isJSON reports whether data of a MIME type are JSON values in messages.
func isJSON(mime string) bool {
	return mime == "application/json" || strings.HasSuffix(mime, "+json")
}

// isText reports whether data of a MIME type are texts.
func isText(mime string) bool {
	return strings.HasPrefix(mime, "text/") || strings.HasSuffix(mime, "+xml") ||
		mime == "application/javascript" || mime == "application/xml"
}

// encodePixels makes a PNG file.
func encodePixels(coding shown.Coding, b []byte) ([]byte, error) {
	if len(b) < 8 {
		return nil, fmt.Errorf("[picture without a size]")
	}
	w, h := int(binary.BigEndian.Uint32(b)), int(binary.BigEndian.Uint32(b[4:]))
	pix := bytes.Clone(b[8:])
	if w == 0 || h == 0 || w > shown.Limit || h > shown.Limit || 4*w*h != len(pix) {
		return nil, fmt.Errorf("[picture of %d×%d in %d bytes]", w, h, len(pix))
	}
	r := image.Rect(0, 0, w, h)
	var img image.Image = &image.RGBA{Pix: pix, Stride: 4 * w, Rect: r}
	if coding == shown.NRGBA {
		img = &image.NRGBA{Pix: pix, Stride: 4 * w, Rect: r}
	}
	var file bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&file, img); err != nil {
		return nil, fmt.Errorf("[picture of %d×%d: %v]", w, h, err)
	}
	return file.Bytes(), nil
}

// complete adds the forms that front ends need beside those that a cell sent. A front end that does not
// trust a notebook shows no image/svg+xml, but an <img> within HTML, in which scripts do not run either.
// HTML that is nothing but an SVG picture, which is how gonbui sends them, is one.
func complete(data map[string]any) {
	if picture, ok := data[svgImage].(string); ok {
		picture = withSpace(picture)
		data[svgImage] = picture
		if _, has := data[htmlText]; !has {
			data[htmlText] = `<img src="data:image/svg+xml;base64,` + base64.StdEncoding.EncodeToString([]byte(picture)) + `">`
		}
		if _, has := data[plainText]; !has {
			data[plainText] = "[SVG picture]"
		}
		return
	}
	if html, ok := data[htmlText].(string); ok {
		if picture, ok := onlySVG(html); ok {
			data[svgImage] = withSpace(picture)
			if _, has := data[plainText]; !has {
				data[plainText] = "[SVG picture]"
			}
		}
	}
}

// onlySVG reports whether HTML is one SVG element within a div, and returns it.
func onlySVG(html string) (string, bool) {
	s := strings.TrimSpace(html)
	inner, ok := strings.CutPrefix(s, "<div>")
	if !ok {
		return "", false
	}
	if inner, ok = strings.CutSuffix(inner, "</div>"); !ok {
		return "", false
	}
	inner = strings.TrimSpace(inner)
	return inner, isSVG(inner)
}

// isSVG reports whether s is a document of one svg element.
func isSVG(s string) bool {
	if !strings.HasPrefix(s, "<svg") && !strings.HasPrefix(s, "<?xml") && !strings.HasPrefix(s, "<!--") {
		return false
	}
	d := xml.NewDecoder(strings.NewReader(s))
	d.CharsetReader = nil
	depth, roots := 0, 0
	for {
		t, err := d.Token()
		if err != nil {
			return roots == 1 && depth == 0 && err.Error() == "EOF"
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth == 0 {
				if roots++; t.Name.Local != "svg" {
					return false
				}
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
}

// withSpace adds the name space to an SVG document that lacks it: within HTML it needs none, as a picture
// it does.
func withSpace(s string) string {
	i := strings.Index(s, "<svg")
	if i < 0 {
		return s
	}
	end := strings.IndexByte(s[i:], '>')
	if end < 0 || strings.Contains(s[i:i+end], "xmlns=") {
		return s
	}
	return s[:i] + `<svg xmlns="` + svgSpace + `"` + s[i+len("<svg"):]
}
