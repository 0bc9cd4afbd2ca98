package doctor

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"urbangraph/kernel/gofront"
	"urbangraph/kernel/lab"
	"urbangraph/kernel/lab/kernelspec"
)

// write writes a file and the folders above it.
func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// newExam is an examination of a clone that holds only a go.mod, in a home without kernels.
func newExam(t *testing.T) *exam {
	t.Helper()
	home := t.TempDir()
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	repo := filepath.Join(home, "clone")
	write(t, filepath.Join(repo, "go.mod"), "module house\n\ngo 1.26\n", 0o644)
	write(t, filepath.Join(repo, ".ug", "keep"), "", 0o644)
	t.Setenv("JUPYTER_DATA_DIR", filepath.Join(home, "jupyter"))
	bin := filepath.Join(home, "python", "bin")
	write(t, filepath.Join(bin, "python3"), "#!/bin/sh\necho "+filepath.Dir(bin)+"\n", 0o755)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX", "JUPYTER_PATH", "JUPYTER_RUNTIME_DIR", "GOFLAGS", "CGO_ENABLED"} {
		t.Setenv(name, "")
	}
	t.Setenv("GOEXPERIMENT", "simd")
	return &exam{Layout: lab.Layout{Repo: repo}, ctx: t.Context()}
}

// withGo finds Go for an examination.
func (e *exam) withGo(t *testing.T) *exam {
	t.Helper()
	var err error
	if e.tool, err = gofront.FindToolchain(t.Context(), e.Repo, e.State()); err != nil {
		t.Fatal(err)
	}
	return e
}

// want checks the levels and parts of the texts of what was found.
func (e *exam) want(t *testing.T, what string, level Level, parts ...string) {
	t.Helper()
	for _, f := range e.findings {
		text := f.Detail + "; cure: " + f.Cure
		if f.Level == level && !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(text, p) }) {
			if level != OK && f.Cure == "" {
				t.Errorf("%s: %+v names no cure", what, f)
			}
			return
		}
	}
	t.Errorf("%s: found %+v, want %s with %q", what, e.findings, level, parts)
}

func TestWithoutGo(t *testing.T) {
	e := newExam(t)
	t.Setenv("PATH", t.TempDir())
	if e.golang() {
		t.Error("Go was found")
	}
	e.want(t, "no Go", Fail, "go.dev/dl")
}

func TestHalfOfGo(t *testing.T) {
	e := newExam(t)
	root := t.TempDir()
	write(t, filepath.Join(root, "bin", "go"), `#!/bin/sh
echo '{"GOROOT":"`+root+`","GOTOOLDIR":"`+root+`/tool","GOMODCACHE":"/m","GOVERSION":"go1.26.8","GOFLAGS":""}'
`, 0o755)
	t.Setenv("PATH", filepath.Join(root, "bin"))
	e.golang()
	e.want(t, "no sources", Fail, "lacks", "print.go", "whole Go")
	write(t, filepath.Join(root, "src", "fmt", "print.go"), "", 0o644)
	e.findings = nil
	e.golang()
	e.want(t, "no compiler", Fail, "lacks", "compile")
}

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		name, value string
		level       Level
		parts       []string
	}{
		{"GOFLAGS", "", OK, []string{"nothing unusual"}},
		{"GOFLAGS", "-buildvcs=false", OK, nil},
		{"GOFLAGS", "-mod=vendor", Fail, []string{"-mod=vendor"}},
		{"GOFLAGS", "-race", Fail, []string{"-race", "cgo"}},
		{"GOFLAGS", "-cover", Warn, []string{"-cover", "slower"}},
		{"GOFLAGS", "--tags=x", Warn, []string{"-tags=x"}},
		{"GOOS", "plan9", Fail, []string{"plan9", "unset"}},
		{"GO111MODULE", "off", Fail, []string{"GO111MODULE"}},
		{"GOEXPERIMENT", "jsonv2", Warn, []string{"simd"}},
		{"GOEXPERIMENT", "jsonv2,simd", OK, nil},
		{"CGO_ENABLED", "1", Warn, []string{"CGO_ENABLED"}},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			e := newExam(t).withGo(t)
			t.Setenv(c.name, c.value)
			e.settings()
			e.want(t, c.name, c.level, c.parts...)
		})
	}
}

