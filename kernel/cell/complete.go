package cell

import (
	"go/scanner"
	"go/token"
	"strings"
)

// IsComplete tells a console whether a cell can run ("complete"), goes on ("incomplete", with what the
// next line begins with), or can never run ("invalid").
func (c *Cell) IsComplete() (status, indent string) {
	if c.Script != nil {
		if c.Err != nil {
			return "invalid", ""
		}
		if c.Script.Body == "" || strings.HasSuffix(c.Script.Body, "\n") && strings.TrimSpace(c.Script.Body) != "" {
			return ready(c.Script.Body != ""), ""
		}
		return "incomplete", ""
	}
	if strings.HasSuffix(strings.TrimRight(c.Source, "\r\n"), `\`) && len(c.Specials) > 0 && c.Specials[len(c.Specials)-1].Last >= len(c.src.starts)-1 {
		return "incomplete", ""
	}
	e, _ := c.Err.(*Error)
	if e == nil {
		return "complete", ""
	}
	if !e.Syntax {
		return "invalid", ""
	}
	depth, open, last := c.state()
	switch {
	case depth < 0:
		return "invalid", ""
	case open:
		return "incomplete", ""
	case c.src.starts[e.Line-1]+e.Column-1 < last:
		return "invalid", ""
	case depth == 0:
		depth = 1
	}
	return "incomplete", strings.Repeat("\t", depth)
}

func ready(b bool) string {
	if b {
		return "complete"
	}
	return "incomplete"
}

// state follows the brackets of the cell: how many are open at the end, or -1 when one is closed that is
// not open; whether the end lies in a raw string or comment; and where the last token ends.
func (c *Cell) state() (depth int, open bool, last int) {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", 1, len(c.mask)), c.mask, func(_ token.Position, msg string) {
		if msg == "raw string literal not terminated" || msg == "comment not terminated" {
			open = true
		}
	}, 0)
	var stack []token.Token
	for {
		pos, tok, lit := s.Scan()
		switch tok {
		case token.EOF:
			return len(stack), open, last
		case token.LPAREN, token.LBRACK, token.LBRACE:
			stack = append(stack, tok)
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if len(stack) == 0 || tok-stack[len(stack)-1] != token.RPAREN-token.LPAREN {
				return -1, open, last
			}
			stack = stack[:len(stack)-1]
		}
		if tok != token.SEMICOLON || lit != "\n" {
			last = int(pos) - 1 + max(len(lit), len(tok.String()))
			if lit != "" {
				last = int(pos) - 1 + len(lit)
			}
		}
	}
}
