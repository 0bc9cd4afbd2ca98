package keep

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// build builds the program of the tests, with further files in it.
func build(t *testing.T, more map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	here, err := filepath.Abs("testdata/program")
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for name, text := range more {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(here, name)] = path
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "program")
	cmd := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", bin, "-ldflags=-s -w", "./testdata/program")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return bin
}

// execute runs the program, which puts its values into files of a name, and returns its index.
func execute(t *testing.T, bin, root, name string, files []string, args ...string) []Entry {
	t.Helper()
	prefix := filepath.Join(root, name)
	cmd := exec.Command(bin, args...)
	cmd.Env = append(os.Environ(), Prefix+"="+prefix, Files+"="+strings.Join(files, ","))
	out, err := cmd.CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Fatalf("%v %v: %v\n%s", bin, args, err, out)
	}
	entries, err := ReadIndex(prefix)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestProgram puts values of many types in one process and gets them back in another.
func TestProgram(t *testing.T) {
	bin := build(t, nil)
	root := t.TempDir()
	var files []string
	types := map[string]string{}
	for _, e := range execute(t, bin, root, "put", nil, "put") {
		if e.Type != "" {
			types[e.Name] = e.Type
		}
		if why, ok := refusals[e.Name]; ok {
			if text := e.Why + e.Unnamed; !strings.Contains(text, why) {
				t.Errorf("%s (%s) is not kept because %q, want %q", e.Name, e.Short, text, why)
			}
			continue
		}
		if e.Why != "" || e.Unnamed != "" {
			t.Errorf("%s (%s) is not kept: %s %s", e.Name, e.Short, e.Why, e.Unnamed)
			continue
		}
		files = append(files, fmt.Sprintf("%s=%s:1", e.Name, e.File))
	}
	if len(files) < 80 {
		t.Errorf("%d values were kept", len(files))
	}
	execute(t, bin, root, "get", files, "get")

	// The texts of the types are Go, and mean the same types.
	bin = build(t, map[string]string{"types.go": typesFile(types)})
	for _, e := range execute(t, bin, root, "types", nil, "types") {
		if e.Type != types[e.Name] {
			t.Errorf("%s as Go is %s", types[e.Name], e.Type)
		}
	}
}

// typesFile is a file of the program that puts a zero value for each type.
func typesFile(types map[string]string) string {
	aliases := map[string]string{}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(types)) {
		src := regexp.MustCompile(`"([^"\\]+)"\.`).ReplaceAllStringFunc(types[name], func(q string) string {
			path := strings.Trim(q, `".`)
			if aliases[path] == "" {
				aliases[path] = fmt.Sprintf("p%d", len(aliases))
			}
			return aliases[path] + "."
		})
		fmt.Fprintf(&b, "\t\tugkeep.Put(%q, *new(%s))\n", name, src)
	}
	head := "package main\n\nimport (\n\t\"os\"\n\tugkeep \"urbangraph/kernel/keep\"\n"
	for path, alias := range aliases {
		head += fmt.Sprintf("\t%s %q\n", alias, path)
	}
	return head + ")\n\nfunc init() {\n\tif os.Args[1] == \"types\" {\n" + b.String() + "\t\tugkeep.Done()\n\t\tos.Exit(0)\n\t}\n}\n"
}

// refusals are names whose values cannot be kept, and why.
var refusals = map[string]string{
	"channel":   "it holds a chan int: a channel lives no longer than the program",
	"function":  "it holds a func()",
	"file":      "its fields are hidden in package os",
	"context":   "context.backgroundCtx is not exported",
	"list":      "its fields are hidden in package container/list",
	"locked":    "it holds a sync.Mutex",
	"waiting":   "it holds a sync.WaitGroup",
	"address":   "a uintptr may be an address",
	"unsafe":    "an unsafe pointer is an address",
	"timer":     "its fields are hidden in package time",
	"localType": "the type local is declared inside a function",
	"panics":    "panics with words",
	"nowhere":   "it holds a chan int",
	"huge":      "it takes more than 1 GiB",
}
