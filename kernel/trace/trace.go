package trace

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is the content of Jupyter's error message.
type Error struct {
	Name      string   // such as CompileError
	Value     string   // one line
	Traceback []string // text for people, a line an element
	Places    []Place  // where the compiler's complaints are, as far as it is known
}

// Error implements error.
func (e *Error) Error() string { return e.Name + ": " + e.Value }

// Place is a line of a cell.
type Place struct {
	ID     string // of the cell, as in its line directives
	Count  int    // execution count that the notebook shows
	Line   int    // from 1
	Source string // text of the line, "" when it is not known
}

// String names the place as the notebook does.
func (p Place) String() string { return fmt.Sprintf("Cell[%d]: Line %d", p.Count, p.Line) }

// Cells finds the cells that positions speak of.
type Cells interface {
	// ByID finds a line by the id of its line directive.
	ByID(id string, line int) (Place, bool)
	// ByCount finds a line by GoNB's execution count and the line of what GoNB got.
	ByCount(gonb, line int) (Place, bool)
}

// CellFolder is the folder in the file names of line directives.
const CellFolder = "/cell/"

var (
	position  = regexp.MustCompile(`^(?:.*?)` + CellFolder + `([0-9a-zA-Z]+):(\d+)(?::(\d+))?: (.*)$`)
	goFile    = regexp.MustCompile(`^(\S*main(?:_test)?\.go):(\d+)(?::(\d+))?: (.*)$`)
	annotated = regexp.MustCompile(`^Cell\[(\d+)\]: Line (\d+)`)
	heading   = regexp.MustCompile(`^# \S+$`)
	exit      = regexp.MustCompile(`^(\^C)?(exit status \d+|signal: .*)$`)
	frame     = regexp.MustCompile(`^(\t\S*?)` + CellFolder + `([0-9a-zA-Z]+):(\d+)(.*)$`)
	failedTo  = regexp.MustCompile(`^failed to run ".*": exit status \d+$`) // GoNB's, before what the program said
	glue      = regexp.MustCompile(`^\t` + CellFolder + `ug:\d+`)           // code that the kernel has added
	offset    = regexp.MustCompile(`^ \+0x[0-9a-f]+$`)
	goroutine = regexp.MustCompile(`^goroutine \d+ `)
)

// Compile makes an error of what the compiler has printed. annotations are GoNB's remarks on each of its
// lines, and may be missing.
func Compile(output string, annotations []string, cells Cells) *Error {
	e := &Error{Name: "CompileError"}
	for i, line := range strings.Split(strings.TrimRight(output, "\n"), "\n") {
		line = strings.TrimRight(line, "\r")
		switch m := position.FindStringSubmatch(line); {
		case m != nil:
			n, _ := strconv.Atoi(m[2])
			if at, ok := cells.ByID(m[1], n); ok {
				e.add(&at, m[4], m[3])
				continue
			}
			e.add(nil, m[4], "")
		case heading.MatchString(line), exit.MatchString(line), failedTo.MatchString(line), line == "":
		default:
			f := goFile.FindStringSubmatch(line)
			if f == nil {
				e.add(nil, strings.TrimPrefix(line, "\t"), "")
				continue
			}
			var a []string
			if i < len(annotations) {
				a = annotated.FindStringSubmatch(annotations[i])
			}
			if a == nil {
				e.add(nil, f[4], "")
				continue
			}
			gonb, _ := strconv.Atoi(a[1])
			n, _ := strconv.Atoi(a[2])
			if at, ok := cells.ByCount(gonb, n); ok {
				e.add(&at, f[4], "")
				continue
			}
			e.add(nil, f[4], "")
		}
	}
	if e.Value == "" {
		e.Value = "the cell does not compile"
		e.Traceback = append(e.Traceback, e.Value)
	}
	return e
}

