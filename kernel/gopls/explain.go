package gopls

import (
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
)

// describe writes a declaration and its documentation, which is Markdown, as Markdown.
func describe(declaration, documentation string) string {
	return strings.TrimSpace("```go\n" + declaration + "\n```\n\n" + strings.TrimSpace(documentation))
}

// markdownDoc writes a doc comment as Markdown.
func markdownDoc(text string) string {
	p := comment.Printer{HeadingLevel: 4, DocLinkURL: func(*comment.DocLink) string { return "" }}
	md := string(p.Markdown(new(comment.Parser).Parse(text)))
	return emptyLink.ReplaceAllString(md, "$1")
}

var (
	emptyLink    = regexp.MustCompile(`\[([^\]\n]*)\]\(\)`)
	markdownLink = regexp.MustCompile(`\[([^\]\n]*)\]\([^)\n]*\)`)
	headingMark  = regexp.MustCompile(`^#+ (.*?)(?: \{#[^}]*\})?$`)
	escaped      = regexp.MustCompile(`\\([\\` + "`" + `*_{}\[\]()#+\-.!<>|~])`)
)

// plainText turns the Markdown that gopls and this package write into plain text.
func plainText(markdown string) string {
	var b strings.Builder
	fenced := false
	for line := range strings.Lines(markdown) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
			continue
		case line == "---" && !fenced:
			line = ""
		case !fenced && !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, "    "):
			line = headingMark.ReplaceAllString(line, "$1")
			line = markdownLink.ReplaceAllString(line, "$1")
			line = strings.ReplaceAll(line, "`", "")
			line = escaped.ReplaceAllString(line, "$1")
		}
		b.WriteString(line + "\n")
	}
	return strings.TrimSpace(manyBreaks.ReplaceAllString(b.String(), "\n\n"))
}

var manyBreaks = regexp.MustCompile(`\n{3,}`)

// bundle is the answer to an inspection.
func bundle(markdown string) map[string]string {
	return map[string]string{"text/markdown": markdown, "text/plain": plainText(markdown)}
}

// maxSource limits the files of which source is shown, in bytes.
const maxSource = 4 << 20

// sourceAt is the declaration that holds a line, from 1, of a Go file; text is that of the file where it
// is not what is on disk.
func sourceAt(file string, text *string, line int) string {
	var src []byte
	if text != nil {
		src = []byte(*text)
	} else {
		fi, err := os.Stat(file)
		if err != nil || fi.Size() > maxSource {
			return ""
		}
		if src, err = os.ReadFile(file); err != nil {
			return ""
		}
	}
	fset := token.NewFileSet()
	tree, _ := parser.ParseFile(fset, file, src, parser.ParseComments|parser.SkipObjectResolution)
	if tree == nil {
		return ""
	}
	cut := func(from, to token.Pos) string {
		f := fset.File(tree.Pos())
		if f == nil {
			return ""
		}
		return string(src[f.Offset(from):min(f.Offset(to), len(src))])
	}
	holds := func(n ast.Node) bool {
		return fset.Position(n.Pos()).Line <= line && line <= fset.Position(n.End()).Line
	}
	for _, d := range tree.Decls {
		if !holds(d) {
			continue
		}
		g, ok := d.(*ast.GenDecl)
		if !ok || !g.Lparen.IsValid() {
			return cut(d.Pos(), d.End())
		}
		for _, s := range g.Specs {
			if holds(s) {
				return g.Tok.String() + " " + cut(s.Pos(), s.End())
			}
		}
	}
	return ""
}
