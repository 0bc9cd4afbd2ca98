package show

import (
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"urbangraph/kernel/internal/shown"
)

const (
	plain    = "text/plain"
	html     = "text/html"
	markdown = "text/markdown"
	latex    = "text/latex"
	png      = "image/png"
	jpeg     = "image/jpeg"
	gif      = "image/gif"
	svg      = "image/svg+xml"
	jsonType = "application/json"
	geoJSON  = "application/geo+json"
)

// Bundle is one output in several forms, of which the front end takes the richest that it can show: a
// value for each MIME type. Values are text (string) or the bytes of a file ([]byte). Those of JSON types
// (application/json and all that end in +json, but for the text of the type) may be any value; a string or
// []byte is taken for JSON text.
type Bundle map[string]any

// Option changes how something is shown.
type Option func(*options)

type options struct {
	id       string
	metadata map[string]any
}

// ID gives the output an id by which [Update] can replace it, also from later cells.
func ID(id string) Option { return func(o *options) { o.id = id } }

// Metadata adds metadata of the output, for example {"image/png": {"width": 400}}.
func Metadata(m map[string]any) Option { return func(o *options) { o.metadata = m } }

var ids atomic.Int64

// NewID returns an id that no other output has.
func NewID() string {
	return "ug-" + strconv.FormatInt(int64(os.Getpid()), 36) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36) +
		"-" + strconv.FormatInt(ids.Add(1), 36)
}

// Display shows any value; the package comment says how.
func Display(v any, o ...Option) {
	if b, ok := bundle(v); ok {
		b.send(shown.Display, o)
	}
}

// Update replaces, wherever it stands, the output that was shown with an id.
func Update(id string, v any, o ...Option) {
	if b, ok := bundle(v); ok {
		b.send(shown.Update, append(o[:len(o):len(o)], ID(id)))
	}
}

// send sends the bundle, or prints its text where there is no kernel.
func (b Bundle) send(kind shown.Kind, with []Option) {
	var o options
	for _, set := range with {
		set(&o)
	}
	f := shown.Frame{Kind: kind, ID: o.id, Data: b.parts(), Metadata: jsonParts(o.metadata)}
	if !kernel.send(f) {
		print(b.text())
	}
}

// parts codes the values. A bundle without plain text gets one.
func (b Bundle) parts() []shown.Part {
	if _, ok := b[plain]; !ok && len(b) > 0 {
		b = b.with(plain, b.text())
	}
	parts := make([]shown.Part, 0, len(b))
	for mime, v := range b {
		p := shown.Part{Name: mime}
		switch x := v.(type) {
		case pixels:
			p.Coding, p.Value = x.coding, x.data
		case []byte:
			p.Coding, p.Value = shown.Bytes, x
			if isJSON(mime) {
				p.Coding = shown.JSON
			}
		case string:
			p.Value = []byte(x)
			if isJSON(mime) {
				p.Coding = shown.JSON
			}
		default:
			if isJSON(mime) {
				p.Coding, p.Value = shown.JSON, appendJSON(nil, v)
			} else {
				p.Value = []byte(line(v))
			}
		}
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b shown.Part) int { return compare(a.Name, b.Name) })
	return parts
}

// with returns a bundle with one more form.
func (b Bundle) with(mime string, v any) Bundle {
	c := make(Bundle, len(b)+1)
	for k, v := range b {
		c[k] = v
	}
	c[mime] = v
	return c
}

// text is the plain text of a bundle. For one without any it names what there is.
func (b Bundle) text() string {
	for _, mime := range []string{plain, markdown, latex, jsonType, geoJSON} {
		switch v := b[mime].(type) {
		case nil:
		case string:
			return v
		case []byte:
			return string(v)
		default:
			if isJSON(mime) {
				return string(appendJSON(nil, v))
			}
			return line(v)
		}
	}
	var have []string
	for mime := range b {
		have = append(have, mime)
	}
	slices.Sort(have)
	s := ""
	for _, mime := range have {
		if s != "" {
			s += ", "
		}
		s += mime
	}
	return "[" + s + "]"
}

func jsonParts(m map[string]any) []shown.Part {
	var parts []shown.Part
	for k, v := range m {
		parts = append(parts, shown.Part{Name: k, Coding: shown.JSON, Value: appendJSON(nil, v)})
	}
	slices.SortFunc(parts, func(a, b shown.Part) int { return compare(a.Name, b.Name) })
	return parts
}

// isJSON reports whether values of a MIME type are JSON.
func isJSON(mime string) bool {
	const suffix = "+json"
	return mime == jsonType || len(mime) > len(suffix) && mime[len(mime)-len(suffix):] == suffix
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
