package server

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"urbangraph/kernel/cell"
	"urbangraph/kernel/gofront"
	"urbangraph/kernel/gopls"
	"urbangraph/kernel/trace"
)

// passed are the magics that GoNB carries out.
var passed = []string{"args", "test", "wasm", "widgets", "widgets_hb", "env", "cd", "goflags", "autoget", "noautoget", "help", "version",
	"reset", "ls", "list", "rm", "remove", "with_inputs", "with_password", "track", "untrack", "goworkfix"}

// own are the magics that the kernel carries out by itself.
var own = map[string]func(*execution, cell.Special) *trace.Error{
	"time": func(e *execution, _ cell.Special) *trace.Error { e.timed = true; return nil },
	"who":  (*execution).who,
	"usage": func(e *execution, _ cell.Special) *trace.Error {
		e.say("stdout", e.s.lastUsage().String()+"\n")
		return nil
	},
	"get":         (*execution).get,
	"ug":          (*execution).ug,
	"capture":     (*execution).captureTo,
	"outputlimit": (*execution).setLimit,
	"clear_output": func(e *execution, sp cell.Special) *trace.Error {
		e.publish("clear_output", object{"wait": slices.Contains(sp.Args, "wait")})
		return nil
	},
}

// Magics are all magics with a line of help, for completion.
func Magics() []gopls.MagicHelp {
	return []gopls.MagicHelp{
		{Name: "%%", Help: "what follows runs, as the body of main; arguments of the program may follow"},
		{Name: "%%bash", Help: "run the cell by bash"}, {Name: "%%script", Help: "run the cell by a program: %%script python3"},
		{Name: "%%writefile", Help: "write the cell to a file: %%writefile [-a] FILE"}, {Name: "%%time", Help: "run the cell and say how long it took"},
		{Name: "%%fmt", Help: "format the cell by gofmt instead of running it"},
		{Name: "%args", Help: "arguments of the program"}, {Name: "%autoget", Help: "fetch modules of unknown imports"},
		{Name: "%capture", Help: "copy the cell's output to a file: %capture [-a] FILE"}, {Name: "%cd", Help: "change the working folder"},
		{Name: "%clear_output", Help: "clear the output of the cell: %clear_output [wait]"}, {Name: "%env", Help: "set a variable: %env NAME=VALUE"},
		{Name: "%exec", Help: "call a function: %exec FUNC [ARGS]"}, {Name: "%fmt", Help: "format the cell by gofmt instead of running it"},
		{Name: "%get", Help: "add a module to the notebook: %get MODULE@VERSION"}, {Name: "%goflags", Help: "flags of go build"},
		{Name: "%help", Help: "what there is besides Go"}, {Name: "%ls", Help: "declarations that are remembered"},
		{Name: "%noautoget", Help: "fetch nothing"}, {Name: "%outputlimit", Help: "bytes that a cell may print: %outputlimit 1GB"},
		{Name: "%reset", Help: "forget everything, or a name: %reset [NAME...]"}, {Name: "%rm", Help: "forget declarations: %rm NAME..."},
		{Name: "%test", Help: "run the cell by go test"}, {Name: "%time", Help: "say how long the cell took"},
		{Name: "%ug", Help: "artefacts, or any command of ug: %ug show NAME"}, {Name: "%usage", Help: "what the last cell took"},
		{Name: "%version", Help: "version of GoNB"}, {Name: "%wasm", Help: "compile the cell to WebAssembly"},
		{Name: "%who", Help: "names that are kept between cells"}, {Name: "%with_inputs", Help: "the next shell line reads input"},
		{Name: "%with_password", Help: "the next shell line reads a password"},
	}
}

