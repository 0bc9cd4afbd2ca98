package cell

import (
	"bytes"
	"go/token"
	"strings"
)

// Script is a cell that is not Go: its first line is a cell magic such as %%bash. Blank lines may precede.
type Script struct {
	Command string   // what stands after %%: bash, sh, script, writefile, gx or any other word but main
	Args    []string // the words after it
	Line    string   // the whole first line, without //gonb:
	Body    string   // everything below it, without carriage returns before line breaks
}

// Known tells whether GoNB knows the command.
func (s *Script) Known() bool {
	switch s.Command {
	case "bash", "sh", "script", "writefile", "gx":
		return true
	}
	return false
}

// Special is a line that is not Go: a magic (%) or a shell command (!).
type Special struct {
	Line, Last int  // first and last line, from 1, when continued by \
	Shell      bool // begins with !
	InTemp     bool // !*: runs in GoNB's own folder
	Name       string
	Args       []string // what stands after the name of a magic, split as GoNB does
	Text       string   // what stands after %, ! or !*
}

// String is the line as GoNB takes it.
func (s Special) String() string {
	switch {
	case s.InTemp:
		return "!*" + s.Text
	case s.Shell:
		return "!" + s.Text
	}
	return "%" + s.Text
}

// prefix may precede special lines, so that Go tools take them for comments.
const prefix = "//gonb:"

// script recognises a cell that is not Go.
func (c *Cell) script() bool {
	first := 0
	for first < len(c.src.starts)-1 && strings.TrimSpace(c.src.lineText(first)) == "" {
		first++
	}
	line := strings.TrimPrefix(c.src.lineText(first), prefix)
	if !strings.HasPrefix(line, "%%") {
		return false
	}
	words := splitWords(line[2:])
	if len(words) == 0 || words[0] == "" || isBlank(line[2]) || words[0] == "main" {
		return false
	}
	s := &Script{Command: words[0], Args: words[1:], Line: line}
	if end := c.src.lineEnd(first); end < len(c.src.s) {
		s.Body = unCR(c.src.s[end+1:])
	}
	c.Script = s
	at := c.src.starts[first]
	switch {
	case (s.Command == "bash" || s.Command == "sh") && len(s.Args) > 0:
		c.fail(at, "%%%%%[1]s takes no arguments, but has %[2]q; write %%%%script %[1]s %[2]s", s.Command, strings.Join(s.Args, " "))
	case s.Command == "script" && len(s.Args) == 0:
		c.fail(at, "%%%%script names no program; write for example %%%%script python3")
	case s.Command == "writefile" && (len(s.Args) == 0 || len(s.Args) > 2 || len(s.Args) == 2 && s.Args[0] != "-a"):
		c.fail(at, "%%%%writefile takes the name of one file, after -a to append to it, but has %q", strings.Join(s.Args, " "))
	}
	return true
}

