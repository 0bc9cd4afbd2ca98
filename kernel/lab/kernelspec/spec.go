package kernelspec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Spec is the content of a kernel.json.
type Spec struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	MIMEType      string            `json:"mimetype,omitempty"`
	InterruptMode string            `json:"interrupt_mode,omitempty"`
	Env           map[string]string `json:"env,omitempty"` // anyone on the machine may read it
	Metadata      map[string]any    `json:"metadata,omitempty"`
}

// Program is the base name of the kernel's program, by which a spec is known to be ours.
const Program = "ugkernel"

// connectionFile stands in Argv for the file that Jupyter names.
const connectionFile = "{connection_file}"

// New is the spec of the kernel of the clone at repo, whose program is the given file. Both paths have to
// be absolute, as Jupyter starts kernels in the folder of a notebook.
func New(program, repo, title string) Spec {
	return Spec{
		Argv:          []string{program, "kernel", "--repo", repo, "--connection", connectionFile},
		DisplayName:   title,
		Language:      "go",
		MIMEType:      "text/x-go",
		InterruptMode: "message",
		Metadata:      map[string]any{"debugger": false},
	}
}

// Own reports whether the spec starts this kernel, of whatever clone.
func (s Spec) Own() bool {
	return len(s.Argv) >= 2 && filepath.Base(s.Argv[0]) == Program && s.Argv[1] == "kernel" &&
		slices.Contains(s.Argv, connectionFile)
}

// Repo is the root of the clone that an own spec names, "" when it names none.
func (s Spec) Repo() string {
	for i, a := range s.Argv {
		if a == "--repo" && i+1 < len(s.Argv) {
			return s.Argv[i+1]
		}
	}
	return ""
}

// Check returns what would keep the kernel from being started, and the cure.
func (s Spec) Check() error {
	if len(s.Argv) == 0 {
		return errors.New("kernel.json has no argv")
	}
	fi, err := os.Stat(s.Argv[0])
	if err != nil {
		return fmt.Errorf("its program is not there: %w", err)
	}
	if fi.IsDir() || fi.Mode()&0o111 == 0 {
		return fmt.Errorf("its program %s cannot be executed", s.Argv[0])
	}
	if repo := s.Repo(); repo != "" {
		if _, err := os.Stat(filepath.Join(repo, "go.mod")); err != nil {
			return fmt.Errorf("its clone is not there: %w", err)
		}
	}
	return nil
}

// Text is the content of kernel.json.
func (s Spec) Text() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// specFile is the file by which Jupyter knows a folder to be a kernel's.
const specFile = "kernel.json"

// Read reads the kernel.json in a folder. An error that wraps [fs.ErrNotExist] says that there is none.
func Read(dir string) (Spec, error) {
	data, err := os.ReadFile(filepath.Join(dir, specFile))
	if err != nil {
		return Spec{}, err
	}
	var s Spec
	if err := json.Unmarshal(data, &s); err != nil {
		return Spec{}, fmt.Errorf("%s is no kernel description: %w", filepath.Join(dir, specFile), err)
	}
	return s, nil
}

// CheckName returns why Jupyter would not take a name for a kernel, nil when it would.
func CheckName(name string) error {
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	}
	if name == "" || strings.HasPrefix(name, ".") || strings.ContainsFunc(name, bad) {
		return fmt.Errorf("%q is no name for a kernel: use lower-case letters, digits, and after the first character . _ - too", name)
	}
	return nil
}

// CheckEnv returns why a variable does not belong into a kernel.json, which anyone on the machine may read
// and which is often copied.
func CheckEnv(name string) error {
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return fmt.Errorf("%q is no name of a variable", name)
	}
	for word := range strings.SplitSeq(strings.ToUpper(name), "_") {
		switch word {
		case "TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY", "APIKEY", "CREDENTIALS":
			return fmt.Errorf("%s looks like a secret, and anyone may read a kernel.json: set it where Jupyter is started, the cells inherit it", name)
		}
	}
	return nil
}

// Found is a kernelspec that a client may see.
type Found struct {
	Name string
	Dir  string
	Spec Spec
	Err  error // of reading it
}

// Search lists the kernelspecs in Jupyter data folders, in their order. The same folder is listed once.
func Search(dataDirs ...string) []Found {
	var out []Found
	var seen []string
	for _, d := range dataDirs {
		root := filepath.Join(d, "kernels")
		if real, err := filepath.EvalSymlinks(root); err == nil {
			root = real
		}
		if slices.Contains(seen, root) {
			continue
		}
		seen = append(seen, root)
		entries, err := os.ReadDir(root)
		if err != nil {
			continue
		}
		for _, e := range entries {
			dir := filepath.Join(root, e.Name())
			s, err := Read(dir)
			if errors.Is(err, fs.ErrNotExist) || isNotDir(err) {
				continue
			}
			out = append(out, Found{Name: strings.ToLower(e.Name()), Dir: dir, Spec: s, Err: err})
		}
	}
	return out
}
