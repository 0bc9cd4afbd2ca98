package show

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of tables.
const (
	headRows  = 50
	tailRows  = 10
	mostCols  = 40
	headCols  = 30
	cellMost  = 120 // characters
	fieldMost = 500 // characters, in the tables of one struct
)

// table is what a value looks like as rows and columns.
type table struct {
	header []string // empty: none
	rows   [][]string
	right  []bool // columns of numbers
	gap    int    // rows[gap] follows on rows that were left out; 0 for none
	left   int    // rows left out there
	end    string // said below
}

// tabulate makes a table of a value that is one: a struct, a map, or a list of structs, maps or lists,
// pointers to these included.
func tabulate(v reflect.Value) (table, bool) {
	v = follow(v)
	if !v.IsValid() || spoken(v) != nil {
		return table{}, false
	}
	switch v.Kind() {
	case reflect.Struct:
		return structTable(v)
	case reflect.Map:
		return mapTable(v)
	case reflect.Slice, reflect.Array:
		if v.Len() > 0 {
			return listTable(v)
		}
	}
	return table{}, false
}

// follow follows pointers and interfaces, to a limit: some point to themselves.
func follow(v reflect.Value) reflect.Value {
	for range deepest {
		if v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface || v.IsNil() || v.Kind() == reflect.Pointer && spoken(v) != nil {
			break
		}
		v = v.Elem()
	}
	return v
}

// fieldsOf lists the fields of a struct that are worth showing: those of other packages' types that are
// exported, and all of the program's own types.
func fieldsOf(t reflect.Type) []int {
	var fields, exported []int
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" {
			continue
		}
		fields = append(fields, i)
		if f.IsExported() {
			exported = append(exported, i)
		}
	}
	if t.PkgPath() != "main" && t.Name() != "" && len(exported) > 0 {
		return exported
	}
	return fields
}

// isRow reports whether values of a type are rows of a table of fields.
func isRow(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		if spokenType(t) {
			return false
		}
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && !spokenType(t) && !spokenType(reflect.PointerTo(t)) && len(fieldsOf(t)) > 0
}

func structTable(v reflect.Value) (table, bool) {
	fields := fieldsOf(v.Type())
	if len(fields) == 0 {
		return table{}, false
	}
	t := table{header: []string{"field", "value"}, right: []bool{false, false}}
	for _, i := range fields {
		t.rows = append(t.rows, []string{v.Type().Field(i).Name, cell(fieldOf(v, i), fieldMost)})
	}
	return t, true
}

func mapTable(v reflect.Value) (table, bool) {
	if v.Len() == 0 {
		return table{}, false
	}
	keys, left := someKeys(v, headRows+tailRows)
	values := make([]reflect.Value, len(keys))
	for i, k := range keys {
		values[i] = v.MapIndex(k)
	}
	var t table
	if isRow(v.Type().Elem()) {
		t = rowsTable(values, v.Type().Elem())
		t.header = append([]string{"key"}, t.header...)
		t.right = append([]bool{isNumber(v.Type().Key())}, t.right...)
		for i, k := range keys {
			t.rows[i] = append([]string{cell(k, cellMost)}, t.rows[i]...)
		}
	} else {
		t = table{header: []string{"key", "value"}}
		for i, k := range keys {
			t.rows = append(t.rows, []string{cell(k, cellMost), cell(values[i], fieldMost)})
		}
		t.right = []bool{numbers(keys), numbers(values)}
	}
	if left > 0 {
		t.end = "… " + strconv.Itoa(left) + " more, " + strconv.Itoa(v.Len()) + " in all"
	}
	return t.narrow(), true
}

// listTable makes a table of a list that is not empty, and of whose elements each is a row.
func listTable(v reflect.Value) (table, bool) {
	n := v.Len()
	rows := make([]reflect.Value, 0, min(n, headRows+tailRows))
	for i := 0; i < n; i++ {
		if n > headRows+tailRows && i == headRows {
			i = n - tailRows
		}
		rows = append(rows, v.Index(i))
	}
	var t table
	switch elem := v.Type().Elem(); {
	case isRow(elem):
		t = rowsTable(rows, elem)
	case elem.Kind() == reflect.Map && elem.Key().Kind() == reflect.String && !spokenType(elem):
		t = mapsTable(rows)
	case (elem.Kind() == reflect.Slice || elem.Kind() == reflect.Array) && !spokenType(elem) && elem.Elem().Kind() != reflect.Uint8:
		t = listsTable(rows)
	default:
		return table{}, false
	}
	if len(rows) < n {
		t.gap, t.left = headRows, n-len(rows)
		t.end = strconv.Itoa(n) + " rows"
	}
	return t.narrow(), true
}

// rowsTable makes a table of structs of one type, or of pointers to them.
func rowsTable(rows []reflect.Value, t reflect.Type) table {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var out table
	fields := fieldsOf(t)
	for _, f := range fields {
		out.header = append(out.header, t.Field(f).Name)
		out.right = append(out.right, isNumber(t.Field(f).Type))
	}
	for _, r := range rows {
		for r.Kind() == reflect.Pointer && !r.IsNil() {
			r = r.Elem()
		}
		line := make([]string, len(fields))
		if r.Kind() == reflect.Struct {
			for i, f := range fields {
				line[i] = cell(fieldOf(r, f), cellMost)
			}
		} else if len(line) > 0 {
			line[0] = "<nil>"
		}
		out.rows = append(out.rows, line)
	}
	return out
}

