package lab

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"urbangraph/kernel/gofront"
	"urbangraph/kernel/lab/kernelspec"
)

// module returns the files that pin the Go modules.
func (s *Setup) module() []string {
	return []string{filepath.Join(s.Layout.Repo, "go.mod"), filepath.Join(s.Layout.Repo, "go.sum")}
}

// toolEnv is the environment in which the tools are built.
func (s *Setup) toolEnv() []string {
	return gofront.Setenv(gofront.BuildEnv(os.Environ(), s.tool), "GOBIN", s.Layout.Bin())
}

// haveTools reports whether all tools are there.
func (s *Setup) haveTools() bool {
	for _, t := range []string{"gonb", "goimports", "gopls"} {
		if !isFile(filepath.Join(s.Layout.Bin(), t)) {
			return false
		}
	}
	return true
}

// toolsStamp covers the versions of the tools and of Go.
func (s *Setup) toolsStamp() (string, error) {
	return hashFiles(s.module()...) + " " + s.tool.Version, nil
}

// tools installs the programs that the tool lines of go.mod name.
func (s *Setup) tools(ctx context.Context) (string, error) {
	_, err := s.command(ctx, s.toolEnv(), s.tool.Go, "install", "tool")
	return "", goError(err)
}

// goError adds the cure to a failure of the go command for want of modules.
func goError(err error) error {
	if err == nil {
		return nil
	}
	for _, sign := range []string{"dial tcp", "no such host", "module lookup disabled", "connection refused", "i/o timeout"} {
		if strings.Contains(err.Error(), sign) {
			return fmt.Errorf("missing Go modules could not be fetched: connect this machine once and run `go mod download` in the clone, or set GOPROXY to a mirror, then run this again: %w", err)
		}
	}
	return err
}

// kernelPrograms are those of the kernel itself, and fronts the names by which GoNB calls ugfront.
var (
	kernelPrograms = []string{"ugkernel", "ugfront", "ugrun"}
	fronts         = []string{"go", "goimports", "gopls"}
)

// KernelFiles are the paths of the programs of the kernel and of the fronts.
func KernelFiles(l Layout) []string {
	var out []string
	for _, name := range kernelPrograms {
		out = append(out, filepath.Join(l.Bin(), name))
	}
	for _, name := range fronts {
		out = append(out, filepath.Join(l.Front(), name))
	}
	return out
}

// haveKernel reports whether the programs of the kernel and the fronts are there.
func (s *Setup) haveKernel() bool {
	return !slices.ContainsFunc(KernelFiles(s.Layout), func(path string) bool { return !isFile(path) })
}

// kernelStamp covers the sources of the kernel and its place, which the fronts hold.
func (s *Setup) kernelStamp() (string, error) {
	files, err := sources(filepath.Join(s.Layout.Repo, "kernel"))
	if err != nil {
		return "", err
	}
	return hashFiles(append(files, s.module()...)...) + " " + s.tool.Version, nil
}

// kernel builds the programs of the kernel and puts ugfront into the folder of fronts.
func (s *Setup) kernel(ctx context.Context) (string, error) {
	args := []string{"build", "-o", s.Layout.Bin() + string(filepath.Separator)}
	for _, name := range kernelPrograms {
		args = append(args, "./kernel/cmd/"+name)
	}
	if _, err := s.command(ctx, s.toolEnv(), s.tool.Go, args...); err != nil {
		return "", goError(err)
	}
	if err := os.MkdirAll(s.Layout.Front(), 0o755); err != nil {
		return "", err
	}
	for _, name := range fronts {
		link := filepath.Join(s.Layout.Front(), name)
		if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
			return "", err
		}
		if err := os.Symlink(filepath.Join(s.Layout.Bin(), "ugfront"), link); err != nil {
			return "", err
		}
	}
	return "", nil
}

// Kernelspec is the description of the clone's kernel.
func (l Layout) Kernelspec(title string) kernelspec.Spec {
	return kernelspec.New(filepath.Join(l.Bin(), kernelspec.Program), l.Repo, title)
}

// labSettings are JupyterLab's defaults here: it asks no server for news or for newer versions.
const labSettings = `{
  "@jupyterlab/apputils-extension:notification": {
    "checkForUpdates": false,
    "fetchNews": "false"
  }
}
`

// labSettingsFile is where JupyterLab looks for them.
func (l Layout) labSettingsFile() string {
	return filepath.Join(l.Venv(), "share", "jupyter", "lab", "settings", "overrides.json")
}

