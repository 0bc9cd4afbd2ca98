package doctor

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"urbangraph/kernel/gofront"
	"urbangraph/kernel/lab"
)

// golang finds the Go toolchain; without one most checks have no ground.
func (e *exam) golang() bool {
	const check = "go"
	ctx, cancel := e.within(30 * time.Second)
	defer cancel()
	t, err := gofront.FindToolchain(ctx, e.Repo, e.State())
	if err != nil {
		e.add(check, Fail, "install Go 1.26 or newer from go.dev/dl and put its folder bin into PATH", "%s", oneLine(err.Error()))
		return false
	}
	e.tool = t
	for _, part := range []string{
		filepath.Join(t.Root, "src", "fmt", "print.go"),
		filepath.Join(t.ToolDir, exe("compile")), filepath.Join(t.ToolDir, exe("link")),
	} {
		if _, err := os.Stat(part); err != nil {
			e.add(check, Fail, "install a whole Go from go.dev/dl; some packages of distributions leave parts out", "%s in %s lacks %s", t.Version, t.Root, part)
			return true
		}
	}
	e.add(check, OK, "", "%s in %s", t.Version, t.Root)
	return true
}

// exe is the file name of a program.
func exe(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// goEnv asks the go command for its settings, those of `go env -w` included.
func (e *exam) goEnv(names ...string) (map[string]string, error) {
	ctx, cancel := e.within(30 * time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.tool.Go, append([]string{"env", "-json"}, names...)...)
	cmd.Dir = e.Repo
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var v map[string]string
	return v, json.Unmarshal(out, &v)
}

// settings looks for settings of Go that break cells or make them slow.
func (e *exam) settings() {
	const check = "go settings"
	v, err := e.goEnv("GOOS", "GOARCH", "GO111MODULE", "GOFLAGS")
	if err != nil {
		e.add(check, Fail, "see what `go env` says in the clone", "go env fails: %v", err)
		return
	}
	before := len(e.findings)
	if v["GOOS"] != runtime.GOOS || v["GOARCH"] != runtime.GOARCH {
		e.add(check, Fail, "unset GOOS and GOARCH (go env -u GOOS GOARCH)", "GOOS and GOARCH are set to another machine's, %s/%s: cells could not run", v["GOOS"], v["GOARCH"])
	}
	if v["GO111MODULE"] == "off" {
		e.add(check, Fail, "unset GO111MODULE (go env -u GO111MODULE)", "GO111MODULE=off: modules are not found")
	}
	flags := strings.TrimSpace(strings.ReplaceAll(v["GOFLAGS"], gofront.BuildFlags, ""))
	for f := range strings.FieldsSeq(flags) {
		f = "-" + strings.TrimLeft(f, "-")
		switch {
		case f == "-mod=vendor" || strings.HasPrefix(f, "-modfile") || strings.HasPrefix(f, "-overlay"):
			e.add(check, Fail, "unset GOFLAGS, or take this flag out (go env -w GOFLAGS=...)", "GOFLAGS has %s: cells' modules are not found with it", f)
		case os.Getenv("CGO_ENABLED") != "1" && (f == "-race" || f == "-msan" || f == "-asan"):
			e.add(check, Fail, "take it out of GOFLAGS, or set CGO_ENABLED=1", "GOFLAGS has %s, which needs cgo: cells do not build", f)
		case f != "-buildvcs=false" && f != "-mod=mod" && f != "-mod=readonly":
			e.add(check, Warn, "unset GOFLAGS unless you mean it", "GOFLAGS has %s: cells are built with it, by the go command, which is slower", f)
		}
	}
	// These two the kernel sets itself unless the environment does.
	if x := os.Getenv("GOEXPERIMENT"); x != "" && !slices.Contains(strings.Split(x, ","), "simd") {
		e.add(check, Warn, "unset GOEXPERIMENT, or add simd to it", "GOEXPERIMENT=%s lacks simd: models compute many times slower", x)
	}
	if os.Getenv("CGO_ENABLED") == "1" {
		e.add(check, Warn, "unset CGO_ENABLED unless cells need C", "CGO_ENABLED=1: cells are built with another cache, which is not warm, and link slower")
	}
	if len(e.findings) == before {
		e.add(check, OK, "", "nothing unusual")
	}
}

// modules checks that what the kernel and cells are built from is in the module cache.
func (e *exam) modules() {
	const check = "modules"
	const cure = "connect this machine once and run `go mod download` in the clone, or set GOPROXY to a mirror"
	ctx, cancel := e.within(60 * time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.tool.Go, "list", "-deps", "-e", "-f", "{{with .Error}}{{.Err}}{{end}}",
		"./kernel/cmd/...", "github.com/janpfeifer/gonb", "github.com/janpfeifer/gonb/gonbui", "golang.org/x/tools/gopls", "gonum.org/v1/plot/vg/vgimg")
	cmd.Dir = e.Repo
	// Odd flags are told by the check of settings.
	cmd.Env = gofront.Setenv(gofront.Setenv(os.Environ(), "GOPROXY", "off"), "GOFLAGS", "-mod=readonly")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	problem := strings.TrimSpace(string(out))
	if err != nil {
		problem = strings.TrimSpace(problem + "\n" + stderr.String() + "\n" + err.Error())
	}
	if problem != "" {
		first, _, _ := strings.Cut(problem, "\n")
		e.add(check, Fail, cure, "%s", first)
		return
	}
	e.add(check, OK, "", "all in %s", e.tool.ModCache)
}

// tools are the programs of others that the kernel runs, with their modules.
var tools = []struct {
	name, module string
	without      Level  // how bad it is to lack it
	loss         string // what is lost
}{
	{"gonb", "github.com/janpfeifer/gonb", Fail, "no cell runs"},
	{"gopls", "golang.org/x/tools/gopls", Warn, "completion and documentation are poor"},
	{"goimports", "golang.org/x/tools", Warn, "imports that only it resolves are not added"},
}

// programs checks the tools and the kernel's own programs.
func (e *exam) programs() {
	want := e.toolVersions()
	for _, t := range tools {
		path := filepath.Join(e.Bin(), t.name)
		bi, err := buildinfo.ReadFile(path)
		switch {
		case os.IsNotExist(err):
			e.add(t.name, t.without, setupCure, "not in %s: %s", e.Bin(), t.loss)
		case err != nil || !executable(path):
			e.add(t.name, t.without, setupCure+" --force", "%s is no program: %s", path, t.loss)
		default:
			have := bi.Main.Version
			if bi.Main.Replace != nil {
				have = bi.Main.Replace.Version
			}
			if w := want[t.module]; w != "" && w != have {
				e.add(t.name, Warn, setupCure, "%s, while go.mod names %s", have, w)
			} else {
				e.add(t.name, OK, "", "%s", have)
			}
		}
	}
	e.kernelPrograms()
}

// kernelPrograms checks ugkernel, the fronts and the launcher.
func (e *exam) kernelPrograms() {
	const check = "kernel"
	var missing []string
	for _, path := range lab.KernelFiles(e.Layout) {
		if !executable(path) {
			missing = append(missing, filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path)))
		}
	}
	switch s := e.states["kernel"]; {
	case len(missing) > 0:
		e.add(check, Fail, setupCure, "missing in %s: %s", e.State(), strings.Join(missing, ", "))
	case !s.Current:
		e.add(check, Warn, setupCure, "its programs are older than their sources")
	default:
		e.add(check, OK, "", "programs, fronts and launcher are current")
	}
}

