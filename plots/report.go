package plots

import (
	"errors"
	"fmt"
	"html"
	"strings"
)

// Report is a document of prose, tables, figures and maps that becomes one
// HTML file which needs nothing from outside. Its methods add to it and return
// it; the first error is kept and returned when it is written.
type Report struct {
	title   string
	body    strings.Builder
	credits []string
	figures int
	err     error
}

// NewReport returns an empty report.
func NewReport(title string) *Report { return &Report{title: title} }

// Heading begins a section.
func (r *Report) Heading(s string) *Report {
	fmt.Fprintf(&r.body, "<h2>%s</h2>\n", html.EscapeString(s))
	return r
}

// Text adds prose: plain text, paragraphs apart by an empty line.
func (r *Report) Text(s string) *Report {
	for p := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			fmt.Fprintf(&r.body, "<p>%s</p>\n", html.EscapeString(p))
		}
	}
	return r
}

// Add adds figures, tables, sheets or maps.
func (r *Report) Add(figures ...Figure) *Report {
	for _, f := range figures {
		r.add(f, "")
	}
	return r
}

// AddCaptioned adds one figure with a numbered caption under it.
func (r *Report) AddCaptioned(f Figure, caption string) *Report {
	r.figures++
	return r.add(f, fmt.Sprintf("Figure %d. %s", r.figures, caption))
}

func (r *Report) add(f Figure, caption string) *Report {
	if f == nil {
		r.err = errors.Join(r.err, errors.New("plots: a figure of the report is nil"))
		return r
	}
	s, err := f.HTML()
	if err != nil {
		r.err = errors.Join(r.err, fmt.Errorf("plots: report %q: %w", r.title, err))
		return r
	}
	fmt.Fprintf(&r.body, "<figure>%s", s)
	if caption != "" {
		fmt.Fprintf(&r.body, "<figcaption>%s</figcaption>", html.EscapeString(caption))
	}
	r.body.WriteString("</figure>\n")
	return r
}

// Credit adds lines to the credits at the end, each once.
func (r *Report) Credit(lines ...string) *Report {
	for _, l := range lines {
		known := false
		for _, c := range r.credits {
			known = known || c == l
		}
		if !known && strings.TrimSpace(l) != "" {
			r.credits = append(r.credits, l)
		}
	}
	return r
}

// HTML returns the whole page, or the first error of what was added.
func (r *Report) HTML() (string, error) {
	if r.err != nil {
		return "", r.err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<h1>%s</h1>\n", html.EscapeString(r.title))
	b.WriteString(r.body.String())
	if len(r.credits) > 0 {
		b.WriteString("<footer><h2>Credits</h2>\n<ul>")
		for _, c := range r.credits {
			fmt.Fprintf(&b, "<li>%s</li>", html.EscapeString(c))
		}
		b.WriteString("</ul></footer>\n")
	}
	return page(r.title, b.String()), nil
}

// WriteFile writes the report; the file appears whole or not at all.
func (r *Report) WriteFile(path string) error {
	s, err := r.HTML()
	if err != nil {
		return err
	}
	return writeFile(path, []byte(s))
}

const reportStyle = `body{max-width:900px;margin:24px auto;padding:0 16px;font:15px/1.55 "Liberation Sans",Arial,Helvetica,sans-serif;color:#262b33;background:#fff}
h1{font-size:26px;line-height:1.2;margin:0 0 16px}
h2{font-size:19px;margin:32px 0 8px}
figure{margin:16px 0;overflow-x:auto}
figcaption{font-size:13px;color:#636b76;margin-top:4px}
img{max-width:100%}
footer{margin-top:40px;border-top:1px solid #d5d7da;font-size:13px;color:#636b76}
footer h2{font-size:15px;margin:12px 0 4px}
footer ul{margin:0;padding-left:18px}
@media print{iframe{display:none}}`

// page wraps a fragment into a document.
func page(title, body string) string {
	return fmt.Sprintf("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n%s</body>\n</html>\n",
		html.EscapeString(title), reportStyle, body)
}