// magic carries out a magic, or returns the line that GoNB gets for it.
func (e *execution) magic(sp cell.Special) (line string, failed *trace.Error) {
	switch {
	case own[sp.Name] != nil:
		return "", own[sp.Name](e, sp)
	case !slices.Contains(passed, sp.Name):
		return "", trace.Plain("UsageError", fmt.Sprintf("Cell[%d]: Line %d: there is no magic %%%s; %%help lists what there is", e.count, sp.Line, sp.Name), nil)
	}
	switch sp.Name {
	case "env":
		return envLine(sp)
	case "with_inputs", "with_password":
		if !e.allowsInput() {
			return "", trace.Plain("StdinNotAllowed", "%"+sp.Name+": this client gives no input, as when a notebook runs unattended; give the command its input by a file or a pipe", nil)
		}
		e.secret = sp.Name == "with_password"
		if runtime.GOOS == "linux" { // a program that waits for input is noticed without being announced
			return "", nil
		}
	case "autoget", "noautoget":
		e.s.daemon.AutoGet(sp.Name == "autoget")
	case "help":
		e.help()
	case "rm", "remove":
		e.s.memory.Remove(sp.Args...)
	case "reset":
		if len(sp.Args) > 0 && sp.Args[0] != "go.mod" {
			return e.reset(sp.Args)
		}
		if len(sp.Args) == 0 {
			e.s.memory.Reset()
		}
	}
	return sp.String(), nil
}

// assignment is how %env may be written with one argument.
var assignment = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// envLine writes %env so that GoNB understands it: NAME=VALUE with a name of one letter it does not.
func envLine(sp cell.Special) (string, *trace.Error) {
	args := sp.Args
	if len(args) == 1 {
		if m := assignment.FindStringSubmatch(args[0]); m != nil {
			args = m[1:]
		}
	}
	if len(args) != 2 || args[0] == "" {
		return "", trace.Plain("UsageError", `%env takes a name and a value: %env NAME=VALUE, with quotes around a value that has blanks`, nil)
	}
	return fmt.Sprintf("%%env %s %s", word(args[0]), word(args[1])), nil
}

// word quotes a word for GoNB's splitting of magics.
func word(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// reset forgets kept values, or declarations, by name.
func (e *execution) reset(names []string) (string, *trace.Error) {
	unknown := e.s.memory.Forget(names...)
	var declared []string
	for _, d := range e.s.memory.Declarations() {
		if i := slices.Index(unknown, d.Key); i >= 0 {
			declared = append(declared, d.Key)
			unknown = slices.Delete(unknown, i, i+1)
		}
	}
	if len(unknown) > 0 {
		return "", trace.Plain("UsageError", "%reset: nothing is kept under "+strings.Join(unknown, ", ")+"; %who lists what is", nil)
	}
	if len(declared) == 0 {
		return "", nil
	}
	e.s.memory.Remove(declared...)
	return "%rm " + strings.Join(declared, " "), nil
}

// who shows what is kept between cells.
func (e *execution) who(cell.Special) *trace.Error {
	html, text := e.s.memory.Table()
	e.display(object{"text/html": html, "text/plain": text})
	return nil
}

// get adds a module to the module of the notebook.
func (e *execution) get(sp cell.Special) *trace.Error {
	if len(sp.Args) != 1 || strings.HasPrefix(sp.Args[0], "-") {
		return trace.Plain("UsageError", "%get takes one module: %get github.com/some/module@v1.2.3", nil)
	}
	c, err := e.s.keeper.wait(e.ctx)
	if err != nil {
		return trace.Plain("KernelError", err.Error(), nil)
	}
	dir, err := c.ModuleDir()
	if err != nil {
		return trace.Plain("KernelError", err.Error(), nil)
	}
	out, err := e.s.daemon.Get(e.ctx, dir, sp.Args[0])
	if e.interrupted.Load() {
		return interruptedError(nil)
	}
	if err != nil {
		return trace.Plain("GetError", err.Error(), strings.Split(strings.TrimSpace(out+"\n"+err.Error()), "\n"))
	}
	e.say("stdout", out)
	e.s.gopls.Reload()
	return nil
}

// ug runs the command line of the project, which is built when it is not up to date.
func (e *execution) ug(sp cell.Special) *trace.Error {
	program := e.s.program("ug")
	build := exec.CommandContext(e.ctx, e.s.tool.Go, "build", "-o", program, "./uglib/cmd/ug")
	build.Dir, build.Env = e.s.o.Repo, gofront.BuildEnv(os.Environ(), e.s.tool)
	if out, err := build.CombinedOutput(); err != nil {
		return trace.Plain("BuildError", "ug does not build: "+err.Error(), strings.Split(strings.TrimSpace(string(out)+"\n"+err.Error()), "\n"))
	}
	args := sp.Args
	if len(args) == 0 {
		args = []string{"ls"}
	}
	id, ended := e.order(launch{command: append([]string{program}, args...)})
	if failed := e.toChild("!exec "+quote(e.s.launcher())+" shell "+id, nil); failed != nil {
		return failed
	}
	return e.failedCommand(ended, "ug "+strings.Join(args, " "))
}

// captureTo copies the output of the cell to a file.
func (e *execution) captureTo(sp cell.Special) *trace.Error {
	args, flags := sp.Args, os.O_CREATE|os.O_WRONLY|os.O_TRUNC
	if len(args) > 1 && args[0] == "-a" {
		args, flags = args[1:], os.O_CREATE|os.O_WRONLY|os.O_APPEND
	}
	if len(args) != 1 {
		return trace.Plain("UsageError", "%capture takes the name of a file: %capture [-a] FILE", nil)
	}
	path := os.ExpandEnv(args[0])
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			path = filepath.Join(home, rest)
		}
	}
	if !filepath.IsAbs(path) {
		c, err := e.s.keeper.wait(e.ctx)
		if err != nil {
			return trace.Plain("KernelError", err.Error(), nil)
		}
		path = filepath.Join(c.WorkDir(), path)
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return trace.Plain("CaptureError", err.Error(), nil)
	}
	e.capture = f
	return nil
}

