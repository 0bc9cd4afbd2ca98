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
	m, err := readModules(q.dir, d.Toolchain)
	if err != nil {
		return ""
	}
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
			if err != nil || m.provides(p) {
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
