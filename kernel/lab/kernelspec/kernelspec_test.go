package kernelspec

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// clone makes what a spec points at.
func clone(t *testing.T) (program, repo string) {
	t.Helper()
	repo = t.TempDir()
	program = filepath.Join(repo, ".ug", "bin", Program)
	write(t, program, "#!/bin/sh\n", 0o755)
	write(t, filepath.Join(repo, "go.mod"), "module x\n", 0o644)
	return program, repo
}

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

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestInstall(t *testing.T) {
	program, repo := clone(t)
	dir := Dir(PrefixDir(t.TempDir()), "urbangraph")
	spec := New(program, repo, "Go")
	for range 2 { // and again, over itself
		if err := Install(dir, spec, false); err != nil {
			t.Fatal(err)
		}
		if got := names(t, dir); !slices.Equal(got, []string{"kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"}) {
			t.Errorf("the folder holds %v", got)
		}
	}
	var raw map[string]any
	data, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	if raw["language"] != "go" || raw["interrupt_mode"] != "message" || raw["display_name"] != "Go" || raw["metadata"].(map[string]any)["debugger"] != false {
		t.Errorf("kernel.json: %s", data)
	}
	if _, ok := raw["env"]; ok {
		t.Errorf("kernel.json sets variables: %s", data)
	}
	got, err := Read(dir)
	if err != nil || !got.Own() || got.Repo() != repo || got.Check() != nil {
		t.Errorf("read %+v, %v, %v", got, err, got.Check())
	}
	if fi, err := os.Stat(filepath.Join(dir, "kernel.json")); err != nil || fi.Mode().Perm() != 0o644 {
		t.Errorf("kernel.json has the mode %v, %v", fi.Mode(), err)
	}
	if !Present(dir) || Present(filepath.Dir(dir)) {
		t.Error("what is present is not told right")
	}
}

// TestForeign keeps what belongs to others.
func TestForeign(t *testing.T) {
	program, repo := clone(t)
	spec := New(program, repo, "Go")
	for name, text := range map[string]string{
		"another kernel": `{"argv": ["python", "-m", "ipykernel", "-f", "{connection_file}"], "display_name": "P", "language": "python"}`,
		"no kernel":      `{"argv": []}`,
		"broken":         `{`,
		"alike":          `{"argv": ["/x/ugkernel", "bench"]}`,
	} {
		dir := Dir(t.TempDir(), "urbangraph")
		write(t, filepath.Join(dir, "kernel.json"), text, 0o644)
		if err := Install(dir, spec, false); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "--force") || !strings.Contains(err.Error(), "--name") {
			t.Errorf("%s: install says %v", name, err)
		}
		if _, err := Uninstall(dir, false); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: uninstall says %v", name, err)
		}
		if data, _ := os.ReadFile(filepath.Join(dir, "kernel.json")); string(data) != text {
			t.Errorf("%s: kernel.json was changed to %s", name, data)
		}
		if got := names(t, dir); len(got) != 1 {
			t.Errorf("%s: the folder holds %v", name, got)
		}
		if err := Install(dir, spec, true); err != nil {
			t.Errorf("%s: by force: %v", name, err)
		}
		if got, err := Read(dir); err != nil || !got.Own() {
			t.Errorf("%s: by force %+v, %v", name, got, err)
		}
	}
	file := filepath.Join(t.TempDir(), "urbangraph")
	write(t, file, "x", 0o644)
	if err := Install(file, spec, false); err == nil || !strings.Contains(err.Error(), "is a file") {
		t.Errorf("a file in the way: %v", err)
	}
}