// setLimit sets how much a cell may print.
func (e *execution) setLimit(sp cell.Special) *trace.Error {
	if len(sp.Args) == 1 {
		if n, ok := parseSize(sp.Args[0]); ok {
			e.s.mu.Lock()
			defer e.s.mu.Unlock()
			e.s.limit = n
			return nil
		}
	}
	return trace.Plain("UsageError", "%outputlimit takes a number of bytes, such as 10MB or 1GB, or 0 for no limit", nil)
}

// parseSize reads a number of bytes.
func parseSize(s string) (int64, bool) {
	s = strings.ToUpper(s)
	unit := int64(1)
	for _, u := range []struct {
		suffix string
		of     int64
	}{{"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1}} {
		if n, ok := strings.CutSuffix(s, u.suffix); ok {
			s, unit = n, u.of
			break
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n < 0 || n*float64(unit) > 1<<50 {
		return 0, false
	}
	return int64(n * float64(unit)), true
}

// outputLimit is how many bytes of text a cell may print.
func (s *Server) outputLimit() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.limit
}

// format replaces the cell by itself, formatted.
func (e *execution) format(code string) *trace.Error {
	text, err := gopls.Format(code)
	if err != nil {
		return trace.Plain("FormatError", err.Error(), nil)
	}
	e.payload = append(e.payload, object{"source": "set_next_input", "text": text, "replace": true})
	return nil
}

// help shows the magics of this kernel, before GoNB's own help.
func (e *execution) help() {
	var b strings.Builder
	b.WriteString("## Magics of this kernel\n\n")
	for _, m := range Magics() {
		fmt.Fprintf(&b, "- `%s`: %s\n", m.Name, m.Help)
	}
	b.WriteString("\nNames that a cell defines, by `:=` or `var`, are there in later cells; `%who` lists them. The value of an expression on the last line is shown.\n")
	e.display(object{"text/markdown": b.String(), "text/plain": b.String()})
	e.payload = append(e.payload, object{"source": "page", "start": 0, "data": object{"text/plain": b.String()}})
}
