package state

import (
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"urbangraph/kernel/cell"
)

// Row is a kept name for people.
type Row struct {
	Name string
	Type string // such as map[string]*city.City
	Size int64  // of the value's file, bytes; 0 if there is none
	Cell int    // number of the cell that set it last
	How  string // how it comes back
}

// Who lists what is kept, by name.
func (m *Memory) Who() []Row {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var rows []Row
	for _, n := range slices.Sorted(maps.Keys(m.names)) {
		k := m.names[n]
		r := Row{Name: n, Type: k.short, Size: k.size, Cell: k.count, How: "by value"}
		switch {
		case k.file == 0:
			r.Size, r.How = 0, "by "+strings.Join(k.rerun, "; ")
		case k.opened:
			r.How = "opened again"
		case k.global:
			r.How = "by value, over its initial value"
		}
		rows = append(rows, r)
	}
	return rows
}

// Table is what %who shows, as HTML and as text.
func (m *Memory) Table() (page, text string) {
	rows := m.Who()
	if len(rows) == 0 {
		const none = "no names are kept; a name that a body defines by := or var is, once its cell has ended"
		return "<p>" + none + "</p>", none + "\n"
	}
	var h, t strings.Builder
	h.WriteString("<table><tr><th>name</th><th>type</th><th>bytes</th><th>cell</th><th>comes back</th></tr>")
	w := tabwriter.NewWriter(&t, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "name\ttype\tbytes\tcell\tcomes back")
	for _, r := range rows {
		how := short(r.How)
		fmt.Fprintf(w, "%s\t%s\t%d\t[%d]\t%s\n", r.Name, r.Type, r.Size, r.Cell, how)
		h.WriteString("<tr>")
		for _, x := range []string{r.Name, r.Type, fmt.Sprint(r.Size), fmt.Sprintf("[%d]", r.Cell), how} {
			h.WriteString("<td>" + html.EscapeString(x) + "</td>")
		}
		h.WriteString("</tr>")
	}
	w.Flush()
	h.WriteString("</table>")
	return h.String(), t.String()
}

// short cuts a text to one line of at most 60 characters.
func short(s string) string {
	s, _, cut := strings.Cut(s, "\n")
	if r := []rune(s); len(r) > 60 {
		s, cut = string(r[:60]), true
	}
	if cut {
		s += "…"
	}
	return s
}

// Variable is a name that later cells have, for completion.
type Variable struct {
	Name    string
	Type    string // Go, with the aliases of Imports
	Imports []cell.Import
}

// Variables lists the names that cells get back, but for package-level variables that the notebook declares.
func (m *Memory) Variables() []Variable {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []Variable
	for _, n := range slices.Sorted(maps.Keys(m.names)) {
		if k := m.names[n]; !k.global && k.typ != "" {
			src, imports := source(k.typ)
			out = append(out, Variable{n, src, imports})
		}
	}
	return out
}
