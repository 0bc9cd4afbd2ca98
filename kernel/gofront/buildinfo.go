package gofront

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/module"
)

// The go command stores what [runtime/debug.ReadBuildInfo] reads between these two marks
// (cmd/go/internal/modload, infoStart and infoEnd); so does the direct way of building, without which a
// cell could not say which version of the project it ran.
const (
	infoStart = "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
	infoEnd   = "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"
)

// modInfo is the line of an import configuration that carries the build information of a cell: the
// modules, path to version, that are linked into it.
func modInfo(deps map[string]string) string {
	var b strings.Builder
	b.WriteString("path\tcell\nmod\tcell\t(devel)\t\n")
	paths := make([]string, 0, len(deps))
	for p := range deps {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		fmt.Fprintf(&b, "dep\t%s\t%s\t\n", p, deps[p])
	}
	return "modinfo " + strconv.Quote(infoStart+b.String()+infoEnd) + "\n"
}

// revision is the version of the clone as a pseudo-version of Go, with "+dirty" when files differ from
// the last commit, or "(devel)" when the clone is under no version control that can be asked.
func revision(ctx context.Context, repo string) string {
	out, err := exec.CommandContext(ctx, "git", "-C", repo, "log", "-1", "--format=%ct %H").Output()
	f := bytes.Fields(out)
	if err != nil || len(f) != 2 || len(f[1]) < 12 {
		return "(devel)"
	}
	seconds, err := strconv.ParseInt(string(f[0]), 10, 64)
	if err != nil {
		return "(devel)"
	}
	v := module.PseudoVersion("v0", "", time.Unix(seconds, 0).UTC(), string(f[1][:12]))
	changes, err := exec.CommandContext(ctx, "git", "-C", repo, "status", "--porcelain", "--untracked-files=no").Output()
	if err != nil || len(bytes.TrimSpace(changes)) > 0 {
		v += "+dirty"
	}
	return v
}

// head identifies the last commit of the clone without starting a program: what its HEAD points to.
func head(repo string) string {
	dir := filepath.Join(repo, ".git")
	if text, err := os.ReadFile(dir); err == nil { // a work tree: a file that names the folder
		if d, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: "); ok {
			dir = d
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "HEAD"))
	if err != nil {
		return ""
	}
	ref, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "ref: ")
	if !ok {
		return ref
	}
	if common, err := os.ReadFile(filepath.Join(dir, "commondir")); err == nil { // of a work tree
		dir = filepath.Join(dir, strings.TrimSpace(string(common)))
	}
	if hash, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(ref))); err == nil {
		return strings.TrimSpace(string(hash))
	}
	packed, _ := os.ReadFile(filepath.Join(dir, "packed-refs"))
	return digest(string(packed), ref)
}
