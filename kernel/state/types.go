package state

import (
	"crypto/sha256"
	"encoding/hex"
	"go/scanner"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"urbangraph/kernel/cell"
)

func itoa(n int) string { return strconv.Itoa(n) }

// source writes a type as keep names it in the Go of a cell, with the imports that it takes.
func source(text string) (src string, imports []cell.Import) {
	toks := tokens(text)
	var b strings.Builder
	at := 0
	for i, t := range toks {
		if t.tok != token.STRING || i+1 >= len(toks) || toks[i+1].tok != token.PERIOD {
			continue
		}
		path, err := strconv.Unquote(t.text)
		if err != nil {
			continue
		}
		alias := aliasOf(path)
		b.WriteString(text[at:t.at] + alias)
		at = t.at + len(t.text)
		if !slices.ContainsFunc(imports, func(i cell.Import) bool { return i.Path == path }) {
			imports = append(imports, cell.Import{Path: path, Alias: alias})
		}
	}
	b.WriteString(text[at:])
	return b.String(), imports
}

// aliasOf is the name under which cells import a package for the sake of a type; no user writes it.
func aliasOf(path string) string {
	last := path[strings.LastIndexByte(path, '/')+1:]
	word := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, last)
	sum := sha256.Sum256([]byte(path))
	return "ug_" + word + "_" + hex.EncodeToString(sum[:3])
}

type lexeme struct {
	tok  token.Token
	text string
	at   int
}

func tokens(text string) []lexeme {
	var out []lexeme
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(text))
	s.Init(file, []byte(text), nil, 0)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return out
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue
		}
		if lit == "" {
			lit = tok.String()
		}
		out = append(out, lexeme{tok, lit, file.Offset(pos)})
	}
}