// specials finds the special lines, and what GoNB would take for one though Go sees a raw string or a
// comment, and makes c.mask.
func (c *Cell) specials() {
	c.mask = []byte(c.src.s)
	var lex lexer
	for i := 0; i < len(c.src.starts); i++ {
		at, line := c.src.starts[i], c.src.lineText(i)
		bare := strings.TrimPrefix(line, prefix)
		special := len(bare) > 1 && (bare[0] == '%' || bare[0] == '!')
		switch {
		case (bare == "%" || bare == "!") && lex.state == inCode:
			c.fail(at, "%s stands alone in this line; write a magic or a shell command after it, or remove it", bare)
			return
		case special && lex.state == inCode:
			last := i
			joined := bare
			for strings.HasSuffix(joined, `\`) {
				joined = joined[:len(joined)-1] + " "
				if last+1 == len(c.src.starts) {
					break
				}
				last++
				joined += strings.TrimPrefix(c.src.lineText(last), prefix)
			}
			blank(c.mask, at, c.src.lineEnd(last))
			c.special(i, last, joined)
			i = last
			continue
		case special || strings.HasPrefix(line, "package"):
			if c.packageClause(i, line, lex.state) {
				continue
			}
			c.guard(at, lex)
		}
		lex.line(line, at)
	}
}

// special adds the special line that stands on lines first to last, from 0.
func (c *Cell) special(first, last int, joined string) {
	at := c.src.starts[first]
	s := Special{Line: first + 1, Last: last + 1, Shell: joined[0] == '!', Text: strings.TrimLeft(joined[1:], " \t")}
	if s.Shell {
		if rest, ok := strings.CutPrefix(s.Text, "*"); ok {
			s.InTemp, s.Text = true, rest
		}
		if strings.TrimSpace(s.Text) == "" {
			c.fail(at, "a shell command is missing after %s; write one or remove the line", joined[:1])
			return
		}
		c.Specials = append(c.Specials, s)
		return
	}
	words := splitWords(s.Text)
	if len(words) == 0 || strings.TrimSpace(words[0]) == "" {
		c.fail(at, "the name of a magic is missing after %%; write one (%%help lists them) or remove the line")
		return
	}
	s.Name, s.Args = words[0], words[1:]
	switch {
	case s.Name == "%" || s.Name == "main" || s.Name == "exec":
		if c.markAt >= 0 {
			c.fail(at, "%%%s says a second time where the body begins, after line %d; remove one of them", s.Name, c.markLine)
			return
		}
		c.Explicit, c.markAt, c.markLine = true, at, first+1
		c.MainArgs = strings.TrimSpace(s.Text[len(s.Name):])
		if s.Name != "exec" {
			return
		}
		if len(s.Args) == 0 || !isIdentifier(s.Args[0]) {
			c.fail(at, "%%exec names no function; write %%exec and the name of a function without parameters")
			return
		}
		c.Exec = s.Args[0]
		c.MainArgs = strings.TrimSpace(strings.TrimPrefix(c.MainArgs, c.Exec))
		return
	case s.Name[0] == '%':
		if (&Script{Command: s.Name[1:]}).Known() {
			c.fail(at, "%%%s can only stand in the first line of a cell; give it a cell of its own", s.Name)
		} else {
			c.fail(at, "%%%s is no magic of a line; a body begins with a line that is just %%%%", s.Name)
		}
		return
	case strings.HasPrefix(s.Name, "main") || strings.HasPrefix(s.Name, "exec"):
		c.fail(at, "there is no magic %%%s; write %%%s for GoNB's", s.Name, s.Name[:4])
		return
	case s.Name == "test":
		c.Test = true
	case s.Name == "wasm":
		c.Wasm = true
	}
	c.Specials = append(c.Specials, s)
}

// packageClause blanks a package clause, which GoNB drops as well: all cells are package main.
func (c *Cell) packageClause(i int, line string, state lexState) bool {
	name, ok := strings.CutPrefix(strings.TrimSpace(line), "package ")
	if !ok || state != inCode || !strings.HasPrefix(line, "package") {
		return false
	}
	name, _, _ = strings.Cut(name, "//")
	name, rest, _ := strings.Cut(strings.TrimSpace(name), ";")
	if !isIdentifier(strings.TrimSpace(name)) || strings.TrimSpace(rest) != "" {
		return false
	}
	blank(c.mask, c.src.starts[i], c.src.lineEnd(i))
	return true
}

// guard notes the edit that keeps GoNB from taking the line at an offset for a magic or a package clause.
func (c *Cell) guard(at int, lex lexer) {
	switch lex.state {
	case inRaw:
		first := c.src.s[at : at+1]
		c.fixes = append(c.fixes, edit{at, at + 1, "`+\"" + first + "\"+`", lex.opened})
	default:
		c.fixes = append(c.fixes, edit{at, at, " ", -1})
	}
}

// lexState is what the end of a line lies in.
type lexState int

const (
	inCode lexState = iota
	inRaw
	inComment
)

// lexer follows raw strings and comments from line to line; all other tokens end with their line.
type lexer struct {
	state  lexState
	opened int // where the raw string or comment begins
}

// line reads one line that begins at an offset.
func (l *lexer) line(s string, at int) {
	for i := 0; i < len(s); {
		switch l.state {
		case inRaw:
			j := strings.IndexByte(s[i:], '`')
			if j < 0 {
				return
			}
			i, l.state = i+j+1, inCode
			continue
		case inComment:
			j := strings.Index(s[i:], "*/")
			if j < 0 {
				return
			}
			i, l.state = i+j+2, inCode
			continue
		}
		switch s[i] {
		case '`':
			l.state, l.opened = inRaw, at+i
		case '"', '\'':
			i = skipQuoted(s, i)
		case '/':
			if strings.HasPrefix(s[i:], "//") {
				return
			}
			if strings.HasPrefix(s[i:], "/*") {
				l.state, l.opened = inComment, at+i
				i++
			}
		}
		i++
	}
}

// skipQuoted returns the offset of the quote that ends the literal at s[i], or of the last byte.
func skipQuoted(s string, i int) int {
	for j := i + 1; j < len(s); j++ {
		switch s[j] {
		case '\\':
			j++
		case s[i]:
			return j
		}
	}
	return len(s) - 1
}

// splitWords splits the text of a magic at blanks as GoNB does: double quotes keep blanks, and in them \n,
// \t and \ before any other character are escapes. A missing last quote is forgiven.
func splitWords(s string) []string {
	var words []string
	var word bytes.Buffer
	started, quoted := false, false
	for i := 0; i < len(s); i++ {
		b := s[i]
		switch {
		case !quoted && (isBlank(b) || b == '\n'):
			if started {
				words = append(words, word.String())
			}
			word.Reset()
			started = false
		case b == '"':
			quoted, started = !quoted, true
		case b == '\\' && quoted:
			i++
			if i == len(s) {
				break
			}
			switch s[i] {
			case 'n':
				word.WriteByte('\n')
			case 't':
				word.WriteByte('\t')
			default:
				word.WriteByte(s[i])
			}
		default:
			word.WriteByte(b)
			started = true
		}
	}
	if started {
		words = append(words, word.String())
	}
	return words
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\r' }

// isIdentifier tells whether s is a name in Go.
func isIdentifier(s string) bool { return token.IsIdentifier(s) }
