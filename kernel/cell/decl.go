package cell

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Decl is a declaration of the package that a cell makes: one import, type, function or line of
// variables, or one const declaration with all its names, whose values may depend on their order.
type Decl struct {
	Kind   string   // import, const, type, var or func
	Key    string   // GoNB's key, as for %rm, of the first name; a method is Type~Name
	Names  []string // what it names, blank names included
	Source string   // it alone, with the comment of a function; can be put into a cell or a file
	Line   int      // in the cell
	Uses   []string // names used that it does not declare itself, sorted, predeclared ones included
	Path   string   // of an import
	Alias  string   // of an import; "" when none is written
	Cell   string   // the ID of the cell
}

// Text is the source with the directive that gives a function the lines of its cell. Compose keeps the
// directive when the text is put into another cell.
func (d Decl) Text() string {
	if d.Kind != "func" {
		return d.Source
	}
	i := strings.LastIndex(d.Source[:d.funcAt()], "\n") + 1
	return d.Source[:i] + directive(d.Cell, d.Line, 1) + d.Source[i:]
}

// funcAt is the offset of the keyword func, which comments precede.
func (d Decl) funcAt() int { return len(d.Source) - len(d.Source[commentsEnd(d.Source):]) }

// commentsEnd is the offset of what follows the comments at the beginning of s.
func commentsEnd(s string) int {
	i := 0
	for i < len(s) {
		switch {
		case strings.HasPrefix(s[i:], "//"):
			n := strings.IndexByte(s[i:], '\n')
			if n < 0 {
				return len(s)
			}
			i += n + 1
		case strings.HasPrefix(s[i:], "/*"):
			n := strings.Index(s[i:], "*/")
			if n < 0 {
				return len(s)
			}
			i += n + 2
		case s[i] == '\n' || isBlank(s[i]):
			i++
		default:
			return i
		}
	}
	return i
}

// declaration is a declaration and where it stands.
type declaration struct {
	Decl
	at, end int      // offsets without comments
	doc     []string // the lines of a function's comment
	keep    string   // a directive of Decl.Text among them
	blank   bool     // a variable that has no name, see Cell.writeBlanks
	rename  edit     // a second init gets a name that GoNB does not confuse with the first
}

// declare lists the declarations, with what GoNB would lose refused or renamed.
func (c *Cell) declare() {
	keys := map[string]int{} // of functions, and their lines
	inits := 0
	offset := func(p token.Pos) int { return int(p) - 1 - len(headDecl) }
	for _, d := range c.file.Decls {
		at, end := offset(d.Pos()), offset(d.End())
		switch d := d.(type) {
		case *ast.GenDecl:
			c.declareGroup(d, offset)
		case *ast.FuncDecl:
			if d.Name.Name == "main" && d.Recv == nil {
				if c.main != nil {
					c.fail(at, "main is declared twice, first in line %d", c.src.line(offset(c.main.Pos())))
					return
				}
				c.main = d
				continue
			}
			n := declaration{Decl: Decl{Kind: "func", Key: d.Name.Name, Names: []string{d.Name.Name}, Line: c.src.line(at), Uses: usesOf(d), Cell: c.ID}, at: at, end: end}
			if d.Recv != nil && len(d.Recv.List) > 0 {
				n.Key = c.methodKey(d.Recv.List[0].Type, offset) + "~" + d.Name.Name
			} else if n.Key == "init" {
				if inits++; inits > 1 {
					n.Key = fmt.Sprintf("init_%d", inits)
					n.rename = edit{offset(d.Name.Pos()), offset(d.Name.End()), n.Key, -1}
				}
			}
			if line, ok := keys[n.Key]; ok && n.Key != "_" {
				if strings.HasPrefix(n.Key, "unknown~") {
					c.fail(at, "GoNB cannot tell this method %s of a generic type from that in line %d; give one of the two a pointer receiver", d.Name.Name, line)
				} else {
					c.fail(at, "%s is declared twice, first in line %d", n.Key, line)
				}
				return
			}
			keys[n.Key] = n.Line
			if d.Doc != nil {
				for _, l := range d.Doc.List {
					if ownDirective(l.Text) {
						n.keep = l.Text
						continue
					}
					n.doc = append(n.doc, calm(unCR(l.Text)))
				}
			}
			n.Source = strings.Join(append(slices.Clone(n.doc), c.piece(at, end, n.rename)), "\n")
			c.decls = append(c.decls, n)
		}
	}
	if c.main != nil && (c.Explicit || c.to > c.from) {
		line := c.src.line(offset(c.main.Pos()))
		if c.Explicit {
			c.fail(offset(c.main.Pos()), "func main here and the body that line %d begins are two; remove one of them", c.markLine)
		} else {
			c.fail(c.from, "the cell has statements beside func main in line %d; put them into it, or remove func main", line)
		}
	}
}