func TestModules(t *testing.T) {
	e := newExam(t).withGo(t)
	e.modules() // the clone requires nothing, so nothing is there
	e.want(t, "an empty clone", Fail, "go mod download")
}

func TestPrograms(t *testing.T) {
	e := newExam(t).withGo(t)
	e.programs()
	e.want(t, "no gonb", Fail, "no cell runs")
	e.want(t, "no gopls", Warn, "completion")
	e.want(t, "no goimports", Warn, "imports")
	e.want(t, "no kernel", Fail, "bin/ugkernel", "front/go", "setup")

	e.findings = nil
	write(t, filepath.Join(e.Bin(), "gonb"), "#!/bin/sh\n", 0o755)
	for _, f := range lab.KernelFiles(e.Layout) {
		write(t, f, "x", 0o755)
	}
	e.programs()
	e.want(t, "gonb is a script", Fail, "is no program", "--force")
	e.want(t, "no stamp", Warn, "older than their sources")
	e.findings = nil
	e.states = map[string]lab.State{"kernel": {Present: true, Current: true}}
	e.kernelPrograms()
	e.want(t, "a stamp", OK)
	e.findings = nil
	if err := os.Chmod(filepath.Join(e.Bin(), "ugrun"), 0o644); err != nil {
		t.Fatal(err)
	}
	e.kernelPrograms()
	e.want(t, "not executable", Fail, "bin/ugrun")
}

func TestPython(t *testing.T) {
	e := newExam(t)
	e.python()
	e.want(t, "none", Warn, "ugkernel lab")

	for _, c := range []struct {
		what, script string
		level        Level
		parts        []string
	}{
		{"all there", `echo '{"python":"3.11.7","jupyterlab":"4","jupyter_client":"8","nbclient":"1","nbconvert":"7","papermill":"2","go":"yes"}'`, OK, []string{"3.11.7", "jupyterlab 4"}},
		{"no translator", `echo '{"python":"3.11.7","jupyterlab":"4","jupyter_client":"8","nbclient":"1","nbconvert":"7","papermill":"2","go":""}'`, Warn, []string{"papermill"}},
		{"no JupyterLab", `echo '{"python":"3.11.7","jupyterlab":"","jupyter_client":"8","nbclient":"1","nbconvert":"7","papermill":"2","go":"yes"}'`, Fail, []string{"lacks jupyterlab"}},
		{"broken", `echo "lib not found" >&2; exit 1`, Fail, []string{"lib not found"}},
	} {
		write(t, e.Python(), "#!/bin/sh\n"+c.script+"\n", 0o755)
		e.findings = nil
		e.python()
		e.want(t, c.what, c.level, c.parts...)
	}
	e.states = map[string]lab.State{"python": {Present: true}}
	write(t, e.Python(), "#!/bin/sh\n"+`echo '{"jupyterlab":"4","jupyter_client":"8","nbclient":"1","nbconvert":"7","papermill":"2","go":"yes"}'`+"\n", 0o755)
	e.python()
	e.want(t, "old packages", Warn, "requirements.txt")
	if err := os.Remove(e.Python()); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(e.Venv(), "bin", "pip"), "#!/bin/sh\n", 0o755)
	e.python()
	e.want(t, "the Python of the environment was removed", Fail, "has gone")
}

func TestKernelspecs(t *testing.T) {
	e := newExam(t)
	e.kernelspecs()
	e.want(t, "none", Fail, "ugkernel install")

	data := os.Getenv("JUPYTER_DATA_DIR")
	e.findings = nil
	spec := e.Kernelspec("Go")
	if err := kernelspec.Install(e.KernelspecDir(), spec, false); err != nil {
		t.Fatal(err)
	}
	e.kernelspecs()
	e.want(t, "no program", Fail, "program is not there", "setup")

	write(t, spec.Argv[0], "#!/bin/sh\n", 0o755)
	e.findings = nil
	e.kernelspecs()
	e.want(t, "whole", OK, e.KernelspecDir())

	e.findings = nil
	write(t, filepath.Join(kernelspec.Dir(data, lab.KernelName), "kernel.json"), `{"argv": ["other"]}`, 0o644)
	write(t, filepath.Join(kernelspec.Dir(data, "broken"), "kernel.json"), `{`, 0o644)
	if err := kernelspec.Install(kernelspec.Dir(data, "gone"), kernelspec.New("/gone/ugkernel", "/gone", "Go"), false); err != nil {
		t.Fatal(err)
	}
	e.kernelspecs()
	e.want(t, "of our name", Warn, "other", "--force")
	e.want(t, "broken", Warn, "no kernel description")
	e.want(t, "of a clone that has gone", Warn, "/gone", "remove the folder")
	if !Healthy(e.findings) {
		t.Errorf("kernels of others are a failure: %+v", e.findings)
	}
}

