package lab

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/kernel/lab/kernelspec"
)

// fakeHome gives a test a home without any kernel, and a Python whose prefix is a folder in it.
func fakeHome(t *testing.T) (home, prefix string) {
	t.Helper()
	home = t.TempDir()
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	prefix = filepath.Join(home, "python")
	bin := filepath.Join(prefix, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	script(t, bin, "python3", "echo "+prefix)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("JUPYTER_DATA_DIR", filepath.Join(home, "data"))
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX", "JUPYTER_PATH"} {
		t.Setenv(name, "")
	}
	return home, prefix
}

func TestPlace(t *testing.T) {
	home, prefix := fakeHome(t)
	for _, c := range []struct {
		place Place
		want  string // folder, or a part of the error
		flags string
	}{
		{Place{}, filepath.Join(home, "data", "kernels", "urbangraph"), ""},
		{Place{Name: "mine"}, filepath.Join(home, "data", "kernels", "mine"), " --name mine"},
		{Place{Prefix: "/usr/local"}, "/usr/local/share/jupyter/kernels/urbangraph", " --prefix /usr/local"},
		{Place{SysPrefix: true}, filepath.Join(prefix, "share", "jupyter", "kernels", "urbangraph"), " --sys-prefix"},
		{Place{SysPrefix: true, Python: "no-such-python"}, "no Python environment", " --sys-prefix --python no-such-python"},
		{Place{Prefix: "/a", SysPrefix: true}, "choose one", " --prefix /a"},
		{Place{Name: "../x"}, "is no name", " --name ../x"},
	} {
		got, err := c.place.Dir(t.Context())
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%+v: %s, want %s", c.place, got, c.want)
		}
		if f := c.place.flags(); err == nil && f != c.flags {
			t.Errorf("%+v: flags %q", c.place, f)
		}
	}
}

func TestInstallSpec(t *testing.T) {
	i := Install{Layout: Layout{Repo: "/clone"}, Title: "Go (mine)", Env: []string{"UG_HOME=/data", "UG_BACKEND=xla:a=b", "EMPTY="}}
	spec, err := i.spec()
	if err != nil || spec.DisplayName != "Go (mine)" || spec.Argv[0] != "/clone/.ug/bin/ugkernel" || spec.Repo() != "/clone" {
		t.Errorf("%+v, %v", spec, err)
	}
	if len(spec.Env) != 3 || spec.Env["UG_HOME"] != "/data" || spec.Env["UG_BACKEND"] != "xla:a=b" {
		t.Errorf("variables %v", spec.Env)
	}
	for env, want := range map[string]string{"UG_HOME": "NAME=value", "MY_TOKEN=x": "secret", "=x": "no name"} {
		i.Env = []string{env}
		if _, err := i.spec(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the variable %q: %v", env, err)
		}
	}
}

// TestInstallRefuses ends before anything is built: the clone is none.
func TestInstallRefuses(t *testing.T) {
	home, _ := fakeHome(t)
	dir := filepath.Join(home, "data", "kernels", KernelName)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kernel.json"), []byte(`{"argv": ["other"]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Install{Layout: Layout{Repo: filepath.Join(home, "none")}}.Run(t.Context())
	if !errors.Is(err, kernelspec.ErrForeign) {
		t.Errorf("error %v", err)
	}
	if _, _, err := Uninstall(t.Context(), Place{}, false); !errors.Is(err, kernelspec.ErrForeign) {
		t.Errorf("error %v", err)
	}
}

// TestInstall installs the kernel of the real clone into a fake home and removes it again.
func TestInstall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the kernel")
	}
	l, err := FindLayout(".")
	if err != nil {
		t.Fatal(err)
	}
	_, prefix := fakeHome(t)
	var out bytes.Buffer
	dir, err := Install{Layout: l, Place: Place{SysPrefix: true, Name: "mine"}, Title: "Go (mine)", Out: &out}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(prefix, "share", "jupyter", "kernels", "mine"); dir != want || !kernelspec.Present(dir) {
		t.Errorf("installed into %s, want %s", dir, want)
	}
	if spec, err := kernelspec.Read(dir); err != nil || spec.Check() != nil {
		t.Errorf("%v, %v", err, spec.Check())
	}
	for _, want := range []string{dir, "VS Code", "jupyter console --kernel mine", "ugkernel uninstall --sys-prefix --name mine", l.Repo} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "Python environment with") {
		t.Errorf("it set Python up, which it does not need:\n%s", out.String())
	}
	_, _, err = Uninstall(t.Context(), Place{Name: "mine"}, false)
	if !errors.Is(err, kernelspec.ErrNotInstalled) || !strings.Contains(err.Error(), dir) {
		t.Errorf("uninstalled from the wrong place: %v", err)
	}
	if _, left, err := Uninstall(t.Context(), Place{SysPrefix: true, Name: "mine"}, false); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("after that: %v", err)
	}
}

func TestExtendPath(t *testing.T) {
	repo, bin := t.TempDir(), t.TempDir()
	l := Layout{Repo: repo}
	script(t, bin, "go", "true")
	t.Setenv("PATH", t.TempDir())
	before := os.Getenv("PATH")
	l.ExtendPath()
	if got := os.Getenv("PATH"); got != before {
		t.Errorf("without a set-up PATH is %s", got)
	}
	if err := os.MkdirAll(l.State(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.goFile(), []byte(filepath.Join(bin, "go")), 0o644); err != nil {
		t.Fatal(err)
	}
	l.ExtendPath()
	l.ExtendPath()
	if got := os.Getenv("PATH"); got != before+":"+bin {
		t.Errorf("PATH is %s", got)
	}
	t.Setenv("PATH", "")
	l.ExtendPath()
	if got := os.Getenv("PATH"); got != bin {
		t.Errorf("an empty PATH became %s", got)
	}
}
