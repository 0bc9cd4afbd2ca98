package show

import (
	"strconv"

	"urbangraph/kernel/internal/shown"
)

// HTML shows HTML. Give it a plain text too by a [Bundle] where it matters: clients without HTML show that.
func HTML(s string, o ...Option) { Bundle{html: s}.send(shown.Display, o) }

// Markdown shows Markdown, in which $x^2$ and $$x^2$$ are formulas.
func Markdown(s string, o ...Option) { Bundle{markdown: s, plain: s}.send(shown.Display, o) }

// LaTeX shows a formula, with its $ signs.
func LaTeX(s string, o ...Option) { Bundle{latex: s, plain: s}.send(shown.Display, o) }

// Text shows plain text, as an output of its own.
func Text(s string, o ...Option) { Bundle{plain: s}.send(shown.Display, o) }

// PNG shows a picture, of the bytes of a PNG file.
func PNG(file []byte, o ...Option) { picture(png, file).send(shown.Display, o) }

// JPEG shows a picture, of the bytes of a JPEG file.
func JPEG(file []byte, o ...Option) { picture(jpeg, file).send(shown.Display, o) }

// SVG shows a picture. Scripts in it do not run.
func SVG(s string, o ...Option) { picture(svg, []byte(s)).send(shown.Display, o) }

// JSON shows a value as a tree that can be unfolded. A string or []byte is taken for JSON text.
func JSON(v any, o ...Option) {
	text := string(appendJSON(nil, v))
	b := Bundle{jsonType: text, plain: text}
	if len(text) > twice {
		b[plain] = "[JSON, " + size(len(text)) + "]"
	}
	b.send(shown.Display, o)
}

// GeoJSON shows a value, or JSON text, as a map where the front end can. Others show it as JSON, unless it
// is long.
func GeoJSON(v any, o ...Option) {
	text := string(appendJSON(nil, v))
	b := Bundle{geoJSON: text, plain: text}
	if len(text) > twice {
		b[plain] = "[GeoJSON, " + size(len(text)) + "]"
	} else {
		b[jsonType] = text
	}
	b.send(shown.Display, o)
}

// twice is the length up to which a text is sent in more than one form.
const twice = 100_000

// Clear clears the output of the cell; with wait, not before the next output comes, so that nothing
// flickers. Outside a notebook it does nothing.
func Clear(wait bool) { kernel.send(shown.Frame{Kind: shown.Clear, Wait: wait}) }

// Page shows text in the pager, a pane of its own.
func Page(text string) {
	if !kernel.send(shown.Frame{Kind: shown.Page, Data: Bundle{plain: text}.parts()}) {
		print(text)
	}
}

// Raw publishes any message of the Jupyter protocol to the clients, for example comm_open: its type, and
// the JSON texts of its content and metadata. An empty text is {}. What is no JSON object is dropped.
// Outside a notebook it does nothing.
func Raw(messageType, content, metadata string) {
	f := shown.Frame{Kind: shown.Raw, Type: messageType}
	if content != "" {
		f.Data = []shown.Part{{Coding: shown.JSON, Value: []byte(content)}}
	}
	if metadata != "" {
		f.Metadata = []shown.Part{{Coding: shown.JSON, Value: []byte(metadata)}}
	}
	kernel.send(f)
}

// picture is the bundle of a picture file, with a text that tells what it is.
func picture(mime string, file []byte) Bundle {
	if mime == svg {
		return Bundle{svg: string(file), plain: "[SVG picture, " + size(len(file)) + "]"}
	}
	name := map[string]string{png: "PNG", jpeg: "JPEG", gif: "GIF"}[mime]
	return Bundle{mime: file, plain: "[" + name + " picture, " + size(len(file)) + "]"}
}

// size writes a number of bytes for people.
func size(n int) string {
	switch {
	case n < 10_000:
		return strconv.Itoa(n) + " bytes"
	case n < 10_000_000:
		return strconv.Itoa(n/1000) + " kB"
	}
	return strconv.Itoa(n/1_000_000) + " MB"
}
