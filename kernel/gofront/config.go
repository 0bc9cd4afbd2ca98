package gofront

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"
)

// config is an import configuration: for each package that a set of imports leads to, the file with
// its compiled form. It does not change once it is made.
type config struct {
	Local []string          `json:"local"` // folders and embedded files outside GOROOT and the module cache
	Stamp string            `json:"stamp"` // of Local
	Head  string            `json:"head"`  // last commit of the clone
	Deps  map[string]string `json:"deps"`  // modules, path to version

	text []byte // in the format that compile and link read
}

// linkText is the configuration with the build information of the program.
func (c *config) linkText() []byte { return append(slices.Clip(c.text), modInfo(c.Deps)...) }

// files calls fn with the file of each package until that reports false.
func (c *config) files(fn func(file string) bool) {
	for line := range strings.Lines(string(c.text)) {
		if _, f, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !fn(f) {
			return
		}
	}
}

// complete reports whether all files of packages are there: the go command trims its cache.
func (c *config) complete() bool {
	ok := true
	c.files(func(f string) bool {
		ok = isFile(f)
		return ok
	})
	return ok
}

// configPath is where the configuration with the given key is kept.
func (d *Daemon) configPath(key string) string { return filepath.Join(d.Cache, "imports", key) }

// config returns the configuration with the given key, nil when there is none or when it no longer holds.
// A commit since then changes nothing but the build information. Whether the files of packages are there
// is seen once, when it is read: later the build fails without them.
func (d *Daemon) config(key string) *config {
	d.configMu.Lock()
	c := d.configs[key]
	d.configMu.Unlock()
	if c == nil {
		if c = readConfig(d.configPath(key)); c == nil || !c.complete() {
			return nil
		}
		c.files(func(f string) bool { // so that the go command does not trim it
			if fi, err := os.Stat(f); err == nil && time.Since(fi.ModTime()) > 24*time.Hour {
				touch(f)
			}
			return true
		})
		touch(d.configPath(key))
		d.remember(key, c)
	}
	if stampFiles(c.Local) != c.Stamp {
		return nil
	}
	if h := head(d.Repo); h != c.Head {
		next := &config{Local: c.Local, Stamp: c.Stamp, Head: h, Deps: maps.Clone(c.Deps), text: c.text}
		if d.saveConfig(key, next) != nil {
			return nil
		}
		return next
	}
	return c
}

// maxRemembered limits the configurations in memory; they take tens of kilobytes.
const maxRemembered = 64

// remember keeps a configuration in memory.
func (d *Daemon) remember(key string, c *config) {
	d.configMu.Lock()
	defer d.configMu.Unlock()
	if len(d.configs) >= maxRemembered || d.configs == nil {
		d.configs = map[string]*config{}
	}
	d.configs[key] = c
}

// readConfig reads a kept configuration: a line of JSON, then the text; nil when there is none.
func readConfig(file string) *config {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	meta, text, ok := bytes.Cut(data, []byte("\n"))
	c := &config{text: text}
	if !ok || json.Unmarshal(meta, c) != nil {
		return nil
	}
	return c
}

// saveConfig keeps a new configuration.
func (d *Daemon) saveConfig(key string, c *config) error {
	if m, _ := ownModule(d.Repo); c.Deps[m] != "" {
		c.Deps[m] = revision(d.ctx, d.Repo)
	}
	meta, err := json.Marshal(c)
	if err != nil {
		return err
	}
	file := d.configPath(key)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := renameio.WriteFile(file, slices.Concat(meta, []byte("\n"), c.text), 0o644); err != nil {
		return err
	}
	prune(filepath.Dir(file), maxConfigs, file)
	d.remember(key, c)
	return nil
}

// makeConfig asks the real go command to build all that the imports lead to and keeps where it lies.
func (b builder) makeConfig(ctx context.Context, key string, imports []string) (*config, error) {
	const format = "{{.ImportPath}}\t{{.Export}}\t{{.Dir}}\t{{.Standard}}\t{{range .EmbedFiles}}{{.}}\x01{{end}}\t{{with .Module}}{{.Path}}\t{{.Version}}{{else}}\t{{end}}"
	cmd := command(ctx, b.dir, Setenv(Setenv(b.env, "GOPROXY", "off"), "GOGC", "400"), b.Go,
		append([]string{"list", "-export", "-deps", "-f", format}, imports...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	c := &config{Head: head(b.Repo), Deps: map[string]string{}}
	for line := range strings.Lines(string(out)) {
		p := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(p) != 7 {
			continue
		}
		if p[1] != "" {
			c.text = fmt.Appendf(c.text, "packagefile %s=%s\n", p[0], p[1])
		}
		if p[5] != "" {
			c.Deps[p[5]] = p[6]
		}
		if p[3] != "true" && !strings.HasPrefix(p[2], b.ModCache+string(filepath.Separator)) {
			c.Local = append(c.Local, p[2])
			for _, e := range strings.Split(p[4], "\x01") {
				if e != "" {
					c.Local = append(c.Local, filepath.Join(p[2], e))
				}
			}
		}
	}
	slices.Sort(c.Local)
	c.Stamp = stampFiles(c.Local)
	return c, b.saveConfig(key, c)
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
