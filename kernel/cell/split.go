package cell

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
	"strings"
)

// item is a top-level piece of a cell: a declaration or a statement, or a part of a statement that has
// semicolons in its head.
type item struct {
	from, at, end int         // where it begins with its comments, without them, and where it ends
	kind          token.Token // IMPORT, FUNC, TYPE, CONST or VAR, else ILLEGAL
	top           bool        // becomes a declaration of the package
	closed        bool        // ended by a written semicolon
}

// lexeme is one token of the cell.
type lexeme struct {
	tok     token.Token
	at, end int
}

// tokens scans the masked text. Automatic semicolons have no length.
func (c *Cell) tokens() []lexeme {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", 1, len(c.mask)), c.mask, nil, scanner.ScanComments)
	out := make([]lexeme, 0, len(c.mask)/3+1)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return out
		}
		at := int(pos) - 1
		n := len(lit)
		switch {
		case tok == token.SEMICOLON && lit == "\n":
			n = 0
		case tok == token.COMMENT || tok == token.STRING:
			n = literalLength(c.mask[at:], lit)
		case n == 0:
			n = len(tok.String())
		}
		out = append(out, lexeme{tok, at, min(at+n, len(c.mask))})
	}
}

// literalLength is the length in the source of a literal, from which the scanner has removed carriage
// returns.
func literalLength(src []byte, lit string) int {
	i := 0
	for j := 0; j < len(lit) && i < len(src); i++ {
		if src[i] == lit[j] {
			j++
		}
	}
	return i
}

// split cuts the cell into items and decides which of them are declarations.
func (c *Cell) split() {
	toks := c.tokens()
	c.fix(toks)
	depth := 0
	var cur *item
	comments := -1 // where comments before the next item begin
	for i, t := range toks {
		if t.tok == token.COMMENT {
			switch {
			case cur != nil:
			case len(c.items) > 0 && comments < 0 && c.src.line(t.at) == c.src.line(max(c.items[len(c.items)-1].end-1, 0)):
				c.items[len(c.items)-1].end = t.end
			case comments < 0:
				comments = t.at
			}
			continue
		}
		if t.tok == token.SEMICOLON && depth == 0 {
			if cur != nil {
				cur.end, cur.closed = t.end, t.end > t.at
				if !cur.closed {
					cur.end = lastEnd(toks[:i])
				}
				c.items = append(c.items, *cur)
				cur, comments = nil, -1
			} else if t.end > t.at && len(c.items) > 0 {
				c.items[len(c.items)-1].end = t.end
			}
			continue
		}
		if cur == nil {
			cur = &item{from: t.at, at: t.at, kind: declares(toks[i:])}
			if comments >= 0 {
				cur.from = comments
			}
		}
		switch t.tok {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if depth == 0 {
				c.Err = &Error{Line: c.src.line(t.at), Column: c.src.column(t.at), Message: "unexpected " + t.tok.String() + ": nothing is open here", Syntax: true}
				return
			}
			depth--
		}
	}
	if cur != nil {
		cur.end = lastEnd(toks)
		c.items = append(c.items, *cur)
	}
	if at := c.openComment(toks); at >= 0 {
		c.Err = &Error{Line: c.src.line(at), Column: c.src.column(at), Message: "comment not terminated", Syntax: true}
		return
	}
	c.place()
}

// fix adds the edits that tokens ask for: raw strings that are taken apart get parentheses, and comments
// that would be line directives become plain ones.
func (c *Cell) fix(toks []lexeme) {
	raw := -1
	var ends []int
	for _, f := range c.fixes {
		if f.raw > raw {
			raw = f.raw
			ends = append(ends, raw)
		}
	}
	for _, t := range toks {
		switch {
		case t.tok == token.COMMENT:
			if text := string(c.mask[t.at:min(t.at+7, t.end)]); calm(text) != text {
				c.fixes = append(c.fixes, edit{t.at + 2, t.at + 2, " ", -1})
			}
		case t.tok == token.STRING && slices.Contains(ends, t.at):
			c.fixes = append(c.fixes, edit{t.at, t.at, "(", -1}, edit{t.end, t.end, ")", -1})
		}
	}
	slices.SortStableFunc(c.fixes, func(a, b edit) int { return a.at - b.at })
}

