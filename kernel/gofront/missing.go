package gofront

import (
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// missing returns "" when the module set of the notebook in q.dir provides each import of its Go files, and
// of those that do not parse, too: they fail for better reasons. Else it is the text of an error, one line
// for each import, that says where it stands and how the module can be fetched.
func (d *Daemon) missing(q request) string {
	var m *modules
	files, err := filepath.Glob(filepath.Join(q.dir, "*.go"))
	if err != nil {
		return ""
	}
	var text strings.Builder
	for _, f := range files {
		set := token.NewFileSet()
		af, err := parser.ParseFile(set, f, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return ""
		}
		for _, s := range af.Imports {
			p, err := strconv.Unquote(s.Path.Value)
			if err != nil || p == "C" || p == "unsafe" || hasGo(filepath.Join(d.Root, "src", filepath.FromSlash(p))) {
				continue
			}
			if m == nil {
				if m, err = readModules(q.dir, d.Toolchain); err != nil {
					return ""
				}
			}
			if _, ok := m.locate(p); ok {
				continue
			}
			at := set.Position(s.Path.Pos())
			name := at.Filename
			if name == f {
				name = "./" + filepath.Base(f)
			}
			fmt.Fprintf(&text, "%s:%d:%d: no module of this notebook provides the package %s; to fetch one, run a cell with the line: %%get %s@latest\n",
				name, at.Line, at.Column, p, p)
		}
	}
	return text.String()
}