// mapsTable makes a table of maps with texts as keys, of which each is a column.
func mapsTable(rows []reflect.Value) table {
	union := map[string]bool{}
	var t table
	for _, r := range rows {
		keys, _ := someKeys(r, 10*mostCols)
		for _, k := range keys {
			if s := k.String(); !union[s] {
				union[s] = true
				t.header = append(t.header, s)
			}
		}
	}
	columns := make([][]reflect.Value, len(t.header))
	for _, r := range rows {
		line := make([]string, len(t.header))
		for i, name := range t.header {
			if v := r.MapIndex(reflect.ValueOf(name).Convert(r.Type().Key())); v.IsValid() {
				line[i] = cell(v, cellMost)
				columns[i] = append(columns[i], v)
			}
		}
		t.rows = append(t.rows, line)
	}
	for _, c := range columns {
		t.right = append(t.right, numbers(c))
	}
	return t
}

// listsTable makes a table of lists, which may be of different lengths.
func listsTable(rows []reflect.Value) table {
	var t table
	wide := 0
	for _, r := range rows {
		wide = max(wide, r.Len())
	}
	if wide == 0 {
		wide = 1
	}
	shownCols := min(wide, 10*mostCols)
	columns := make([][]reflect.Value, shownCols)
	for _, r := range rows {
		line := make([]string, shownCols)
		for i := range min(r.Len(), shownCols) {
			line[i] = cell(r.Index(i), cellMost)
			columns[i] = append(columns[i], r.Index(i))
		}
		t.rows = append(t.rows, line)
	}
	for _, c := range columns {
		t.right = append(t.right, numbers(c))
	}
	if wide > shownCols {
		t.end = strconv.Itoa(wide) + " columns"
	}
	return t
}

// isNumber reports whether values of a type are printed as numbers.
func isNumber(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return !spokenType(t)
	}
	return false
}

// numbers reports whether all values are numbers, and there are some.
func numbers(values []reflect.Value) bool {
	for _, v := range values {
		if v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if !v.IsValid() || !isNumber(v.Type()) {
			return false
		}
	}
	return len(values) > 0
}

// narrow leaves out columns in the middle of a table that is too wide.
func (t table) narrow() table {
	n := len(t.right)
	if n <= mostCols {
		return t
	}
	tail := mostCols - headCols - 1
	note := strconv.Itoa(n) + " columns"
	if t.end != "" {
		note = t.end + ", " + note
	}
	if strings.HasSuffix(t.end, " columns") {
		note = t.end
	}
	t.end = note
	t.header = middle(t.header, headCols, tail, "…")
	t.right = middle(t.right, headCols, tail, false)
	for i, r := range t.rows {
		t.rows[i] = middle(r, headCols, tail, "…")
	}
	return t
}

// middle puts a value in place of all but some from the head and the tail.
func middle[T any](s []T, head, tail int, in T) []T {
	if len(s) == 0 {
		return s
	}
	out := append([]T{}, s[:head]...)
	return append(append(out, in), s[len(s)-tail:]...)
}

// dots is the row that stands for those left out.
func (t table) dots() string { return "… " + strconv.Itoa(t.left) + " more" }

// html writes the table as a fragment of HTML that looks well with the front end's style and without.
func (t table) html() string {
	var b strings.Builder
	row := func(tag string, cells []string) {
		b.WriteString("<tr>")
		for i, c := range cells {
			align := "left"
			if i < len(t.right) && t.right[i] {
				align = "right"
			}
			b.WriteString("<" + tag + ` style="text-align:` + align + `">` + escape(c) + "</" + tag + ">")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("<table>\n")
	if len(t.header) > 0 {
		b.WriteString("<thead>")
		row("th", t.header)
		b.WriteString("</thead>\n")
	}
	b.WriteString("<tbody>\n")
	for i, r := range t.rows {
		if t.left > 0 && i == t.gap {
			b.WriteString(`<tr><td colspan="` + strconv.Itoa(max(len(t.right), 1)) + `" style="text-align:left">` + t.dots() + "</td></tr>\n")
		}
		row("td", r)
	}
	b.WriteString("</tbody>\n</table>")
	if t.end != "" {
		b.WriteString("\n<p>" + escape(t.end) + "</p>")
	}
	return b.String()
}

// text writes the table in columns of plain text.
func (t table) text() string {
	all := t.rows
	if len(t.header) > 0 {
		all = append([][]string{t.header}, all...)
	}
	width := make([]int, len(t.right))
	for _, r := range all {
		for i, c := range r {
			width[i] = max(width[i], utf8.RuneCountInString(flat(c)))
		}
	}
	var b strings.Builder
	for n, r := range all {
		if t.left > 0 && n == t.gap+len(all)-len(t.rows) {
			b.WriteString(t.dots() + "\n")
		}
		line := ""
		for i, c := range r {
			c = flat(c)
			space := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if t.right[i] {
				c = space + c
			} else {
				c += space
			}
			if i > 0 {
				line += "  "
			}
			line += c
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	b.WriteString(t.end)
	return strings.TrimRight(b.String(), "\n")
}

// flat writes a text on one line.
func flat(s string) string {
	if !strings.ContainsAny(s, "\n\r\t") {
		return s
	}
	return strings.NewReplacer("\r\n", "⏎", "\n", "⏎", "\r", "⏎", "\t", " ").Replace(s)
}

// escape makes a text fit for HTML, in elements and in quoted attributes.
func escape(s string) string {
	if !strings.ContainsAny(s, `<>&"'`) {
		return s
	}
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(s)
}