// openComment is where a comment begins that never ends, or -1.
func (c *Cell) openComment(toks []lexeme) int {
	for i := len(toks) - 1; i >= 0; i-- {
		t := toks[i]
		if t.end == t.at {
			continue
		}
		s := string(c.mask[t.at:t.end])
		if t.tok == token.COMMENT && s[1] == '*' && (len(s) < 4 || !strings.HasSuffix(s, "*/")) {
			return t.at
		}
		break
	}
	return -1
}

// lastEnd is where the last token that is no comment ends.
func lastEnd(toks []lexeme) int {
	for i := len(toks) - 1; i >= 0; i-- {
		if toks[i].tok != token.COMMENT && toks[i].end > toks[i].at {
			return toks[i].end
		}
	}
	return 0
}

// declares tells what the item that begins with these tokens declares. A function literal is a statement.
func declares(toks []lexeme) token.Token {
	next := func(i int) int {
		for i++; i < len(toks) && toks[i].tok == token.COMMENT; i++ {
		}
		return i
	}
	is := func(i int, t token.Token) bool { return i < len(toks) && toks[i].tok == t }
	switch toks[0].tok {
	case token.IMPORT, token.TYPE, token.CONST, token.VAR:
		return toks[0].tok
	case token.FUNC:
		i := next(0)
		if is(i, token.IDENT) {
			return token.FUNC
		}
		if !is(i, token.LPAREN) {
			return token.ILLEGAL
		}
		depth := 1
		for i = next(i); i < len(toks) && depth > 0; i = next(i) {
			switch toks[i].tok {
			case token.LPAREN:
				depth++
			case token.RPAREN:
				depth--
			}
		}
		// func (r T) name(: a literal's result cannot be followed by a parenthesis.
		if is(i, token.IDENT) && is(next(i), token.LPAREN) {
			return token.FUNC
		}
	}
	return token.ILLEGAL
}

// place decides where the items go: above the first statement, or the line %%, everything is a
// declaration; below it functions and imports are, and others when [Cell.hoist] finds that they can be.
func (c *Cell) place() {
	first := len(c.items)
	for i, it := range c.items {
		if it.kind == token.ILLEGAL {
			first = i
			break
		}
	}
	if c.markAt >= 0 && c.Exec == "" {
		first = len(c.items)
		for i, it := range c.items {
			if it.at > c.markAt {
				first = i
				break
			}
			switch {
			case it.end > c.markAt:
				c.fail(c.markAt, "the body begins here, inside what begins in line %d; close it above this line", c.src.line(it.at))
				return
			case it.kind == token.ILLEGAL:
				c.fail(it.at, "this statement stands above the body, which begins in line %d; move it below, or remove that line", c.markLine)
				return
			}
		}
		if first < len(c.items) && c.items[first].from < c.markAt {
			c.items[first].from = c.items[first].at // its comments stand above %%
		}
	}
	if c.Exec != "" && first < len(c.items) {
		c.fail(c.items[first].at, "%%exec %s in line %d runs a function; this statement has no place beside it, put it into a function or remove %%exec", c.Exec, c.markLine)
		return
	}
	if c.Test && !c.Explicit && first < len(c.items) {
		c.fail(c.items[first].at, "a %%test cell runs its test functions; this statement would never run, put it into one of them")
		return
	}
	for i := range c.items {
		it := &c.items[i]
		it.top = i < first || it.kind == token.FUNC || it.kind == token.IMPORT
	}
	if first < len(c.items) {
		c.from = c.items[first].from
		c.to = c.items[len(c.items)-1].end
	} else if c.markAt >= 0 {
		c.from = c.src.lineEnd(c.markLine - 1)
		c.to = c.from
	}
	c.hoist(c.items[first:])
}

