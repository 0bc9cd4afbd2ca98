package gopls

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"sync"
)

// importer finds imports for the package names that a cell uses without importing them, as goimports does
// when the cell runs. It remembers them for later cells: with the same imports gopls need not load
// packages anew. It may be used concurrently.
type importer struct {
	lib *library

	mu    sync.Mutex
	known map[string]string // name -> import path
}

// maxRemembered limits the imports that are remembered.
const maxRemembered = 100

// find lists imports for the names that stand before a dot in a file and are not declared in it, and
// those remembered; names that are taken are left out.
func (m *importer) find(src string, taken func(name string) bool) []namedImport {
	used := map[string][]string{}
	for name, selected := range undeclared(src) {
		if !taken(name) {
			used[name] = selected
		}
	}
	found := map[string]string{}
	for name, selected := range used {
		if path := m.lib.choose(name, selected); path != "" {
			found[name] = path
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known)+len(found) > maxRemembered {
		m.known = map[string]string{}
	}
	for name, path := range found {
		m.known[name] = path
	}
	var out []namedImport
	for name, path := range m.known {
		if !taken(name) {
			alias := name
			if guessName(path) == name {
				alias = ""
			}
			out = append(out, namedImport{name, alias, path})
		}
	}
	slices.SortFunc(out, func(x, y namedImport) int {
		if x.path < y.path {
			return -1
		}
		return 1
	})
	return out
}

// undeclared lists the names that stand before a dot and are not declared in a file, with what they
// select.
func undeclared(src string) map[string][]string {
	tree, _ := parser.ParseFile(token.NewFileSet(), "", src, 0)
	if tree == nil {
		return nil
	}
	free := map[*ast.Ident]bool{}
	for _, id := range tree.Unresolved {
		free[id] = true
	}
	out := map[string][]string{}
	ast.Inspect(tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := s.X.(*ast.Ident); ok && free[id] {
				out[id.Name] = append(out[id.Name], s.Sel.Name)
			}
		}
		return true
	})
	return out
}

// maxChoices limits the packages of one name that are looked into.
const maxChoices = 6

// choose is the import path of the package with a name that has most of the selected names, of which one
// may just have been begun; "" when no package has the name.
func (l *library) choose(name string, selected []string) string {
	paths := l.named(name)
	if len(paths) > maxChoices {
		paths = paths[:maxChoices]
	}
	best, most := "", -1
	for _, path := range paths {
		if len(paths) == 1 {
			return path
		}
		p, err := l.load(path)
		if err != nil || p.name != name {
			continue
		}
		n := 0
		for _, s := range selected {
			if p.symbols[s] != nil {
				n += 2
			} else if p.begins(s) {
				n++
			}
		}
		if n > most {
			best, most = path, n
		}
	}
	return best
}

// begins reports whether the name of something that the package exports begins with a prefix.
func (p *goPackage) begins(prefix string) bool {
	for name := range p.symbols {
		if strings.HasPrefix(name, prefix) && ast.IsExported(name) {
			return true
		}
	}
	return false
}
