package gofront

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// WriteModule writes dir/go.mod for a module called name that requires the project in the clone at repo
// and everything that the project requires, and copies the project's go.sum. It needs no network.
//
// The replace directives stand in one block on purpose: GoNB walks the folder of every replace directive
// that stands on a line of its own and watches each folder below it for changes, which would make it
// walk the clone with its Python environment before the first cell.
func WriteModule(dir, name, repo string) error {
	data, err := os.ReadFile(filepath.Join(repo, "go.mod"))
	if err != nil {
		return fmt.Errorf("the clone at %s has no readable go.mod: %w", repo, err)
	}
	text, err := cellModule(data, name, repo)
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(repo, "go.sum"))
	if err != nil {
		return fmt.Errorf("the clone at %s has no readable go.sum: %w", repo, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.mod"), text, 0o644)
}

// cellModule derives the text of a notebook's go.mod from that of the project.
func cellModule(project []byte, name, repo string) ([]byte, error) {
	p, err := modfile.Parse(filepath.Join(repo, "go.mod"), project, nil)
	if err != nil {
		return nil, fmt.Errorf("the clone's go.mod cannot be read: %w", err)
	}
	if p.Module == nil || p.Go == nil {
		return nil, fmt.Errorf("%s has no module or no go line", filepath.Join(repo, "go.mod"))
	}
	f := new(modfile.File)
	if err := f.AddModuleStmt(name); err != nil {
		return nil, fmt.Errorf("%q is no module path: %w", name, err)
	}
	if err := f.AddGoStmt(p.Go.Version); err != nil {
		return nil, err
	}
	for _, g := range p.Godebug {
		if err := f.AddGodebug(g.Key, g.Value); err != nil {
			return nil, err
		}
	}
	for _, x := range p.Exclude {
		if err := f.AddExclude(x.Mod.Path, x.Mod.Version); err != nil {
			return nil, err
		}
	}
	reqs := []*modfile.Require{{Mod: module.Version{Path: p.Module.Mod.Path, Version: "v0.0.0"}}}
	for _, r := range p.Require {
		reqs = append(reqs, &modfile.Require{Mod: r.Mod, Indirect: r.Indirect})
	}
	f.SetRequireSeparateIndirect(reqs)
	head, err := f.Format()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(head)
	b.WriteString("\nreplace (\n")
	fmt.Fprintf(&b, "\t%s => %s\n", p.Module.Mod.Path, modfile.AutoQuote(repo))
	for _, r := range p.Replace {
		old := modfile.AutoQuote(r.Old.Path)
		if r.Old.Version != "" {
			old += " " + r.Old.Version
		}
		target := r.New.Path
		if r.New.Version == "" && !filepath.IsAbs(target) {
			target = filepath.Join(repo, target)
		}
		fmt.Fprintf(&b, "\t%s => %s\n", old, strings.TrimSpace(modfile.AutoQuote(target)+" "+r.New.Version))
	}
	b.WriteString(")\n")
	return b.Bytes(), nil
}

// ownModule is the module path of the project in the clone, "" when it cannot be read, and the modules
// that it requires.
func ownModule(repo string) (path string, required map[string]bool) {
	data, err := os.ReadFile(filepath.Join(repo, "go.mod"))
	if err != nil {
		return "", nil
	}
	f, err := modfile.ParseLax("go.mod", data, nil)
	if err != nil || f.Module == nil {
		return "", nil
	}
	required = map[string]bool{}
	for _, r := range f.Require {
		required[r.Mod.Path] = true
	}
	return f.Module.Mod.Path, required
}

// modules answers, from a go.mod and without a network, whether a package can be imported.
type modules struct {
	t        Toolchain
	self     string
	dir      string
	required map[string]string // module path -> version
	indirect map[string]bool   // those required for the sake of others
	replaced map[string]module.Version
}

// readModules reads dir/go.mod.
func readModules(dir string, t Toolchain) (*modules, error) {
	file := filepath.Join(dir, "go.mod")
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	f, err := modfile.ParseLax(file, data, nil)
	if err != nil {
		return nil, err
	}
	// ParseLax skips replace directives, which only count in a main module: read them strictly.
	if s, err := modfile.Parse(file, data, nil); err == nil {
		f = s
	}
	m := &modules{t: t, dir: dir, required: map[string]string{}, indirect: map[string]bool{}, replaced: map[string]module.Version{}}
	if f.Module != nil {
		m.self = f.Module.Mod.Path
	}
	for _, r := range f.Require {
		m.required[r.Mod.Path] = r.Mod.Version
		m.indirect[r.Mod.Path] = r.Indirect
	}
	for _, r := range f.Replace {
		if r.Old.Version == "" || r.Old.Version == m.required[r.Old.Path] {
			m.replaced[r.Old.Path] = r.New
		}
	}
	return m, nil
}

// provides reports whether the package of the given import path is there: in the standard library, in
// the module itself, or in the module cache or replacement folder of a required module.
func (m *modules) provides(path string) bool {
	if path == "C" || path == "unsafe" {
		return true
	}
	if hasGo(filepath.Join(m.t.Root, "src", filepath.FromSlash(path))) {
		return true
	}
	_, ok := m.locate(path)
	return ok
}

// locate is the folder of a package that is not of the standard library.
func (m *modules) locate(path string) (dir string, ok bool) {
	if rest, ok := within(path, m.self); ok {
		dir := filepath.Join(m.dir, rest)
		return dir, hasGo(dir)
	}
	for mod := path; mod != "." && mod != "/" && mod != ""; mod = parent(mod) {
		version, ok := m.required[mod]
		if !ok {
			continue
		}
		rest, _ := within(path, mod)
		if root, ok := m.folder(mod, version); ok && hasGo(filepath.Join(root, rest)) {
			return filepath.Join(root, rest), true
		}
	}
	return "", false
}

// folder is where the source of a required module lies.
func (m *modules) folder(mod, version string) (string, bool) {
	if r, ok := m.replaced[mod]; ok {
		if r.Version == "" {
			if filepath.IsAbs(r.Path) {
				return r.Path, true
			}
			return filepath.Join(m.dir, r.Path), true
		}
		mod, version = r.Path, r.Version
	}
	p, err := module.EscapePath(mod)
	if err != nil {
		return "", false
	}
	v, err := module.EscapeVersion(version)
	if err != nil {
		return "", false
	}
	return filepath.Join(m.t.ModCache, filepath.FromSlash(p)+"@"+v), true
}

// within returns the part of path below mod.
func within(path, mod string) (string, bool) {
	if path == mod {
		return "", mod != ""
	}
	rest, ok := strings.CutPrefix(path, mod+"/")
	return filepath.FromSlash(rest), ok && mod != ""
}

// parent is path without its last element, "" for a single element.
func parent(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return ""
	}
	return path[:i]
}

// hasGo reports whether a folder holds Go files.
func hasGo(dir string) bool {
	es, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range es {
		if strings.HasSuffix(e.Name(), ".go") && !e.IsDir() {
			return true
		}
	}
	return false
}