// TestUninstall removes what Install wrote and nothing else.
func TestUninstall(t *testing.T) {
	program, repo := clone(t)
	data := PrefixDir(t.TempDir())
	dir := Dir(data, "urbangraph")
	neighbour := filepath.Join(data, "kernels", "python3", "kernel.json")
	write(t, neighbour, "{}", 0o644)
	if _, err := Uninstall(dir, false); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("of nothing: %v", err)
	}
	if err := Install(dir, New(program, repo, "Go"), false); err != nil {
		t.Fatal(err)
	}
	if left, err := Uninstall(dir, false); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if got := names(t, filepath.Dir(dir)); !slices.Equal(got, []string{"python3"}) {
		t.Errorf("the folder of kernels holds %v", got)
	}
	if err := Install(dir, New(program, repo, "Go"), false); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "kernel.js"), "x", 0o644)
	if left, err := Uninstall(dir, false); err != nil || !slices.Equal(left, []string{"kernel.js"}) {
		t.Errorf("left %v, %v", left, err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"kernel.js"}) {
		t.Errorf("the folder holds %v", got)
	}
}

func TestInstallCannotWrite(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	root := t.TempDir()
	if err := os.Chmod(root, 0o500); err != nil {
		t.Fatal(err)
	}
	if err := Install(Dir(root, "x"), New("/p", "/r", "Go"), false); err == nil || !strings.Contains(err.Error(), "--sys-prefix") {
		t.Errorf("error %v", err)
	}
}

func TestCheck(t *testing.T) {
	program, repo := clone(t)
	plain := filepath.Join(repo, "plain")
	write(t, plain, "x", 0o644)
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{New(program, repo, ""), ""},
		{New(program+"x", repo, ""), "program is not there"},
		{New(plain, repo, ""), "cannot be executed"},
		{New(repo, repo, ""), "cannot be executed"},
		{New(program, repo+"x", ""), "clone is not there"},
		{Spec{}, "no argv"},
	} {
		err := c.spec.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.spec.Argv, err, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"urbangraph": true, "go-1.26_x": true, "0": true,
		"": false, "..": false, ".x": false, "a/b": false, "Go": false, "a b": false, "ü": false, "-": true,
	} {
		if err := CheckName(name); (err == nil) != want {
			t.Errorf("the name %q: %v", name, err)
		}
	}
	for name, want := range map[string]bool{
		"UG_HOME": true, "GOFLAGS": true, "MONKEY": true, "UG_BACKEND": true,
		"": false, "A=B": false, "MAPILLARY_TOKEN": false, "OPENAI_API_KEY": false, "db_password": false, "Secret": false,
	} {
		if err := CheckEnv(name); (err == nil) != want {
			t.Errorf("the variable %q: %v", name, err)
		}
	}
}

// TestUserDir has the rules of jupyter_core.paths.
func TestUserDir(t *testing.T) {
	for _, c := range []struct {
		goos, home, xdg string
		platform        bool
		want            string
	}{
		{"linux", "/home/a", "", false, "/home/a/.local/share/jupyter"},
		{"linux", "/home/a", "/data", false, "/data/jupyter"},
		{"linux", "/home/a", "", true, "/home/a/.local/share/jupyter"},
		{"freebsd", "/home/a", "", false, "/home/a/.local/share/jupyter"},
		{"darwin", "/Users/a", "/data", false, "/Users/a/Library/Jupyter"},
		{"darwin", "/Users/a", "", true, "/Users/a/Library/Application Support/Jupyter"},
	} {
		if got := userDir(c.goos, c.home, c.xdg, c.platform); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for value, want := range map[string]bool{"": false, "0": false, "No": false, "off": false, "1": true, "yes": true} {
		if isSet(value) != want {
			t.Errorf("%q is taken for %v", value, !want)
		}
	}
	t.Setenv("JUPYTER_DATA_DIR", "/jupyter data")
	if got, err := UserDir(); err != nil || got != "/jupyter data" {
		t.Errorf("JUPYTER_DATA_DIR: %s, %v", got, err)
	}
	t.Setenv("JUPYTER_DATA_DIR", "")
	t.Setenv("HOME", "")
	if _, err := UserDir(); err == nil || !strings.Contains(err.Error(), "--prefix") {
		t.Errorf("without a home: %v", err)
	}
}

func TestSysPrefix(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin+":/bin:/usr/bin")
	t.Setenv("VIRTUAL_ENV", "")
	t.Setenv("CONDA_PREFIX", "")
	write(t, filepath.Join(bin, "python3"), "#!/bin/sh\necho /opt/python\n", 0o755)
	write(t, filepath.Join(bin, "other"), "#!/bin/sh\necho /opt/other\n", 0o755)
	write(t, filepath.Join(bin, "broken"), "#!/bin/sh\nexit 3\n", 0o755)
	ctx := t.Context()
	if got, err := SysPrefix(ctx, ""); got != "/opt/python" || err != nil {
		t.Errorf("of python3: %s, %v", got, err)
	}
	conda, venv := t.TempDir(), t.TempDir()
	t.Setenv("CONDA_PREFIX", conda)
	if got, err := SysPrefix(ctx, ""); got != conda || err != nil {
		t.Errorf("of conda: %s, %v", got, err)
	}
	t.Setenv("VIRTUAL_ENV", venv)
	if got, err := SysPrefix(ctx, ""); got != venv || err != nil {
		t.Errorf("of an environment: %s, %v", got, err)
	}
	if got, err := SysPrefix(ctx, "other"); got != "/opt/other" || err != nil {
		t.Errorf("of a named Python: %s, %v", got, err)
	}
	t.Setenv("VIRTUAL_ENV", filepath.Join(venv, "gone"))
	if _, err := SysPrefix(ctx, ""); err == nil || !strings.Contains(err.Error(), "VIRTUAL_ENV") {
		t.Errorf("of an environment that has gone: %v", err)
	}
	for _, python := range []string{"broken", "no-such-python"} {
		if _, err := SysPrefix(ctx, python); !errors.Is(err, ErrNoPrefix) {
			t.Errorf("of %s: %v", python, err)
		}
	}
}

