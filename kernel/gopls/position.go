package gopls

import (
	"net/url"
	"path/filepath"
	"strings"
)

// position is a place in a file as the language server protocol counts: lines and UTF-16 code units in
// the line, from 0.
type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

// span is a range of a file.
type span struct {
	Start position `json:"start"`
	End   position `json:"end"`
}

// positionOf is the position of a byte offset in text.
func positionOf(text string, offset int) position {
	before := text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	p := position{Line: strings.Count(before[:start], "\n")}
	for _, r := range before[start:] {
		p.Character++
		if r > 0xFFFF {
			p.Character++
		}
	}
	return p
}

// fileURI is the address of a file.
func fileURI(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// filePath is the file that an address names, "" when it names none.
func filePath(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return ""
	}
	return filepath.FromSlash(u.Path)
}