func TestMachine(t *testing.T) {
	e := newExam(t).withGo(t)
	e.writable()
	e.want(t, "writable", OK)
	e.space()
	e.loopback()
	e.want(t, "loopback", OK)
	e.processes()
	e.limits()
	if !Healthy(e.findings) {
		t.Errorf("on this machine: %+v", e.findings)
	}

	e.findings = nil
	t.Setenv("GOCACHE", filepath.Join(e.Repo, "go.mod", "cache"))
	e.writable()
	e.want(t, "a file in the way", Fail, "the build cache", "GOCACHE")
	t.Setenv("GOCACHE", "")
	t.Setenv("JUPYTER_RUNTIME_DIR", filepath.Join(e.Repo, "go.mod"))
	e.findings = nil
	e.writable()
	e.want(t, "a file in the way", Fail, "connection files", "JUPYTER_RUNTIME_DIR")
}

func TestTemporary(t *testing.T) {
	e := newExam(t)
	t.Setenv("TMPDIR", "/tmp")
	e.temporary()
	e.want(t, "short", OK)
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 90))
	for what, c := range map[string]struct{ dir, part string }{
		"relative": {"tmp", "no absolute path"},
		"long":     {long, "too long for sockets"},
		"missing":  {"/no/such/folder", "programs cannot run"},
	} {
		e.findings = nil
		t.Setenv("TMPDIR", c.dir)
		e.temporary()
		e.want(t, what, Fail, c.part, "TMPDIR")
	}
}

func TestRunWithoutSetup(t *testing.T) {
	e := newExam(t)
	e.run()
	e.want(t, "no set-up", Fail, "program is not there", "setup")
	write(t, e.Kernelspec("Go").Argv[0], "#!/bin/sh\necho no good >&2\nexit 1\n", 0o755)
	e.findings = nil
	e.run()
	e.want(t, "a kernel that ends", Fail, "does not start")
}

// TestExamineClone examines the real clone; only what depends on the machine may be wrong with it.
func TestExamineClone(t *testing.T) {
	l, err := lab.FindLayout(".")
	if err != nil {
		t.Fatal(err)
	}
	findings := Examine(t.Context(), Options{Layout: l})
	var out bytes.Buffer
	if err := Print(&out, findings); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", out.String())
	for _, f := range findings {
		if f.Check == "go" && f.Level != OK || f.Check == "loopback" && f.Level != OK || f.Level != OK && f.Cure == "" {
			t.Errorf("%+v", f)
		}
	}
	if n := strings.Count(out.String(), "\n"); n != len(findings) {
		t.Errorf("%d lines for %d findings", n, len(findings))
	}
}

func TestPrint(t *testing.T) {
	findings := []Finding{{"go", OK, "go1.26", ""}, {"disk space", Fail, "none", "free some"}}
	var text, data bytes.Buffer
	if err := Print(&text, findings); err != nil {
		t.Fatal(err)
	}
	if want := "ok    go          go1.26\nfail  disk space  none; cure: free some\n"; text.String() != want {
		t.Errorf("printed %q, want %q", text.String(), want)
	}
	if err := PrintJSON(&data, findings); err != nil {
		t.Fatal(err)
	}
	var v struct {
		OK     bool
		Checks []Finding
	}
	if err := json.Unmarshal(data.Bytes(), &v); err != nil || v.OK || !slices.Equal(v.Checks, findings) {
		t.Errorf("%+v, %v", v, err)
	}
	if Healthy(findings) || !Healthy(findings[:1]) {
		t.Error("what is healthy is not told right")
	}
}
