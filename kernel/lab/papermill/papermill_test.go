package papermill

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pythons are the interpreters at hand: that of the set-up, which has papermill, and any other, for which
// the tests bring the little of papermill that they need. Without any the test is skipped.
func pythons(t *testing.T) map[string][]string {
	t.Helper()
	here, err := filepath.Abs("python")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	venv := filepath.Join("..", "..", "..", ".venv", "bin", "python")
	if exec.Command(venv, "-c", "import papermill").Run() == nil {
		if venv, err = filepath.Abs(venv); err != nil {
			t.Fatal(err)
		}
		found[venv] = environment(here, filepath.Join(here, "tests"))
	}
	if plain, err := exec.LookPath("python3"); err == nil {
		found[plain] = environment(here, filepath.Join(here, "tests"), filepath.Join(here, "tests", "stub"))
	}
	if len(found) == 0 {
		t.Skip("no Python")
	}
	return found
}

func environment(path ...string) []string {
	return append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH="+strings.Join(path, string(os.PathListSeparator)))
}

func TestPython(t *testing.T) {
	for python, env := range pythons(t) {
		cmd := exec.Command(python, "-m", "unittest", "discover", "-s", "python/tests", "-t", "python/tests")
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", python, err, out)
		}
	}
}

// TestImport imports papermill and the package in every order, where the package is installed: papermill loads
// it while it is itself being loaded.
func TestImport(t *testing.T) {
	for python, env := range pythons(t) {
		for _, first := range []string{"papermill", "papermill.engines", "ug_papermill", "ug_papermill.engine", "ug_papermill.translate"} {
			cmd := exec.Command(python, "-c", "import "+first+"\nimport ug_papermill\nfrom papermill.translators import papermill_translators\n"+
				"assert papermill_translators.find_translator('go', 'go') is ug_papermill.GoTranslator")
			cmd.Env = env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s, %s first: %v\n%s", python, first, err, out)
			}
		}
	}
}

// Whatever the values are, the cell compiles, and its names have the types and values that they should.
func TestCellsCompile(t *testing.T) {
	for python, env := range pythons(t) {
		cmd := exec.Command(python, "python/tests/cells.py", "1", "600")
		cmd.Env = env
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", python, err, errs.String())
		}
		lines := bufio.NewScanner(bytes.NewReader(out))
		lines.Buffer(nil, 16<<20)
		n := 0
		for ; lines.Scan(); n++ {
			var c struct {
				Cell string
				S    *string
				N    string
			}
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatal(err)
			}
			if err := judge(c.Cell, c.S, c.N, n%4); err != nil {
				t.Errorf("cell %d: %v\n%s", n, err, c.Cell)
			}
		}
		if n != 600 || lines.Err() != nil {
			t.Errorf("%d cells, %v", n, lines.Err())
		}
	}
}

// judge compiles a cell. The string s is given in hexadecimal; n is a number. The form says which of the
// sources of the Python test the cell was made for.
func judge(cell string, s *string, n string, form int) error {
	declarations, body, explicit := strings.Cut(cell, "\n%%\n")
	if !explicit {
		i := strings.Index(cell, "\nn := ")
		if i >= 0 {
			declarations, body = cell[:i], cell[i:]
		}
	}
	source := "package p\nimport (\"math\"; \"time\")\nvar _, _ = math.NaN, time.Second\n" + declarations + "\nfunc _() {\n" + body + "\n"
	for _, name := range []string{"n", "x", "s", "d"} {
		if strings.Contains(body, "\n"+name+" := ") || strings.HasPrefix(body, name+" := ") {
			source += "_ = " + name + "\n"
		}
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "cell.go", source+"}\n", parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: fewImports{}, Sizes: types.SizesFor("gc", "amd64")}
	if _, err := config.Check("p", fset, []*ast.File{f}, info); err != nil {
		return err
	}
	kinds := []map[string]string{
		{"n": "int", "x": "int float64", "s": "string"},
		{"n": "int", "x": "float64", "s": "string"},
		{"n": "untyped int", "x": "untyped float", "s": "untyped string"},
		{"n": "int64", "x": "float32", "s": "string", "d": "time.Duration"},
	}[form]
	seen := 0
	for id, object := range info.Defs {
		kind, ok := kinds[id.Name]
		if !ok || object == nil {
			continue
		}
		seen++
		if got := object.Type().String(); !strings.Contains(" "+kind+" ", " "+got+" ") && kind != got {
			return fmt.Errorf("%s is %s, not %s", id.Name, got, kind)
		}
		switch v := valueOf(f, info, id.Name); {
		case id.Name == "n" && v.ExactString() != n:
			return fmt.Errorf("n is %s, not %s", v, n)
		case id.Name == "s" && s != nil && hex.EncodeToString([]byte(constant.StringVal(v))) != *s:
			return fmt.Errorf("s is %s, not %s", v, *s)
		case id.Name == "d" && v.ExactString() != "65000000000":
			return fmt.Errorf("d is %s", v)
		}
	}
	if seen != len(kinds) {
		return fmt.Errorf("%d of %d names are declared", seen, len(kinds))
	}
	return nil
}

