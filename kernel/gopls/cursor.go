package gopls

import (
	"go/scanner"
	"go/token"
	"strings"
	"unicode"
	"unicode/utf8"

	"urbangraph/kernel/cell"
)

// place is what a cursor stands in.
type place int

const (
	inCode   place = iota
	inText         // a comment, string or character
	inImport       // the path of an import
	inMagic        // the name of a magic
	inShell        // a shell command, the arguments of a magic or a script
)

// cursor is a place in a cell.
type cursor struct {
	place   place
	offset  int          // in code, which is the source without byte order mark
	code    string       // that source
	outline cell.Outline // when place is inCode, inText or inImport
	from    int          // begin of the line, of the import path or of the script
}

// byteOrderMark may stand before a cell and is no part of it.
const byteOrderMark = "\ufeff"

// locate finds out what a byte offset of a cell lies in. Any text and any offset are allowed.
func locate(source string, offset int) cursor {
	code := strings.TrimPrefix(source, byteOrderMark)
	c := cursor{code: code, offset: clamp(code, offset-(len(source)-len(code)))}
	c.from = strings.LastIndexByte(code[:c.offset], '\n') + 1
	parsed := cell.Parse(source)
	if s := parsed.Script; s != nil {
		if c.place = inShell; c.offset <= len(code)-len(s.Body) && magicName(code[c.from:c.offset]) {
			c.place = inMagic
		}
		return c
	}
	c.outline = parsed.Outline()
	line, masked := lineAt(code, c.from), lineAt(c.outline.Masked, c.from)
	if line != masked && masked == strings.Repeat(" ", len(masked)) && !strings.HasPrefix(line, "package") ||
		isMarkOnly(line, c.outline.Masked, c.from) {
		c.place = inShell
		if magicName(code[c.from:c.offset]) {
			c.place = inMagic
		}
		return c
	}
	c.inGo()
	return c
}

// isMarkOnly reports whether a line is just the mark of a special line, which means nothing yet, outside
// of strings and comments.
func isMarkOnly(line, masked string, at int) bool {
	if line = strings.TrimSpace(line); line != "%" && line != "!" {
		return false
	}
	place, _ := placeIn(masked, at)
	return place == inCode
}

// clamp moves an offset into text and to the begin of a character.
func clamp(text string, offset int) int {
	offset = max(0, min(offset, len(text)))
	for offset > 0 && offset < len(text) && !utf8.RuneStart(text[offset]) {
		offset--
	}
	return offset
}

// lineAt is the line that begins at an offset, without its end.
func lineAt(text string, from int) string {
	line, _, _ := strings.Cut(text[from:], "\n")
	return line
}

// magicName reports whether a line up to the cursor is the begin of the name of a magic.
func magicName(line string) bool {
	line = strings.TrimPrefix(line, specialPrefix)
	return strings.HasPrefix(line, "%") && !strings.ContainsAny(line, " \t")
}

// specialPrefix may precede special lines.
const specialPrefix = "//gonb:"

// inGo tells code from comments and strings.
func (c *cursor) inGo() {
	place, from := placeIn(c.outline.Masked, c.offset)
	if c.place = place; place == inImport {
		c.from = from
	}
}

// placeIn tells what an offset of Go code lies in, and where the import path or other token begins.
func placeIn(src string, offset int) (place, int) {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(src))
	s.Init(file, []byte(src), func(token.Position, string) {}, scanner.ScanComments)
	imports := false // between import and the end of that declaration
	depth := 0
	for {
		pos, tok, lit := s.Scan()
		at := file.Offset(pos)
		if tok == token.EOF || at >= offset {
			return inCode, offset
		}
		switch tok {
		case token.IMPORT:
			imports = depth == 0
		case token.LPAREN, token.LBRACE, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			depth--
		case token.SEMICOLON:
			imports = imports && depth > 0
		case token.COMMENT:
			line := strings.HasPrefix(lit, "//")
			if end := at + len(lit); offset < end || offset == end && (line || !strings.HasSuffix(lit, "*/")) {
				return inText, at
			}
		case token.STRING, token.CHAR:
			end := at + len(lit)
			if n := len(lit); offset < end || offset == end && (n == 1 || lit[n-1] != lit[0]) {
				if imports {
					return inImport, at + 1
				}
				return inText, at
			}
		}
	}
}

// identifierAt is the identifier around an offset, which may be empty.
func identifierAt(text string, offset int) (from, to int) {
	from, to = offset, offset
	for from > 0 {
		r, n := utf8.DecodeLastRuneInString(text[:from])
		if !inIdentifier(r) {
			break
		}
		from -= n
	}
	for to < len(text) {
		r, n := utf8.DecodeRuneInString(text[to:])
		if !inIdentifier(r) {
			break
		}
		to += n
	}
	return from, to
}

func inIdentifier(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// isNumber reports whether what identifierAt found begins with a digit.
func isNumber(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return unicode.IsDigit(r)
}

// calledAt finds the innermost call whose parentheses hold an offset: where the name of the function ends
// and which argument the offset is in.
func calledAt(src string, offset int) (end, argument int, ok bool) {
	type open struct{ name, argument int } // name is where the name before a parenthesis ends, or -1
	var stack []open
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(src))
	s.Init(file, []byte(src), func(token.Position, string) {}, 0)
	last := -1 // end of the identifier just before
	for {
		pos, tok, lit := s.Scan()
		at := file.Offset(pos)
		if tok == token.EOF || at >= offset {
			break
		}
		switch tok {
		case token.LPAREN:
			stack = append(stack, open{last, 0})
		case token.LBRACK, token.LBRACE:
			stack = append(stack, open{-1, 0})
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(stack) > 0 {
				stack = stack[:len(stack)-1]
			}
		case token.COMMA:
			if len(stack) > 0 {
				stack[len(stack)-1].argument++
			}
		}
		last = -1
		if tok == token.IDENT {
			last = at + len(lit)
		}
	}
	for i := len(stack) - 1; i >= 0; i-- {
		if stack[i].name >= 0 {
			return stack[i].name, stack[i].argument, true
		}
	}
	return 0, 0, false
}
