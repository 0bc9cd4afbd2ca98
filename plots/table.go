package plots

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// TableFigure is a table of text.
type TableFigure struct {
	header  []string
	rows    [][]string
	caption string
	align   []byte // 'l', 'r' or 'c' for each column; 0 is chosen by what it holds
	strong  map[int]bool
}

// Table returns a table with a header. Rows may be of different lengths.
func Table(header []string, rows [][]string) *TableFigure {
	return &TableFigure{header: header, rows: rows}
}

// Caption sets the line above the table.
func (t *TableFigure) Caption(s string) *TableFigure { t.caption = s; return t }

// Align sets the alignment of the columns, a letter each: l, r or c. Without
// it, columns of numbers are aligned to the right.
func (t *TableFigure) Align(letters string) *TableFigure { t.align = []byte(letters); return t }

// Strong prints some rows bold, counted from 0 without the header.
func (t *TableFigure) Strong(rows ...int) *TableFigure {
	if t.strong == nil {
		t.strong = map[int]bool{}
	}
	for _, r := range rows {
		t.strong[r] = true
	}
	return t
}

func (t *TableFigure) columns() int {
	n := len(t.header)
	for _, r := range t.rows {
		n = max(n, len(r))
	}
	return n
}

func (t *TableFigure) alignment(col int) byte {
	if col < len(t.align) && strings.IndexByte("lrc", t.align[col]) >= 0 {
		return t.align[col]
	}
	numbers := 0
	for _, r := range t.rows {
		if col >= len(r) || strings.TrimSpace(r[col]) == "" {
			continue
		}
		c := strings.TrimLeft(strings.TrimSpace(r[col]), "+-−±<>≈~")
		if c == "–" || c == "—" || c == "" {
			continue
		}
		if c[0] < '0' || c[0] > '9' {
			return 'l'
		}
		numbers++
	}
	if numbers > 0 {
		return 'r'
	}
	return 'l'
}

func cell(row []string, col int) string {
	if col < len(row) {
		return row[col]
	}
	return ""
}

// HTML returns a table element.
func (t *TableFigure) HTML() (string, error) {
	words := map[byte]string{'l': "left", 'r': "right", 'c': "center"}
	var b strings.Builder
	b.WriteString(`<table class="ug-table" style="border-collapse:collapse;font:13px/1.4 'Liberation Sans',Arial,Helvetica,sans-serif;color:#262b33;border-top:1.5px solid #444b55;border-bottom:1.5px solid #444b55">`)
	if t.caption != "" {
		fmt.Fprintf(&b, `<caption style="caption-side:top;text-align:left;padding:4px 0;color:#262b33;font-weight:bold">%s</caption>`, html.EscapeString(t.caption))
	}
	row := func(tag string, r []string, style string) {
		b.WriteString("<tr>")
		for c := range t.columns() {
			fmt.Fprintf(&b, `<%s style="text-align:%s;padding:3px 10px;vertical-align:top;%s">%s</%s>`,
				tag, words[t.alignment(c)], style, html.EscapeString(cell(r, c)), tag)
		}
		b.WriteString("</tr>")
	}
	if len(t.header) > 0 {
		b.WriteString("<thead>")
		row("th", t.header, "font-weight:bold;border-bottom:1px solid #8a8f98")
		b.WriteString("</thead>")
	}
	b.WriteString("<tbody>")
	for i, r := range t.rows {
		style := "border-bottom:1px solid #e6e8eb"
		if t.strong[i] {
			style += ";font-weight:bold"
		}
		row("td", r, style)
	}
	b.WriteString("</tbody></table>")
	return b.String(), nil
}

// Text returns the table in aligned columns.
func (t *TableFigure) Text() string {
	n := t.columns()
	width := make([]int, n)
	for c := range n {
		width[c] = utf8.RuneCountInString(cell(t.header, c))
		for _, r := range t.rows {
			width[c] = max(width[c], utf8.RuneCountInString(cell(r, c)))
		}
	}
	var b strings.Builder
	if t.caption != "" {
		b.WriteString(t.caption + "\n")
	}
	line := func(r []string) {
		var l strings.Builder
		for c := range n {
			s := strings.ReplaceAll(cell(r, c), "\n", " ")
			gap := strings.Repeat(" ", max(width[c]-utf8.RuneCountInString(s), 0))
			if c > 0 {
				l.WriteString("  ")
			}
			switch t.alignment(c) {
			case 'r':
				l.WriteString(gap + s)
			case 'c':
				l.WriteString(gap[:len(gap)/2] + s + gap[len(gap)/2:])
			default:
				l.WriteString(s + gap)
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	if len(t.header) > 0 {
		line(t.header)
		total := 2 * max(n-1, 0)
		for _, w := range width {
			total += w
		}
		b.WriteString(strings.Repeat("-", total) + "\n")
	}
	for _, r := range t.rows {
		line(r)
	}
	return strings.TrimRight(b.String(), "\n")
}

// PNG is not a form of a table.
func (t *TableFigure) PNG() ([]byte, error) { return nil, noForm("a table", "PNG") }

// SVG is not a form of a table.
func (t *TableFigure) SVG() ([]byte, error) { return nil, noForm("a table", "SVG") }