// headDecl and headBody make files of the two parts of a cell. A comment in the line of the package clause
// would be no comment of a function.
const (
	headDecl = "package p;\n"
	headBody = "package p;func _(){"
)

// parse parses the declarations and the body.
func (c *Cell) parse() {
	c.hold = []byte(strings.Clone(string(c.mask)))
	top := []byte(strings.Clone(string(c.mask)))
	at := 0
	for _, it := range c.items {
		if it.top {
			blank(top, at, it.from)
			blank(c.hold, it.from, it.end)
			at = it.end
		}
	}
	blank(top, at, len(top))
	fset := token.NewFileSet()
	var errs scanner.ErrorList
	var err error
	c.file, err = parser.ParseFile(fset, "", append([]byte(headDecl), top...), parser.ParseComments|parser.SkipObjectResolution)
	errs = c.syntax(errs, err, len(headDecl))
	blank(c.hold, 0, c.from)
	if c.to > c.from {
		src := slices.Concat([]byte(headBody), c.hold, []byte("\n}"))
		f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution)
		errs = c.syntax(errs, err, len(headBody))
		if err == nil {
			c.body = f.Decls[0].(*ast.FuncDecl).Body
		}
	} else if c.Explicit {
		c.body = &ast.BlockStmt{}
	}
	if len(errs) > 0 {
		c.Err = c.report(errs)
		return
	}
	c.declare()
	c.checkRaw()
}

// atEnd ends messages about what is missing at the end.
const atEnd = ", found the end of the cell"

// syntax adds a parser's errors with offsets in the cell.
func (c *Cell) syntax(errs scanner.ErrorList, err error, head int) scanner.ErrorList {
	list, _ := err.(scanner.ErrorList)
	last := len(c.src.s)
	if len(c.items) > 0 {
		last = c.items[len(c.items)-1].end
	}
	for _, e := range list {
		e.Pos.Offset = max(e.Pos.Offset-head, 0)
		if e.Pos.Offset >= last {
			e.Pos.Offset = last
			if i := strings.Index(e.Msg, ", found "); i >= 0 {
				e.Msg = e.Msg[:i] + atEnd
			}
		}
		errs = append(errs, e)
	}
	return errs
}

// report makes an Error of the parser's errors, in order.
func (c *Cell) report(errs scanner.ErrorList) *Error {
	slices.SortStableFunc(errs, func(a, b *scanner.Error) int { return a.Pos.Offset - b.Pos.Offset })
	var all []Error
	for _, e := range errs {
		line := c.src.line(e.Pos.Offset)
		if len(all) == 10 || len(all) > 0 && (all[len(all)-1].Line == line || strings.HasSuffix(e.Msg, atEnd)) {
			continue // a second error in a line, or at the end, follows from the first
		}
		all = append(all, Error{Line: line, Column: c.src.column(e.Pos.Offset), Message: e.Msg, Syntax: true})
	}
	all[0].More = all[1:]
	return &all[0]
}

// checkRaw refuses raw strings that GoNB would take apart and that cannot be written otherwise: those of
// field tags.
func (c *Cell) checkRaw() {
	for _, f := range c.fixes {
		if f.raw < 0 {
			continue
		}
		if c.isTag(f.raw) {
			c.fail(f.at, "GoNB takes this line of a field's tag for a magic or a package clause; write the tag in one line")
			return
		}
	}
}

// isTag tells whether the literal at an offset is the tag of a field.
func (c *Cell) isTag(at int) bool {
	found := false
	look := func(head int) func(ast.Node) bool {
		return func(n ast.Node) bool {
			if f, ok := n.(*ast.Field); ok && f.Tag != nil && int(f.Tag.ValuePos)-1-head == at {
				found = true
			}
			return !found
		}
	}
	ast.Inspect(c.file, look(len(headDecl)))
	if c.body != nil {
		ast.Inspect(c.body, look(len(headBody)))
	}
	return found
}
