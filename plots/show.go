package plots

import (
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"
)

// output is where Show shows things.
var output = struct {
	sync.Mutex
	screen screen // nil outside a notebook
	folder string // empty: show nothing outside a notebook
	shown  int    // figures written to folder so far
	errors io.Writer
}{screen: detect(), errors: os.Stderr}

func detect() screen {
	if InNotebook() {
		return notebook{}
	}
	return nil
}

// SetFolder makes [Show], outside a notebook, write each figure into a folder
// (01-title.html, .png, .svg, .txt: the forms that it has). An empty name, the
// default, makes Show do nothing there.
func SetFolder(dir string) {
	output.Lock()
	defer output.Unlock()
	output.folder, output.shown = dir, 0
}

// Show shows figures, in order. It never panics: what cannot be shown is
// replaced by the error, which is also written to the standard error.
func Show(figures ...Figure) {
	for _, f := range figures {
		if err := show(f); err != nil {
			output.Lock()
			fmt.Fprintln(output.errors, err)
			output.Unlock()
		}
	}
}

func show(f Figure) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("plots: figure of type %T: %v", f, r)
			showError(err)
		}
	}()
	output.Lock()
	s, folder := output.screen, output.folder
	output.Unlock()
	if s == nil && folder == "" {
		return nil
	}
	if f == nil {
		err := errors.New("plots: the figure is nil")
		showError(err)
		return err
	}
	if s == nil {
		return export(f, folder)
	}
	b, err := compose(f)
	if err != nil {
		showError(err)
		return err
	}
	if err := s.send(b); err != nil {
		return fmt.Errorf("plots: send to the notebook: %w", err)
	}
	return s.sync()
}

// compose makes the bundle of a figure; a form that it lacks is left out.
func compose(f Figure) (bundle, error) {
	b := bundle{text: f.Text()}
	var err error
	if b.png, err = f.PNG(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return b, err
	}
	if p, ok := f.(pictured); ok && b.png != nil {
		b.html, err = p.htmlWith(b.png)
	} else {
		b.html, err = f.HTML()
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return b, err
	}
	return b, nil
}

func showError(err error) {
	output.Lock()
	s := output.screen
	output.Unlock()
	if s == nil {
		return
	}
	text := err.Error()
	// A failure to send is reported by the caller through the standard error.
	_ = s.send(bundle{text: text, html: `<pre style="color:#a40000;white-space:pre-wrap">` + html.EscapeString(text) + `</pre>`})
	_ = s.sync()
}

// export writes all forms of a figure into a folder.
func export(f Figure, folder string) error {
	output.Lock()
	output.shown++
	n := output.shown
	output.Unlock()
	base := filepath.Join(folder, fmt.Sprintf("%02d-%s", n, slug(firstLine(f.Text()))))
	var failed []error
	for _, ext := range []string{".html", ".png", ".svg", ".txt"} {
		if err := Save(f, base+ext); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// slug makes a file name of a title.
func slug(s string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(s) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(r)
		} else {
			dash = true
		}
		if b.Len() >= 48 {
			break
		}
	}
	if b.Len() == 0 {
		return "figure"
	}
	return b.String()
}
