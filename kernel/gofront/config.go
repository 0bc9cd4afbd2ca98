package gofront

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"
)

// maxBinaries limits the programs of cells that are kept, in bytes; the longest unused go first.
const maxBinaries = 512 << 20

// maxConfigs limits the import configurations that are kept, in bytes.
const maxConfigs = 64 << 20

// config is an import configuration: for each package that a set of imports leads to, the file with
// its compiled form.
type config struct {
	file string // in the format that compile reads

	Local []string          `json:"local"` // folders and embedded files outside GOROOT and the module cache
	Stamp string            `json:"stamp"` // of Local
	Head  string            `json:"head"`  // last commit of the clone
	Deps  map[string]string `json:"deps"`  // modules, path to version
}

// linkFile is the same for link, with the build information of the program.
func (c *config) linkFile() string { return c.file + ".link" }

// configPath is where the configuration with the given key is kept.
func (b builder) configPath(key string) string { return filepath.Join(b.Cache, "imports", key) }

// loadConfig opens a kept configuration; it reports false when there is none or when it no longer holds.
// A commit since then changes nothing but the build information.
func (b builder) loadConfig(key string) (*config, bool) {
	c := &config{file: b.configPath(key)}
	text, err := os.ReadFile(c.file)
	if err != nil || !isFile(c.linkFile()) {
		return nil, false
	}
	meta, err := os.ReadFile(c.file + ".json")
	if err != nil || json.Unmarshal(meta, c) != nil || stampFiles(c.Local) != c.Stamp {
		return nil, false
	}
	for line := range strings.Lines(string(text)) {
		if _, f, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			if _, err := os.Stat(f); err != nil { // the go command has trimmed its cache
				return nil, false
			}
		}
	}
	if h := head(b.Repo); h != c.Head {
		c.Head = h
		if b.saveConfig(c, text) != nil {
			return nil, false
		}
	}
	for _, f := range []string{c.file, c.linkFile(), c.file + ".json"} {
		touch(f)
	}
	return c, true
}

// saveConfig keeps a configuration; text is what compile reads of it.
func (b builder) saveConfig(c *config, text []byte) error {
	if m := ownModule(b.Repo); c.Deps[m] != "" {
		c.Deps[m] = revision(context.Background(), b.Repo)
	}
	if err := os.MkdirAll(filepath.Dir(c.file), 0o755); err != nil {
		return err
	}
	meta, err := json.Marshal(c)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		path string
		data []byte
	}{{c.file, text}, {c.linkFile(), append(slices.Clip(text), modInfo(c.Deps)...)}, {c.file + ".json", meta}} {
		if err := renameio.WriteFile(f.path, f.data, 0o644); err != nil {
			return err
		}
	}
	prune(filepath.Dir(c.file), maxConfigs, c.file)
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
	c := &config{file: b.configPath(key), Head: head(b.Repo), Deps: map[string]string{}}
	var text bytes.Buffer
	for line := range strings.Lines(string(out)) {
		p := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(p) != 7 {
			continue
		}
		if p[1] != "" {
			fmt.Fprintf(&text, "packagefile %s=%s\n", p[0], p[1])
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
	return c, b.saveConfig(c, text.Bytes())
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

// isFile reports whether path is there and no folder.
func isFile(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode().IsRegular()
}

// touch sets the time of a file to now, which [prune] reads as its last use.
func touch(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

// prune removes the longest unused files of a folder until the rest takes at most limit bytes. The file
// keep stays.
func prune(dir string, limit int64, keep string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	var files []os.FileInfo
	var total int64
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && fi.Mode().IsRegular() {
			files = append(files, fi)
			total += fi.Size()
		}
	}
	slices.SortFunc(files, func(x, y os.FileInfo) int {
		return cmp.Or(x.ModTime().Compare(y.ModTime()), cmp.Compare(x.Name(), y.Name()))
	})
	for _, fi := range files {
		if total <= limit {
			return
		}
		if path := filepath.Join(dir, fi.Name()); path != keep && os.Remove(path) == nil {
			total -= fi.Size()
		}
	}
}
