package gofront

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
)

// record is what the go command said about a package, and what that holds for.
type record struct {
	Export  string   `json:"e,omitempty"` // file with the compiled form; unsafe has none
	Imports []string `json:"i,omitempty"`
	Local   []string `json:"l,omitempty"` // folder and embedded files, where they may change
	State   string   `json:"s,omitempty"` // of Local and the states of the imports, "" where nothing may change
	Module  string   `json:"m,omitempty"`
	Version string   `json:"v,omitempty"`
}

// graph knows packages by import path. It is never changed: what is learnt makes a new one.
type graph map[string]*record

// closure is what a set of imports leads to.
type closure struct {
	paths []string // sorted
	local []string // folders and files that may change, sorted
}

// closure returns what the imports lead to. It reports false when a package is not known or has changed, or
// one that it imports.
func (g graph) closure(imports []string) (closure, bool) {
	var c closure
	states := map[string]string{}
	ok := true
	var visit func(path string)
	visit = func(path string) {
		if _, done := states[path]; done || !ok || path == "unsafe" {
			return
		}
		r := g[path]
		if r == nil {
			ok = false
			return
		}
		states[path] = "" // ends a cycle, which only a damaged file can hold
		for _, i := range r.Imports {
			visit(i)
		}
		if !ok {
			return
		}
		states[path] = r.state(states)
		ok = states[path] == r.State
		c.paths = append(c.paths, path)
		c.local = append(c.local, r.Local...)
	}
	for _, p := range imports {
		visit(p)
	}
	slices.Sort(c.paths)
	slices.Sort(c.local)
	return c, ok
}

// state is the present state of a package, from those of its imports.
func (r *record) state(states map[string]string) string {
	parts := []string{}
	for _, i := range r.Imports {
		if s := states[i]; s != "" {
			parts = append(parts, i, s)
		}
	}
	if len(r.Local) == 0 && len(parts) == 0 {
		return ""
	}
	return digest(append(parts, stampFiles(r.Local))...)
}

// listFormat has the go command print a package as a line that [graph.learn] reads.
const listFormat = "{{.ImportPath}}\t{{.Export}}\t{{.Dir}}\t{{.Standard}}\t{{range .EmbedFiles}}{{.}}\x01{{end}}\t{{range .Imports}}{{.}}\x01{{end}}\t{{with .Module}}{{.Path}}\t{{.Version}}{{else}}\t{{end}}"

// learn returns the graph with the packages that the go command has listed, each after those that it
// imports.
func (g graph) learn(list string, modCache string) graph {
	out := graph{}
	for p, r := range g {
		out[p] = r
	}
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '\x01' })
	}
	states := map[string]string{}
	for line := range strings.Lines(list) {
		p := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(p) != 8 || p[0] == "unsafe" || p[1] == "" {
			continue
		}
		r := &record{Export: p[1], Imports: split(p[5]), Module: p[6], Version: p[7]}
		if p[3] != "true" && !strings.HasPrefix(p[2], modCache+string(filepath.Separator)) {
			r.Local = append(r.Local, p[2])
			for _, e := range split(p[4]) {
				r.Local = append(r.Local, filepath.Join(p[2], e))
			}
			slices.Sort(r.Local)
		}
		r.State = r.state(states)
		states[p[0]] = r.State
		out[p[0]] = r
	}
	return out
}

// list has the go command build packages, and all that they import, in the module in dir.
func (s Settings) list(ctx context.Context, dir string, env, packages []string, flags ...string) (string, error) {
	args := slices.Concat([]string{"list", "-export", "-deps", "-f", listFormat}, flags, packages)
	cmd := command(ctx, dir, Setenv(Setenv(env, "GOPROXY", "off"), "GOGC", "400"), s.Go, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// graphPath is where the graph of a module is kept.
func (s Settings) graphPath(module string) string { return filepath.Join(s.Cache, "imports", module) }

// readGraph reads a kept graph; it is empty when there is none.
func (s Settings) readGraph(module string) graph {
	g := graph{}
	text, err := os.ReadFile(s.graphPath(module))
	if err != nil || json.Unmarshal(text, &g) != nil {
		return graph{}
	}
	for p, r := range g {
		if r == nil {
			delete(g, p)
		}
	}
	touch(s.graphPath(module))
	return g
}

// saveGraph keeps a graph for later kernels.
func (s Settings) saveGraph(module string, g graph) error {
	text, err := json.Marshal(g)
	if err != nil {
		return err
	}
	file := s.graphPath(module)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := renameio.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	prune(filepath.Dir(file), maxGraphs, file)
	return nil
}

// Prime has packages built as cells need them, in a notebook's module that [WriteModule] has written to
// dir, and keeps where they lie, so that the first cells that import them find them at once. Packages that
// do not compile are left out.
func Prime(ctx context.Context, s Settings, dir string, env, packages []string) error {
	key, err := s.moduleKey(dir, env)
	if err != nil {
		return err
	}
	text, err := s.list(ctx, dir, env, append([]string{"runtime"}, packages...), "-e")
	if err != nil {
		return err
	}
	return s.saveGraph(key, s.readGraph(key).learn(text, s.ModCache))
}