// toolVersions are the versions that go.mod selects for the tools' modules.
func (e *exam) toolVersions() map[string]string {
	ctx, cancel := e.within(30 * time.Second)
	defer cancel()
	args := []string{"list", "-m", "-f", "{{.Path}} {{if .Replace}}{{.Replace.Version}}{{else}}{{.Version}}{{end}}"}
	for _, t := range tools {
		args = append(args, t.module)
	}
	cmd := exec.CommandContext(ctx, e.tool.Go, args...)
	cmd.Dir = e.Repo
	cmd.Env = gofront.Setenv(os.Environ(), "GOPROXY", "off")
	out, err := cmd.Output()
	if err != nil {
		return nil // the check of modules says why
	}
	versions := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, version, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			versions[path] = version
		}
	}
	return versions
}

// steps asks the set-up what is done.
func (e *exam) steps() {
	states, err := (&lab.Setup{Layout: e.Layout}).Check(e.ctx)
	if err != nil {
		e.add("set-up", Fail, setupCure, "%s", oneLine(err.Error()))
		return
	}
	e.states = map[string]lab.State{}
	for _, s := range states {
		e.states[s.Step] = s
	}
}

// caches checks that the build cache is warm, and tells the size of the cells' own.
func (e *exam) caches() {
	const check = "caches"
	size := folderSize(e.Cells())
	if !e.states["warm"].Current {
		e.add(check, Warn, setupCure, "packages for cells are not built, or have changed: the first cells will take long")
		return
	}
	e.add(check, OK, "", "packages for cells are built; programs of cells take %s", bytesText(size))
}

// executable reports whether a path is a program.
func executable(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode().IsRegular() && fi.Mode()&0o111 != 0
}

// oneLine is a text without line breaks.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// folderSize is the sum of the sizes of the files below a folder.
func folderSize(dir string) int64 {
	var sum int64
	filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if fi, err := d.Info(); err == nil {
			sum += fi.Size()
		}
		return nil
	})
	return sum
}

// bytesText is a number of bytes for people.
func bytesText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	default:
		return fmt.Sprintf("%d kB", (n+999)/1000)
	}
}
