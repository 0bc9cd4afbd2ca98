package show

import (
	"bytes"
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"

	"urbangraph/kernel/internal/shown"
)

// Result shows the value of a cell's last expression, which may be a call with several results. A nil in
// the last place, where calls return their error, is left out; an error there is all that is shown.
//
// The kernel calls Result; use [Display] to show something from within a cell.
func Result(values ...any) {
	if n := len(values); n > 0 {
		if err, ok := values[n-1].(error); ok && n > 1 {
			values = []any{err}
		} else if values[n-1] == nil {
			values = values[:n-1]
		}
	}
	switch len(values) {
	case 0:
		return
	case 1:
		if b, ok := bundle(values[0]); ok {
			b.send(shown.Result, nil)
		}
		return
	}
	text := ""
	for i, v := range values {
		if i > 0 {
			text += " "
		}
		text += line(v)
	}
	Bundle{plain: text}.send(shown.Result, nil)
}

// bundle makes the forms of a value; false when the value has shown itself, or there is nothing to show.
func bundle(v any) (b Bundle, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			b, ok = Bundle{plain: fmt.Sprintf("%T cannot be shown: panic: %v", v, r)}, true
		}
	}()
	switch x := v.(type) {
	case nil:
		return Bundle{plain: "<nil>"}, true
	case Bundle:
		return x, len(x) > 0
	case string:
		return Bundle{plain: x}, true
	case []byte:
		return bytesBundle(x), true
	case error:
		return errorBundle(x), true
	case time.Time:
		return Bundle{plain: line(v)}, true
	}
	if isNil(v) {
		return Bundle{plain: line(v)}, true
	}
	if b, ok, done := ask(v); ok || done {
		return b, ok
	}
	if b, ok := imageBundle(v); ok {
		return b, true
	}
	switch x := v.(type) {
	case fmt.Formatter:
		return Bundle{plain: fmt.Sprint(v)}, true
	case fmt.Stringer:
		return Bundle{plain: x.String()}, true
	}
	if t, ok := tabulate(reflect.ValueOf(v)); ok {
		return Bundle{html: t.html(), plain: t.text()}, true
	}
	return Bundle{plain: line(v)}, true
}

// isNil reports whether v is a nil pointer or the like, whose methods had better not be called.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		return r.IsNil()
	}
	return false
}

// ask lets a value say how it looks; done when it has shown itself.
func ask(v any) (b Bundle, ok, done bool) {
	if m, is := v.(interface{ MIMEBundle() map[string]any }); is {
		b := Bundle(m.MIMEBundle())
		return b, len(b) > 0, true
	}
	b = Bundle{}
	r := reflect.ValueOf(v)
	b.take(html, r.MethodByName("HTML"))
	b.take(markdown, r.MethodByName("Markdown"))
	b.take(latex, r.MethodByName("LaTeX"))
	b.take(png, r.MethodByName("PNG"))
	if b[html] == nil && b[png] == nil { // else drawing it once more would only take time
		b.take(jpeg, r.MethodByName("JPEG"))
		b.take(svg, r.MethodByName("SVG"))
	}
	if len(b) == 0 {
		if s, is := v.(interface{ Show() }); is {
			s.Show()
			return nil, false, true
		}
		return nil, false, false
	}
	switch x := v.(type) {
	case interface{ Text() string }:
		b[plain] = x.Text()
	case fmt.Stringer:
		b[plain] = x.String()
	default:
		b[plain] = line(v)
	}
	return b, true, true
}

// take adds the form that a method makes, if it is there, is of the right kind and makes one. One that
// fails is left out: the others tell what the value is.
func (b Bundle) take(mime string, method reflect.Value) {
	if !method.IsValid() {
		return
	}
	var form []byte
	var err error
	switch f := method.Interface().(type) {
	case func() string:
		form = []byte(f())
	case func() (string, error):
		var s string
		s, err = f()
		form = []byte(s)
	case func() []byte:
		form = f()
	case func() ([]byte, error):
		form, err = f()
	}
	switch {
	case err != nil || len(form) == 0:
	case mime == png || mime == jpeg:
		b[mime] = form
	default:
		b[mime] = string(form)
	}
}

// errorBundle shows an error.
func errorBundle(err error) Bundle {
	text := err.Error()
	return Bundle{plain: text, html: `<pre style="color:#a40000;white-space:pre-wrap">` + escape(text) + `</pre>`}
}

// bytesBundle shows the bytes of a picture file, of text, or of anything.
func bytesBundle(b []byte) Bundle {
	if mime := sniff(b); mime != "" {
		return picture(mime, b)
	}
	return Bundle{plain: line(b)}
}

// sniff tells what picture the bytes are; "" for none.
func sniff(b []byte) string {
	for _, f := range []struct{ mime, start string }{
		{png, "\x89PNG\r\n\x1a\n"}, {jpeg, "\xff\xd8\xff"}, {gif, "GIF87a"}, {gif, "GIF89a"},
	} {
		if bytes.HasPrefix(b, []byte(f.start)) {
			return f.mime
		}
	}
	head := bytes.TrimLeft(b[:min(len(b), 1024)], " \t\r\n\ufeff")
	if bytes.HasPrefix(head, []byte("<svg")) || bytes.HasPrefix(head, []byte("<?xml")) && bytes.Contains(head, []byte("<svg")) {
		if utf8.Valid(b) {
			return svg
		}
	}
	return ""
}
