package gopls

import (
	"errors"
	"fmt"
	"go/format"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"urbangraph/kernel/cell"
)

// Format is gofmt for a cell: declarations and statements are formatted where they stand; magics, shell
// lines, the line %% and comments are kept, and scripts such as %%bash are left alone. Formatting twice
// is the same as formatting once. A cell that does not parse comes back as it is with an error.
func Format(code string) (string, error) {
	text := strings.ReplaceAll(strings.TrimPrefix(code, byteOrderMark), "\r\n", "\n")
	parsed := cell.Parse(text)
	if parsed.Err != nil {
		return code, parsed.Err
	}
	if parsed.Script != nil {
		return code, nil
	}
	for range maxRounds {
		out, err := newFormatter(text, parsed.Outline()).format()
		if err != nil {
			return code, err
		}
		if out == text {
			return out, nil
		}
		after := cell.Parse(out)
		if after.Err != nil {
			return code, fmt.Errorf("%w: %w", errBreaks, after.Err)
		}
		same := func(x, y cell.Special) bool { return x.String() == y.String() }
		if parsed.Explicit != after.Explicit || parsed.MainArgs != after.MainArgs || !slices.EqualFunc(parsed.Specials, after.Specials, same) {
			return code, errBreaks
		}
		text, parsed = out, after
	}
	return code, errBreaks
}

// maxRounds limits how often gofmt is repeated until it changes nothing more, which rarely takes more than
// twice.
const maxRounds = 5

// errBreaks is returned for cells that gofmt would make another of, such as by a line that then begins
// with an exclamation mark.
var errBreaks = errors.New("gofmt would change what the cell means, which is left as it is")

// formatter formats one cell. Special lines become comments while gofmt is at work.
type formatter struct {
	source  string
	outline cell.Outline
	text    string   // source with comments for special lines, line by line
	starts  []int    // where the lines of source begin in it
	shifted []int    // and in text
	mark    string   // begin of the comments
	special []string // what the comments stand for
}

func newFormatter(source string, o cell.Outline) *formatter {
	f := &formatter{source: source, outline: o, mark: "/*special "}
	for strings.Contains(source, f.mark) {
		f.mark += "_ "
	}
	var b strings.Builder
	at := 0
	for line := range strings.Lines(source) {
		f.starts = append(f.starts, at)
		f.shifted = append(f.shifted, b.Len())
		bare := strings.TrimSuffix(line, "\n")
		if masked := o.Masked[at : at+len(bare)]; masked != bare && strings.TrimSpace(masked) == "" {
			b.WriteString(f.mark + strconv.Itoa(len(f.special)) + "*/" + line[len(bare):])
			f.special = append(f.special, bare)
		} else {
			b.WriteString(line)
		}
		at += len(line)
	}
	f.text = b.String()
	return f
}

// shift is where an offset of the source is in text.
func (f *formatter) shift(offset int) int {
	i := len(f.starts) - 1
	for i > 0 && f.starts[i] > offset {
		i--
	}
	if i < 0 {
		return 0
	}
	return min(f.shifted[i]+offset-f.starts[i], len(f.text))
}

// format formats the groups of pieces one by one.
func (f *formatter) format() (string, error) {
	var out strings.Builder
	last := 0                              // end of what was written, in text
	declarations, statements := true, true // what the group so far can be
	group := func(to int) error {
		chunk := f.text[last:to]
		last = to
		body := strings.TrimSpace(chunk)
		if body == "" {
			return nil
		}
		done, err := gofmt(body, declarations)
		if err != nil {
			return fmt.Errorf("gofmt: %w", err)
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
			lead := chunk[:len(chunk)-len(strings.TrimLeft(chunk, " \t\n"))]
			before := f.text[:to-len(chunk)]
			tail := before[len(strings.TrimRight(before, " \t\n")):]
			if strings.Count(tail, "\n")+strings.Count(lead, "\n") > 1 {
				out.WriteByte('\n')
			}
		}
		out.WriteString(done)
		return nil
	}
	marked := f.outline.Mark < 0
	for _, p := range f.outline.Pieces {
		at := f.shift(p.From)
		if !marked && f.outline.Mark < p.From {
			marked = true
			if err := group(f.shift(f.outline.Mark)); err != nil {
				return "", err
			}
			if err := group(f.lineEnd(f.outline.Mark)); err != nil {
				return "", err
			}
			declarations, statements = true, true
		}
		d := p.Kind != token.ILLEGAL
		s := p.Kind != token.FUNC && p.Kind != token.IMPORT
		if !(declarations && d) && !(statements && s) {
			if err := group(at); err != nil {
				return "", err
			}
			declarations, statements = true, true
		}
		declarations, statements = declarations && d, statements && s
	}
	if !marked {
		for _, to := range []int{f.shift(f.outline.Mark), f.lineEnd(f.outline.Mark)} {
			if err := group(to); err != nil {
				return "", err
			}
		}
	}
	if err := group(len(f.text)); err != nil {
		return "", err
	}
	return f.restore(out.String())
}

// gofmt formats declarations, as a file of their own, or statements.
func gofmt(text string, declarations bool) (string, error) {
	const head = "package p\n\n"
	if !declarations {
		out, err := format.Source([]byte(text))
		return string(out), err
	}
	out, err := format.Source([]byte(head + text))
	return strings.TrimSpace(strings.TrimPrefix(string(out), head)), err
}

// lineEnd is where the line of an offset of the source ends in text.
func (f *formatter) lineEnd(offset int) int {
	at := f.shift(offset)
	if i := strings.IndexByte(f.text[at:], '\n'); i >= 0 {
		return at + i
	}
	return len(f.text)
}

// restore puts the special lines back.
func (f *formatter) restore(text string) (string, error) {
	var b strings.Builder
	next := 0
	for line := range strings.Lines(text) {
		bare := strings.TrimSpace(line)
		if !strings.Contains(line, f.mark) {
			b.WriteString(line)
			continue
		}
		if next >= len(f.special) || bare != f.mark+strconv.Itoa(next)+"*/" {
			return "", errInside
		}
		b.WriteString(f.special[next])
		if strings.HasSuffix(line, "\n") {
			b.WriteByte('\n')
		}
		next++
	}
	if next != len(f.special) {
		return "", errInside
	}
	out := strings.TrimRight(b.String(), "\n")
	if strings.HasSuffix(f.source, "\n") && out != "" {
		out += "\n"
	}
	return out, nil
}

// errInside is returned for cells in which gofmt would move a special line.
var errInside = errors.New("a magic or shell line stands inside a statement, which cannot be formatted around it; move it to a line between statements")