// valueOf is the constant that a name is declared by.
func valueOf(f *ast.File, info *types.Info, name string) constant.Value {
	var v constant.Value
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			if n.Names[0].Name == name {
				v = info.Types[n.Values[0]].Value
			}
		case *ast.AssignStmt:
			if id, ok := n.Lhs[0].(*ast.Ident); ok && id.Name == name && n.Tok == token.DEFINE {
				v = info.Types[n.Rhs[0]].Value
			}
		}
		return true
	})
	if v == nil {
		return constant.MakeUnknown()
	}
	return v
}

// fewImports gives what cells with parameters import, without reading the standard library.
type fewImports struct{}

func (fewImports) Import(name string) (*types.Package, error) {
	source, ok := map[string]string{
		"math": "func NaN() (x float64) { return }; func Inf(int) (x float64) { return }; func Copysign(x, y float64) float64 { return x }",
		"time": "type Duration int64; const Second Duration = 1e9",
	}[name]
	if !ok {
		return importer.Default().Import(name)
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name+".go", "package "+name+"\n"+source, 0)
	if err != nil {
		return nil, err
	}
	return new(types.Config).Check(name, fset, []*ast.File{f}, nil)
}

func TestInstall(t *testing.T) {
	site := t.TempDir()
	stale := filepath.Join(site, distribution+"-0.1.dist-info")
	other := filepath.Join(site, "other-0.1.dist-info")
	for _, dir := range []string{stale, other} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := installInto(site); err != nil {
		t.Fatal(err)
	}
	first := stamps(t, site)
	if err := installInto(site); err != nil {
		t.Fatal(err)
	}
	if again := stamps(t, site); again != first {
		t.Errorf("the second time:\n%s\nthe first:\n%s", again, first)
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("an older version is still there")
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
	if strings.Contains(first, ".ug-") {
		t.Errorf("unfinished files:\n%s", first)
	}

	// Python finds it as it finds what pip has installed, and the record is right.
	for python := range pythons(t) {
		cmd := exec.Command(python, "-c", `
import hashlib, base64, importlib.metadata as m, sys
d = m.distribution("ug-papermill")
print(d.version, [(e.group, e.name, e.value) for e in d.entry_points])
for f in d.files:
    if f.hash:
        got = base64.urlsafe_b64encode(hashlib.sha256(f.read_binary()).digest()).rstrip(b"=").decode()
        assert got == f.hash.value, f
assert len(d.files) == 9, d.files
import ug_papermill.declared
assert ug_papermill.__file__.startswith(sys.argv[1]), ug_papermill.__file__
`, site)
		cmd.Env = environment(site, filepath.Join("python", "tests", "stub"))
		out, err := cmd.CombinedOutput()
		if want := "1.0.0 [('papermill.engine', 'go', 'ug_papermill:GoEngine')]\n"; err != nil || string(out) != want {
			t.Errorf("%s: %v, %s", python, err, out)
		}
	}
}

// stamps lists all files with the times of their last change.
func stamps(t *testing.T, dir string) string {
	t.Helper()
	s := ""
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && !d.IsDir() {
			s += fmt.Sprintln(path, info.Size(), info.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestInstallFails(t *testing.T) {
	if err := installInto(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("into no folder: no error")
	}
	if err := Install("/nowhere/python"); err == nil || !strings.Contains(err.Error(), "/nowhere/python") {
		t.Errorf("for no Python: %v", err)
	}
	site := t.TempDir()
	if err := os.WriteFile(filepath.Join(site, module), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := installInto(site); err == nil {
		t.Error("over a file: no error")
	}
}

// The description for pip and that for Install say the same.
func TestProject(t *testing.T) {
	text, err := files.ReadFile("python/pyproject.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`go = "ug_papermill:GoEngine"`, `[project.entry-points."papermill.engine"]`, `packages = ["ug_papermill"]`, `requires-python = ">=3.9"`, `"papermill>=2.4"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("pyproject.toml lacks %s", want)
		}
	}
}