// methodKey is how GoNB names a receiver's type.
func (c *Cell) methodKey(x ast.Expr, offset func(token.Pos) int) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.StarExpr:
		return c.src.s[offset(x.X.Pos()):offset(x.X.End())]
	}
	return "unknown"
}

// declareGroup lists what import, const, type or var declares.
func (c *Cell) declareGroup(d *ast.GenDecl, offset func(token.Pos) int) {
	kind := d.Tok.String()
	add := func(n declaration, pos, end token.Pos, head string) {
		n.Kind, n.Cell, n.at, n.end = kind, c.ID, offset(pos), offset(end)
		n.Line = c.src.line(n.at)
		n.Source = head + c.piece(n.at, n.end)
		c.decls = append(c.decls, n)
	}
	if d.Tok == token.CONST {
		names := namesOf(d)
		if len(names) == 0 {
			return
		}
		add(declaration{Decl: Decl{Key: names[0], Names: names, Uses: usesOf(d)}}, d.Pos(), d.End(), "")
		return
	}
	for _, s := range d.Specs {
		one := &ast.GenDecl{Tok: d.Tok, Specs: []ast.Spec{s}}
		switch s := s.(type) {
		case *ast.ImportSpec:
			path, err := strconv.Unquote(s.Path.Value)
			if err != nil {
				continue
			}
			n := Decl{Path: path}
			if s.Name != nil {
				n.Alias = s.Name.Name
			}
			n.Key = importKey(path, n.Alias)
			if n.Alias != "_" && n.Alias != "." {
				n.Names = []string{n.Alias}
				if n.Alias == "" {
					n.Names[0] = assumedName(path)
				}
			}
			add(declaration{Decl: n}, s.Pos(), s.Path.End(), "import ")
		case *ast.TypeSpec:
			add(declaration{Decl: Decl{Key: s.Name.Name, Names: namesOf(one), Uses: usesOf(one)}}, s.Pos(), s.End(), "type ")
		case *ast.ValueSpec:
			names := namesOf(one)
			blank := !slices.ContainsFunc(names, func(n string) bool { return n != "_" })
			add(declaration{Decl: Decl{Key: names[0], Names: names, Uses: usesOf(one)}, blank: blank && !c.Test}, s.Pos(), s.End(), "var ")
		}
	}
}

// importKey is GoNB's key of an import: its alias, or the last word of its path.
func importKey(path, alias string) string {
	switch alias {
	case "":
		i := len(path)
		for i > 0 && isWord(path[i-1]) {
			i--
		}
		if i == len(path) {
			return path
		}
		return path[i:]
	case ".":
		return ".~" + path
	}
	return alias
}

func isWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// usesOf lists the free names of a declaration, sorted.
func usesOf(d ast.Decl) []string {
	w := newWalker()
	if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
		w.declare(f.Name.Name)
	}
	w.node(d)
	return slices.Sorted(maps.Keys(w.free))
}

// Declared lists the declarations that the cell adds to the package, in the order of the source. A func
// main is not among them, because GoNB does not keep it, nor is a variable that is called just _: later
// cells have nothing of it.
func (c *Cell) Declared() []Decl {
	out := make([]Decl, 0, len(c.decls))
	for _, d := range c.decls {
		if !d.blank {
			out = append(out, d.Decl)
		}
	}
	return out
}

// assumedName is the name that a package with this path most likely has.
func assumedName(path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" && len(base) < len(path) {
		dir := path[:len(path)-len(base)-1]
		base = dir[strings.LastIndexByte(dir, '/')+1:]
	}
	base = strings.TrimPrefix(base, "go-")
	if i := strings.IndexFunc(base, func(r rune) bool { return r < 0x80 && !isWord(byte(r)) }); i > 0 {
		base = base[:i]
	}
	return base
}
