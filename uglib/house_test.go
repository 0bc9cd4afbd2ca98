package uglib_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors reads the order of the house from this package's own documentation,
// so that the list people read is the list that is enforced.
func floors(t *testing.T) []string {
	t.Helper()
	src, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^//\t(\S+) {2,}\S`).FindAllStringSubmatch(string(src), -1) {
		names = append(names, m[1])
	}
	return names
}

// TestImportsPointUp checks that a package imports only packages above it in
// the list, that only the command line draws, and that the kernel stays apart.
func TestImportsPointUp(t *testing.T) {
	order := floors(t)
	if len(order) < 15 {
		t.Fatalf("doc.go lists %d packages: %v", len(order), order)
	}
	floor := func(path string) int {
		return slices.IndexFunc(order, func(name string) bool { return path == name || strings.HasPrefix(path, name+"/") })
	}
	root := ".."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg, _ := filepath.Rel(root, filepath.Dir(path))
		pkg = filepath.ToSlash(pkg)
		for _, spec := range file.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			to, ok := strings.CutPrefix(imp, "urbangraph/")
			if !ok {
				continue
			}
			switch top, _, _ := strings.Cut(to, "/"); {
			case strings.HasPrefix(pkg, "kernel") && top != "kernel":
				t.Errorf("%s imports %s: the kernel only runs code", path, imp)
			case strings.HasPrefix(pkg, "plots") && top == "kernel":
				t.Errorf("%s imports %s", path, imp)
			case strings.HasPrefix(pkg, "uglib/") && top != "uglib" && !(pkg == "uglib/cmd/ug" && top == "plots"):
				t.Errorf("%s imports %s", path, imp)
			}
			if from := floor(strings.TrimPrefix(pkg, "uglib/")); strings.HasPrefix(pkg, "uglib/") && strings.HasPrefix(to, "uglib/") {
				above := floor(strings.TrimPrefix(to, "uglib/"))
				if from < 0 || above < 0 || above > from {
					t.Errorf("%s imports %s, which does not stand above it in uglib/doc.go", path, imp)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
