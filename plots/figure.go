package plots

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
)

// Figure is anything that can be shown. A form that a figure does not have is
// an error that wraps [errors.ErrUnsupported]; Text always works.
type Figure interface {
	// HTML returns a fragment that may stand anywhere in the body of a page and
	// needs nothing from outside.
	HTML() (string, error)
	// PNG returns the picture at two device pixels to a CSS pixel.
	PNG() ([]byte, error)
	// SVG returns the picture as vectors.
	SVG() ([]byte, error)
	// Text says in plain words what is shown.
	Text() string
}

// pictured is a figure whose HTML holds its PNG, so that it need be drawn only
// once for both.
type pictured interface {
	htmlWith(png []byte) (string, error)
}

func noForm(what, form string) error {
	return fmt.Errorf("plots: %s has no %s form: %w", what, form, errors.ErrUnsupported)
}

// Save writes a figure in the form that the file's extension names: .png,
// .svg, .html (a whole page) or .txt. The file appears whole or not at all.
func Save(f Figure, path string) error {
	var data []byte
	var err error
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png":
		data, err = f.PNG()
	case ".svg":
		data, err = f.SVG()
	case ".html":
		var s string
		if s, err = f.HTML(); err == nil {
			data = []byte(page(firstLine(f.Text()), s))
		}
	case ".txt":
		data = []byte(f.Text() + "\n")
	default:
		return fmt.Errorf("plots: save %s: unknown extension %q, try .png, .svg, .html or .txt", path, ext)
	}
	if err != nil {
		return fmt.Errorf("plots: save %s: %w", path, err)
	}
	return writeFile(path, data)
}

// writeFile writes a file whole or not at all, and makes its folder.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("plots: save %s: %w", path, err)
	}
	if err := renameio.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("plots: save %s: %w", path, err)
	}
	return nil
}

// imageHTML wraps a PNG made at two device pixels to a CSS pixel.
func imageHTML(png []byte, alt string, width float64) string {
	return fmt.Sprintf(`<img alt="%s" style="width:%gpx;max-width:100%%;height:auto" src="%s">`,
		html.EscapeString(alt), width, dataURI("image/png", png))
}

func dataURI(mime string, data []byte) string {
	return "data:" + mime + ";base64," + base64.StdEncoding.EncodeToString(data)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