// haveSpec reports whether the kernelspec and the settings are there.
func (s *Setup) haveSpec() bool {
	return kernelspec.Present(s.Layout.KernelspecDir()) && isFile(s.Layout.labSettingsFile())
}

// specStamp is of the texts of the files.
func (s *Setup) specStamp() (string, error) {
	files, err := s.Layout.Kernelspec(KernelTitle).Files()
	if err != nil {
		return "", err
	}
	text := []byte(labSettings)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text = append(text, files[name]...)
	}
	return digest(text), nil
}

// spec writes the kernelspec and the settings into the Python environment, where its JupyterLab finds
// them.
func (s *Setup) spec(context.Context) (string, error) {
	if err := kernelspec.Install(s.Layout.KernelspecDir(), s.Layout.Kernelspec(KernelTitle), true); err != nil {
		return "", err
	}
	path := s.Layout.labSettingsFile()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return "", os.WriteFile(path, []byte(labSettings), 0o644)
}

// common are packages that notebooks often import, or that the kernel adds to cells, beside those of uglib
// and plots.
var common = []string{
	"urbangraph/kernel/keep", "urbangraph/kernel/show",
	"flag", "fmt", "math", "os", "sort", "strings", "time", "context", "encoding/json", "image/png", "net/http",
	"github.com/janpfeifer/gonb/gonbui",
	"github.com/paulmach/orb/geojson",
	"gonum.org/v1/gonum/stat",
	"gonum.org/v1/plot/plotter",
	"gonum.org/v1/plot/vg/draw",
	"gonum.org/v1/plot/vg/vgimg",
}

// cold are packages of the project that no cell imports and that would take long to build: the pipeline for
// clusters needs all of Apache Beam.
var cold = []string{"urbangraph/uglib/ugdata/beam"}

// warmStamp covers all that the packages of the project are built from.
func (s *Setup) warmStamp() (string, error) {
	var dirs []string
	for _, d := range []string{"uglib", "plots", filepath.Join("kernel", "keep"), filepath.Join("kernel", "show")} {
		dirs = append(dirs, filepath.Join(s.Layout.Repo, d))
	}
	files, err := sources(dirs...)
	if err != nil {
		return "", err
	}
	files = append(files, s.module()...)
	return strings.Join([]string{hashFiles(files...), s.tool.Version, gofront.BuildFlags}, " "), nil
}

// warm builds the packages that cells import, in a module like that of a notebook and with the flags of
// cells, so that the first cell does not have to. Packages that do not compile are named and do not stop
// the set-up: a notebook that needs them will say what is wrong with them.
func (s *Setup) warm(ctx context.Context) (string, error) { return s.warmPackages(ctx, common) }

// warmPackages builds the packages of the project and the given others.
func (s *Setup) warmPackages(ctx context.Context, others []string) (string, error) {
	env := gofront.BuildEnv(os.Environ(), s.tool)
	out, err := s.command(ctx, env, s.tool.Go, "list", "-e", "-f",
		"package {{.ImportPath}} {{.Name}} {{.Incomplete}} {{len .GoFiles}}", "./uglib/...", "./plots/...")
	if err != nil {
		return "", goError(err)
	}
	packages := slices.Clone(others)
	var broken []string
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		switch {
		case len(f) != 5 || f[0] != "package" || f[2] == "main" || f[4] == "0":
		case strings.Contains("/"+f[1]+"/", "/internal/"), slices.Contains(cold, f[1]):
		case f[3] == "true":
			broken = append(broken, f[1])
		default:
			packages = append(packages, f[1])
		}
	}
	dir, err := os.MkdirTemp(s.Layout.State(), "warm-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := gofront.WriteModule(dir, "warm", s.Layout.Repo); err != nil {
		return "", err
	}
	out, err = s.command(ctx, env, s.tool.Go, append([]string{"-C", dir, "build"}, packages...)...)
	if err != nil {
		found := len(broken)
		for sc := bufio.NewScanner(strings.NewReader(out)); sc.Scan(); {
			if p, ok := strings.CutPrefix(sc.Text(), "# "); ok {
				broken = append(broken, p)
			}
		}
		if ctx.Err() != nil || len(broken) == found {
			return "", goError(err)
		}
	}
	cells := gofront.Settings{Toolchain: s.tool, Repo: s.Layout.Repo, Cache: s.Layout.Cells()}
	if err := gofront.Prime(ctx, cells, dir, env, packages); err != nil {
		return "", goError(err)
	}
	if len(broken) == 0 {
		return "", nil
	}
	return ", except what does not compile: " + strings.Join(broken, ", "), nil
}