// add adds one complaint: where, what, and the line of source with a mark under the column.
func (e *Error) add(at *Place, what, column string) {
	text, source := what, ""
	if at != nil {
		text, source = at.String()+": "+what, at.Source
		e.Places = append(e.Places, *at)
	}
	if e.Value == "" {
		e.Value = text
	}
	e.Traceback = append(e.Traceback, text)
	if strings.TrimSpace(source) == "" {
		return
	}
	e.Traceback = append(e.Traceback, "    "+source)
	if c, err := strconv.Atoi(column); err == nil && c >= 1 && c <= len(source)+1 {
		e.Traceback = append(e.Traceback, "    "+under(source[:c-1])+"^")
	}
}

// Complaint is something that is wrong at a place.
type Complaint struct {
	Place
	Column int // in bytes, from 1; 0 when it is not known
	Text   string
}

// Syntax makes an error of what the parser has found, at least one complaint.
func Syntax(found []Complaint) *Error {
	e := &Error{Name: "SyntaxError"}
	for _, c := range found {
		e.add(&c.Place, c.Text, strconv.Itoa(c.Column))
	}
	return e
}

// under is blank text as wide as s.
func under(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, s)
}

// Panic makes an error of what the runtime has printed when a program died.
func Panic(text string, cells Cells) *Error {
	text = strings.TrimRight(strings.ToValidUTF8(text, string(utf8.RuneError)), "\n")
	lines := strings.Split(text, "\n")
	e := &Error{Name: "Panic", Value: strings.TrimPrefix(lines[0], "panic: ")}
	if v, ok := strings.CutPrefix(lines[0], "fatal error: "); ok {
		e.Name, e.Value = "FatalError", v
	}
	for i, line := range lines {
		if exit.MatchString(line) || glue.MatchString(line) || i+1 < len(lines) && glue.MatchString(lines[i+1]) {
			continue
		}
		m := frame.FindStringSubmatch(line)
		if m == nil {
			e.Traceback = append(e.Traceback, line)
			continue
		}
		n, _ := strconv.Atoi(m[3])
		at, ok := cells.ByID(m[2], n)
		if !ok {
			e.Traceback = append(e.Traceback, line)
			continue
		}
		where := "\t" + at.String()
		if !offset.MatchString(m[4]) {
			where += m[4]
		}
		if s := strings.TrimSpace(at.Source); s != "" {
			where += "    " + s
		}
		e.Traceback = append(e.Traceback, where)
	}
	e.Traceback = shorten(e.Traceback)
	return e
}

// shorten leaves out all but the first goroutines of a long traceback: a deadlock of thousands of
// goroutines would fill the notebook.
func shorten(lines []string) []string {
	const most = 400
	if len(lines) <= most {
		return lines
	}
	left := 0
	for _, l := range lines[most:] {
		if goroutine.MatchString(l) {
			left++
		}
	}
	return append(lines[:most:most], fmt.Sprintf("... %d more lines, of %d more goroutines", len(lines)-most, left))
}

// Plain makes an error of what is neither compiler nor runtime: GoNB's own complaints.
func Plain(name, value string, traceback []string) *Error {
	if name == "" || name == "ERROR" {
		name = "Error"
	}
	e := &Error{Name: name, Value: firstLine(value)}
	for _, t := range traceback {
		e.Traceback = append(e.Traceback, strings.Split(strings.TrimRight(t, "\n"), "\n")...)
	}
	if len(e.Traceback) == 0 {
		e.Traceback = strings.Split(value, "\n")
	}
	return e
}

// firstLine is the first line of a text that is not blank.
func firstLine(s string) string {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return s
}

// IsExit reports whether a text is only what GoNB prints of the status of a program that has ended.
func IsExit(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line != "^C" && !exit.MatchString(line) {
			return false
		}
	}
	return true
}

// IsCompile reports whether GoNB's error is that of a build: its text names a line of Go.
func IsCompile(value string) bool {
	for line := range strings.Lines(value) {
		line = strings.TrimRight(line, "\r\n")
		if position.MatchString(line) || goFile.MatchString(line) || heading.MatchString(line) {
			return true
		}
	}
	return false
}
