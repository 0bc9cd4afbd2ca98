package gofront

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// config is an import configuration: for each package that a set of imports leads to, the file with
// its compiled form. It does not change once it is made.
type config struct {
	local []string          // folders and embedded files that may change
	stamp string            // of local
	head  string            // last commit of the clone
	deps  map[string]string // modules, path to version
	text  []byte            // in the format that compile and link read

	own      string        // the project's module, when it is one of deps
	revision func() string // of own; it asks git the first time
}

// linkText is the configuration with the build information of the program.
func (c *config) linkText() []byte {
	deps := c.deps
	if c.own != "" {
		deps = maps.Clone(deps)
		deps[c.own] = c.revision()
	}
	return append(slices.Clip(c.text), modInfo(deps)...)
}

// files calls fn with the file of each package until that reports false.
func (c *config) files(fn func(file string) bool) {
	for line := range strings.Lines(string(c.text)) {
		if _, f, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !fn(f) {
			return
		}
	}
}

// complete reports whether all files of packages are there: the go command trims its cache. It marks them as
// used, so that they are not trimmed.
func (c *config) complete() bool {
	ok := true
	c.files(func(f string) bool {
		fi, err := os.Stat(f)
		if ok = err == nil; ok && time.Since(fi.ModTime()) > 24*time.Hour {
			touch(f)
		}
		return ok
	})
	return ok
}

// config returns the configuration of a cell, nil when the go command has to be asked for it. Whether the
// files of packages are there is seen once, when it is made: later the build fails without them.
func (d *Daemon) config(c *cell) *config {
	d.configMu.Lock()
	defer d.configMu.Unlock()
	now := head(d.Repo)
	if x := d.configs[c.key]; x != nil && x.head == now && stampFiles(x.local) == x.stamp {
		return x
	}
	x := d.graphLocked(c.module).config(c.imports)
	if x == nil || !x.complete() {
		return nil
	}
	d.finishLocked(c.key, x, now)
	return x
}

// finishLocked gives a configuration its build information and keeps it in memory.
func (d *Daemon) finishLocked(key string, c *config, head string) {
	c.head = head
	if own, _ := ownModule(d.Repo); c.deps[own] != "" {
		c.own, c.revision = own, sync.OnceValue(func() string { return revision(d.ctx, d.Repo) })
		d.spawn(func() { c.revision() }) // while the cell is compiled
	}
	if len(d.configs) >= maxRemembered || d.configs == nil {
		d.configs = map[string]*config{}
	}
	d.configs[key] = c
}

// maxRemembered limits the configurations in memory; they take tens of kilobytes.
const maxRemembered = 64

// graphLocked is the graph of the module with the given key.
func (d *Daemon) graphLocked(module string) graph {
	if d.graphOf != module || d.graph == nil {
		d.graphOf, d.graph = module, d.readGraph(module)
	}
	return d.graph
}

// config makes a configuration of what is known; nil when a package is not known or has changed.
func (g graph) config(imports []string) *config {
	all, ok := g.closure(imports)
	if !ok {
		return nil
	}
	c := &config{local: all.local, stamp: stampFiles(all.local), deps: map[string]string{}}
	for _, p := range all.paths {
		r := g[p]
		c.text = fmt.Appendf(c.text, "packagefile %s=%s\n", p, r.Export)
		if r.Module != "" {
			c.deps[r.Module] = r.Version
		}
	}
	return c
}

// makeConfig asks the real go command to build all that the imports of a cell lead to and keeps where it
// lies.
func (b builder) makeConfig(ctx context.Context, c *cell) (*config, error) {
	text, err := b.list(ctx, b.dir, b.env, c.imports)
	if err != nil {
		return nil, err
	}
	b.configMu.Lock()
	defer b.configMu.Unlock()
	g := b.graphLocked(c.module).learn(text, b.ModCache)
	x := g.config(c.imports)
	if x == nil {
		return nil, errUnusual // files have changed in the meantime
	}
	b.graph = g
	b.finishLocked(c.key, x, head(b.Repo))
	return x, b.saveGraph(c.module, g)
}

// stampFiles is a hash over names, sizes and times of the files in the given folders, and of the given
// files themselves.
func stampFiles(paths []string) string {
	var b strings.Builder
	note := func(path string, fi os.FileInfo) {
		if !fi.IsDir() {
			fmt.Fprintln(&b, path, fi.Size(), fi.ModTime().UnixNano())
		}
	}
	for _, p := range paths {
		entries, err := os.ReadDir(p)
		if err != nil {
			if fi, err := os.Stat(p); err == nil {
				note(p, fi)
			} else {
				fmt.Fprintln(&b, p, "missing")
			}
			continue
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			if fi, err := e.Info(); err == nil {
				note(filepath.Join(p, e.Name()), fi)
			}
		}
	}
	return digest(b.String())
}
