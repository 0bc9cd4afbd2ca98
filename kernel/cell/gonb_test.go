package cell

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// gonb does with positions what GoNB v0.11.5 does (internal/goexec: createGoFileFromLines, calculateCellLines,
// createCodeFromDecls, parse again), for it panics when a line directive misleads it, and reports what
// it would compile.
type gonb struct {
	types, consts, vars, funcs map[string]string
	text                       map[string][]string // the comments of functions
}

// run takes a cell's text as the only or the next cell and returns main.go, or why GoNB would end.
func (g *gonb) run(code string) (mainGo string, err error) {
	if g.types == nil {
		*g = gonb{map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}, map[string][]string{}}
	}
	var b strings.Builder
	b.WriteString("package main\n\n")
	lines := strings.Split(code, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		bare := strings.TrimPrefix(line, "//gonb:")
		if strings.HasPrefix(bare, "%main") || bare == "%%" || strings.HasPrefix(bare, "%% ") || strings.HasPrefix(bare, "%exec") {
			return "", fmt.Errorf("line %d is for GoNB to make a main of: %s", i+1, line)
		}
		if len(bare) > 1 && (bare[0] == '%' || bare[0] == '!') {
			if strings.TrimSpace(bare[1:]) == "" {
				return "", fmt.Errorf("line %d: an empty command", i+1)
			}
			for strings.HasSuffix(lines[i], `\`) && i+1 < len(lines) {
				i++
			}
			continue
		}
		if strings.HasPrefix(line, "package") {
			return "", fmt.Errorf("line %d would be dropped: %s", i+1, line)
		}
		b.WriteString(line + "\n")
	}
	if err := g.parse(b.String(), strings.Count(b.String(), "\n"), true); err != nil {
		return "", err
	}
	mainGo = g.render()
	return mainGo, g.parse(mainGo, 0, false)
}

// parse notes the declarations of a file; lines limits what positions may say, 0 does not.
func (g *gonb) parse(src string, lines int, keep bool) error {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "main.go", src, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return fmt.Errorf("%w in\n%s", err, src)
	}
	text := func(n ast.Node) string {
		return src[fset.PositionFor(n.Pos(), false).Offset:fset.PositionFor(n.End(), false).Offset]
	}
	var bad error
	count := func(n ast.Node) {
		from, to := fset.Position(n.Pos()).Line, fset.Position(n.End()).Line
		if to-from+1 < 0 || lines > 0 && (from < 1 || to > lines) {
			bad = fmt.Errorf("GoNB panics: lines %d to %d of %d for %.60q in\n%s", from, to, lines, text(n), src)
		}
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc != nil {
				count(d.Doc)
			}
			count(d)
			if !keep || bad != nil {
				continue
			}
			key := d.Name.Name
			if d.Recv != nil && len(d.Recv.List) > 0 {
				t := "unknown"
				switch x := d.Recv.List[0].Type.(type) {
				case *ast.Ident:
					t = x.Name
				case *ast.StarExpr:
					t = text(x.X)
				}
				key = t + "~" + key
			}
			g.funcs[key], g.text[key] = text(d), nil
			if d.Doc != nil {
				for _, c := range d.Doc.List {
					g.text[key] = append(g.text[key], c.Text)
				}
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.ImportSpec:
					count(s.Path)
				case *ast.TypeSpec:
					count(s)
					g.types[s.Name.Name] = text(s)
				case *ast.ValueSpec:
					count(s)
					if d.Tok == token.VAR {
						g.vars[s.Names[0].Name] = text(s)
					} else {
						g.consts[s.Names[0].Name] = "_ = 0"
					}
				}
			}
		}
	}
	return bad
}

// render writes main.go.
func (g *gonb) render() string {
	var b strings.Builder
	b.WriteString("package main\n\n")
	for _, k := range slices.Sorted(maps.Keys(g.types)) {
		b.WriteString("type " + g.types[k] + "\n")
	}
	for _, k := range slices.Sorted(maps.Keys(g.consts)) {
		b.WriteString("const " + g.consts[k] + "\n\n")
	}
	b.WriteString("var (\n")
	for _, k := range slices.Sorted(maps.Keys(g.vars)) {
		b.WriteString("\t" + g.vars[k] + "\n")
	}
	b.WriteString(")\n\n")
	for _, k := range slices.Sorted(maps.Keys(g.funcs)) {
		if k == "main" {
			continue
		}
		for _, l := range g.text[k] {
			b.WriteString(l + "\n")
		}
		text := g.funcs[k]
		if strings.HasPrefix(k, "init_") {
			text = strings.Replace(text, k, "init", 1)
		}
		b.WriteString(text + "\n\n")
	}
	b.WriteString("\n" + g.funcs["main"] + "\n")
	return b.String()
}
