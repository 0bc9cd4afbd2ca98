package gofront

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cellPrefix starts the name of the folder, and of the module, that GoNB makes for a notebook.
const cellPrefix = "gonb_"

// workList is the file in [Settings.Work] that lists the folders that GoNB made, one a line.
const workList = "folders"

// IsFront reports whether a program called name (os.Args[0]) is to act as a front instead of as itself.
func IsFront(name string) bool {
	b := filepath.Base(name)
	return b == "go" || b == "gopls"
}

// Main acts as the program called name with the given arguments, and returns its exit status. It does
// not return when the real program takes over the process.
func Main(name string, args []string) int {
	s, err := settingsFromEnv()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if filepath.Base(name) == "gopls" {
		// A gopls outlives a GoNB that was killed; so it asks to be ended with it.
		endWithParent()
		return become(filepath.Join(s.Bin, "gopls"), args, os.Environ())
	}
	dir, err := os.Getwd()
	if err == nil && strings.HasPrefix(filepath.Base(dir), cellPrefix) {
		if code, handled := s.cellCommand(dir, args, os.Stderr); handled {
			return code
		}
	}
	// The go command and the compiler spend a good part of their time in the garbage collector.
	env := os.Environ()
	if lookup(env, "GOGC") == "" {
		env = append(env, "GOGC=400")
	}
	return become(s.Go, args, env)
}

// cellCommand answers the commands by which GoNB prepares and builds cells in its folder dir. It
// reports false when the real go command has to answer.
func (s Settings) cellCommand(dir string, args []string, stderr io.Writer) (code int, handled bool) {
	switch {
	case len(args) == 3 && args[0] == "mod" && args[1] == "init" && strings.HasPrefix(args[2], cellPrefix):
		if err := WriteModule(dir, args[2], s.Repo); err != nil {
			fmt.Fprintln(stderr, "go mod init:", err)
			return 1, true
		}
		s.note(dir)
		return 0, true
	case slices.Equal(args, []string{"get"}), slices.Equal(args, []string{"get", "-t"}):
		return 0, s.resolved(dir)
	case len(args) == 3 && args[0] == "build" && args[1] == "-o":
		b := builder{Settings: s, dir: dir, env: os.Environ()}
		out, code, handled := b.build(args[2])
		if handled {
			io.WriteString(stderr, out)
		}
		return code, handled
	}
	return 0, false
}

// resolved reports whether each import of the Go files in dir is provided by the module set of dir.
func (s Settings) resolved(dir string) bool {
	paths, err := imports(dir)
	if err != nil {
		return false
	}
	m, err := readModules(dir, s.Toolchain)
	if err != nil {
		return false
	}
	for _, p := range paths {
		if !m.provides(p) {
			return false
		}
	}
	return true
}

// note writes down that GoNB made the folder dir.
func (s Settings) note(dir string) {
	if s.Work == "" {
		return
	}
	f, err := os.OpenFile(filepath.Join(s.Work, workList), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintln(f, dir)
}

// Clean removes the folders that GoNB made in the kernel with the work folder work and did not remove
// itself, which happens when it is killed.
func Clean(work string) {
	data, err := os.ReadFile(filepath.Join(work, workList))
	if err != nil {
		return
	}
	for _, dir := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if strings.HasPrefix(filepath.Base(dir), cellPrefix) {
			os.RemoveAll(dir)
		}
	}
}