func TestSearch(t *testing.T) {
	program, repo := clone(t)
	one, two := t.TempDir(), t.TempDir()
	for _, dir := range []string{Dir(one, "a"), Dir(two, "b")} {
		if err := Install(dir, New(program, repo, "Go"), false); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(Dir(two, "c"), "kernel.json"), "{", 0o644)
	write(t, filepath.Join(two, "kernels", "file"), "x", 0o644)
	if err := os.MkdirAll(Dir(two, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range Search(one, filepath.Join(one, "none"), two, one) {
		name := f.Name
		if f.Err != nil {
			name += " broken"
		}
		got = append(got, name)
	}
	if !slices.Equal(got, []string{"a", "b", "c broken"}) {
		t.Errorf("found %v", got)
	}
	t.Setenv("JUPYTER_PATH", one+":"+two)
	t.Setenv("JUPYTER_DATA_DIR", "/mine")
	if got := DataDirs("/venv"); !slices.Equal(got, []string{one, two, "/mine", "/venv/share/jupyter", "/usr/local/share/jupyter", "/usr/share/jupyter"}) {
		t.Errorf("folders %v", got)
	}
}

func TestLogos(t *testing.T) {
	files, err := New("/p", "/r", "Go").Files()
	if err != nil {
		t.Fatal(err)
	}
	for name, side := range map[string]int{"logo-32x32.png": 32, "logo-64x64.png": 64} {
		img, err := png.Decode(bytes.NewReader(files[name]))
		if err != nil {
			t.Fatal(name, err)
		}
		if b := img.Bounds(); b.Dx() != side || b.Dy() != side {
			t.Errorf("%s is %v", name, b)
		}
		if _, _, _, a := img.At(0, 0).RGBA(); a > 0x2000 {
			t.Errorf("the corner of %s is not round", name)
		}
		for i, p := range junctions {
			want := dot
			if i == placeOf {
				want = place
			}
			if got := img.At(int(p[0]*float64(side)), int(p[1]*float64(side))); got != color.Color(want) {
				t.Errorf("junction %d of %s is %v, want %v", i, name, got, want)
			}
		}
	}
	d := xml.NewDecoder(bytes.NewReader(files["logo-svg.svg"]))
	circles := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
			circles++
		}
	}
	if circles != len(junctions) {
		t.Errorf("%d circles", circles)
	}
}
