package gofront

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"urbangraph/kernel/internal/frame"
)

func TestCellThroughFronts(t *testing.T) {
	g := newGonb(t, project(t), nil)
	src := "package main\n\n\nfunc main() { fmt.Println(rooms.Name, rooms.Count) }\n"
	for _, kind := range []string{"new", "unchanged"} {
		out, code, _ := g.cell(src)
		if out != "kitchen one\n" || code != 0 {
			t.Fatalf("%s: exit status %d: %s", kind, code, out)
		}
	}
	if to, err := os.Readlink(g.program()); err != nil || to != g.d.Launcher {
		t.Errorf("the program leads to %q, %v", to, err)
	}
	if out, code, _ := g.cell("package main\n\nfunc main() { missing() }\n"); code != 1 || out != "# gonb_test\n./main.go:3:15: undefined: missing\n" {
		t.Errorf("exit status %d: %s", code, out)
	}
	if out, code, _ := g.cell("package main\n\nfunc main() { \n"); code != 2 || !strings.Contains(out, "main.go:3:16: expected '}'") {
		t.Errorf("exit status %d: %s", code, out)
	}
}

// TestPaths checks that neither what a program says of itself nor its place in the store depends on the
// folder of the notebook.
func TestPaths(t *testing.T) {
	p, cache := project(t), t.TempDir()
	const src = "package main\n\nimport \"runtime\"\n\nfunc main() {\n\t_, a, _, _ := runtime.Caller(0)\n\tprintln(a)\n\tb()\n}\n\n//line /cell/abc:7\nfunc b() { _, f, l, _ := runtime.Caller(0); println(f, l); panic(\"over\") }\n"
	for range 2 {
		g := newGonb(t, p, func(s *Settings) { s.Cache = cache })
		out, code, _ := g.cell(src)
		if code != 2 || !strings.HasPrefix(out, "/cell/main.go\n/cell/abc 7\npanic: over\n") || strings.Contains(out, g.dir) {
			t.Errorf("exit status %d: %s", code, out)
		}
	}
	if es, err := os.ReadDir(filepath.Join(cache, "bin")); err != nil || len(es) != 1 {
		t.Errorf("%d programs are kept, %v", len(es), err)
	}
}

func TestMissing(t *testing.T) {
	g := newGonb(t, project(t), nil)
	want := "./main.go:4:4: no module of this notebook provides the package example.com/none; to fetch one, run a cell with the line: %get example.com/none@latest\n"
	src := "package main\n\nimport (\n\t_ \"example.com/none\"\n\t_ \"fmt\"\n)\n\nfunc main() {}\n"
	if out, code, _ := g.cell(src); code != 1 || out != want {
		t.Errorf("exit status %d: %s", code, out)
	}
	if out, code := g.say("go", "build", "-o", g.program()); code != 1 || out != want {
		t.Errorf("without go get: exit status %d: %s", code, out)
	}
}

// proxy makes a module proxy of files with the module example.com/tiny and has the go command use it.
func proxy(t *testing.T) func(*Settings) {
	t.Helper()
	dir := t.TempDir()
	at := filepath.Join(dir, "example.com", "tiny", "@v")
	write(t, filepath.Join(at, "list"), "v1.0.0\n")
	write(t, filepath.Join(at, "v1.0.0.info"), `{"Version":"v1.0.0"}`)
	write(t, filepath.Join(at, "v1.0.0.mod"), "module example.com/tiny\n\ngo 1.21\n")
	writeZip(t, filepath.Join(at, "v1.0.0.zip"), map[string]string{
		"example.com/tiny@v1.0.0/go.mod":  "module example.com/tiny\n\ngo 1.21\n",
		"example.com/tiny@v1.0.0/tiny.go": "package tiny\n\nconst Size = 3\n",
	})
	t.Setenv("GOPROXY", "file://"+dir)
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOFLAGS", "-modcacherw")
	modules := t.TempDir()
	t.Setenv("GOMODCACHE", modules)
	return func(s *Settings) { s.ModCache, s.Flags = modules, "-modcacherw" }
}

func TestGet(t *testing.T) {
	cache := proxy(t)
	const src = "package main\n\nimport \"example.com/tiny\"\n\nfunc main() { println(tiny.Size) }\n"
	for _, how := range []string{"Get", "AutoGet"} {
		t.Run(how, func(t *testing.T) {
			g := newGonb(t, project(t), cache)
			if out, code, _ := g.cell(src); code != 1 || !strings.Contains(out, "%get example.com/tiny@latest") {
				t.Fatalf("exit status %d: %s", code, out)
			}
			if how == "AutoGet" {
				g.d.AutoGet(true)
			} else if out, err := g.d.Get(t.Context(), g.dir, "example.com/tiny@latest"); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if out, code, _ := g.cell(src); code != 0 || out != "3\n" {
				t.Errorf("exit status %d: %s", code, out)
			}
			if out, code, _ := g.cell("package main\n\nfunc main() { println(tiny.Size) }\n"); code != 0 || out != "3\n" {
				t.Errorf("without the import: exit status %d: %s", code, out)
			}
		})
	}
	g := newGonb(t, project(t), cache)
	for _, m := range []string{"", "-u", "a b", "example.com/none@latest"} {
		if _, err := g.d.Get(t.Context(), g.dir, m); err == nil {
			t.Errorf("Get(%q) is no error", m)
		}
	}
}

// TestRealBuilds has the real go command build what is out of the common, still behind the launcher.
func TestRealBuilds(t *testing.T) {
	g := newGonb(t, project(t), nil)
	write(t, filepath.Join(g.dir, "x"), "embedded")
	for _, c := range []struct {
		name, file, source string
		args               []string
		run                []string
		want               string
	}{
		{"embed", "main.go", "package main\n\nimport _ \"embed\"\n\n//go:embed x\nvar x string\n\nfunc main() { println(x) }\n", []string{"build"}, nil, "embedded\n"},
		{"tags", "main.go", "package main\n\nfunc main() { println(1) }\n", []string{"build", "-tags=x"}, nil, "1\n"},
		{"test", "main_test.go", "package main\n\nimport \"testing\"\n\nfunc TestIt(t *testing.T) {}\n", []string{"test", "-c"}, []string{"-test.v"}, "=== RUN   TestIt\n--- PASS: TestIt (0.00s)\nPASS\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			os.Remove(filepath.Join(g.dir, "main.go"))
			write(t, filepath.Join(g.dir, c.file), c.source)
			g.must("goimports", "-w", filepath.Join(g.dir, c.file))
			args := []string{c.args[0]}
			if c.args[0] == "test" {
				args = append(args, "-c")
			}
			args = append(args, "-o", g.program())
			if c.args[0] == "build" {
				args = append(args, c.args[1:]...)
			}
			g.must("go", args...)
			if out, code := g.say(g.program(), c.run...); code != 0 || out != c.want {
				t.Errorf("exit status %d: %s", code, out)
			}
			if to, err := os.Readlink(g.program()); err != nil || to != g.d.Launcher {
				t.Errorf("the program leads to %q, %v", to, err)
			}
		})
	}
	os.Remove(filepath.Join(g.dir, "main_test.go"))
	write(t, filepath.Join(g.dir, "main.go"), "package main\n\nfunc main() {}\n")
	if out, code := g.say("go", "build", "-o", g.program(), "-no-such-flag"); code != 2 || !strings.Contains(out, "-no-such-flag") {
		t.Errorf("a wrong flag: exit status %d: %s", code, out)
	}
	wasm := g.command("go", "build", "-o", filepath.Join(g.dir, "cell.wasm"))
	wasm.Env = append(wasm.Env, "GOOS=js", "GOARCH=wasm", "GOFLAGS="+BuildFlags)
	if testing.Short() {
		return
	}
	if out, err := wasm.CombinedOutput(); err != nil {
		t.Errorf("wasm: %v: %s", err, out)
	}
	if data, err := os.ReadFile(filepath.Join(g.dir, "cell.wasm")); err != nil || !strings.HasPrefix(string(data), "\x00asm") {
		t.Errorf("the file is no WebAssembly: %v", err)
	}
}

// TestGoroot checks that GoNB finds the JavaScript of WebAssembly programs where it looks for it, in a
// folder that is as good as GOROOT.
func TestGoroot(t *testing.T) {
	g := newGonb(t, project(t), nil)
	for range 2 {
		root := strings.TrimSpace(g.must("go", "env", "GOROOT"))
		if !isFile(filepath.Join(root, "misc", "wasm", "wasm_exec.js")) || !isFile(filepath.Join(root, "bin", "go")) || !isFile(filepath.Join(root, "src", "fmt", "print.go")) {
			t.Fatalf("%s is no GOROOT with misc/wasm", root)
		}
	}
}

func TestOtherPrograms(t *testing.T) {
	g := newGonb(t, project(t), nil)
	if out, code := g.say("gopls", "-listen", "unix;/tmp/gonb_1/gopls_socket"); code != 0 || out != "" {
		t.Errorf("GoNB's gopls: exit status %d: %s", code, out)
	}
	if out, code := g.say("gopls", "version"); code != 127 || !strings.Contains(out, "none/gopls: no such file") {
		t.Errorf("a gopls that is not installed: exit status %d: %s", code, out)
	}
	if out := g.must("go", "env", "GOVERSION"); strings.TrimSpace(out) != g.d.Version {
		t.Errorf("go env: %s", out)
	}
	for _, drop := range []string{SocketEnv, realGoEnv} {
		cmd := g.command("go", "version")
		cmd.Env = append(cmd.Env, drop+"=")
		out, err := cmd.CombinedOutput()
		if drop == SocketEnv && err != nil || drop == realGoEnv && !strings.Contains(string(out), "only inside it") {
			t.Errorf("without %s: %v: %s", drop, err, out)
		}
	}
	// A kernel that has gone: the real go command does the work, and does not write through the link.
	g.cell("package main\n\nfunc main() {}\n")
	g.d.Close()
	os.MkdirAll(g.dir, 0o755)
	if err := os.Symlink(g.d.Launcher, g.program()); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(g.d.Launcher)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(g.dir, "main.go"), "package main\n\nfunc main() { println(5) }\n")
	write(t, filepath.Join(g.dir, "go.mod"), "module gonb_test\n")
	if err := os.Chmod(g.dir, 0o755|os.ModeSetgid); err != nil { // has go build copy what it has built
		t.Fatal(err)
	}
	g.must("go", "build", "-o", g.program())
	if out := g.must(g.program()); out != "5\n" {
		t.Errorf("printed %s", out)
	}
	if after, err := os.Stat(g.d.Launcher); err != nil || after.ModTime() != before.ModTime() || after.Size() != before.Size() {
		t.Errorf("the launcher has changed: %v", err)
	}
}

// slow puts a program in place of another that takes long, and tells in a file that it runs.
func slow(t *testing.T, path string) (runs string) {
	t.Helper()
	runs = filepath.Join(t.TempDir(), "runs")
	write(t, path, "#!/bin/sh\necho $$ >> "+runs+"\nexec sleep 60\n")
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return runs
}

// processes waits until the file names a process and returns all that it names.
func processes(t *testing.T, file string) (pids []int) {
	t.Helper()
	for range 1000 {
		if text, err := os.ReadFile(file); err == nil && strings.HasSuffix(string(text), "\n") {
			for _, f := range strings.Fields(string(text)) {
				pid, err := strconv.Atoi(f)
				if err != nil {
					t.Fatal(err)
				}
				pids = append(pids, pid)
			}
			return pids
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("nothing started: %s", file)
	return nil
}

// gone waits until a process group has ended.
func gone(t *testing.T, group int) {
	t.Helper()
	for range 1000 {
		if syscall.Kill(-group, 0) == syscall.ESRCH {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("the process group %d is still there", group)
}

// TestAbort ends builds in the compiler, in the linker and in the go command, by an interrupt, by the end
// of the front and by that of the daemon.
func TestAbort(t *testing.T) {
	real := toolchain(t)
	for _, where := range []string{"compile", "link", "go"} {
		for _, how := range []string{"interrupt", "front", "close"} {
			t.Run(where+" "+how, func(t *testing.T) {
				cache := t.TempDir()
				first := newGonb(t, project(t), func(s *Settings) { s.Cache = cache })
				first.cell(cellSource) // makes the import configuration
				var runs string
				g := newGonb(t, first.d.Repo, func(s *Settings) {
					s.Cache = cache
					if where == "go" {
						s.Go = filepath.Join(t.TempDir(), "go")
						runs = slow(t, s.Go)
						return
					}
					s.ToolDir = t.TempDir()
					for _, tool := range []string{"compile", "link"} {
						if err := os.Symlink(filepath.Join(real.ToolDir, tool), filepath.Join(s.ToolDir, tool)); err != nil {
							t.Fatal(err)
						}
					}
					os.Remove(filepath.Join(s.ToolDir, where))
					runs = slow(t, filepath.Join(s.ToolDir, where))
				})
				src := strings.Replace(cellSource, "func main", "\n\nfunc main", 1)
				if where == "go" {
					src = "package main\n\n//go:debug madvdontneed=1\n\nfunc main() {}\n"
				}
				write(t, filepath.Join(g.dir, "main.go"), src)
				cmd := g.command("go", "build", "-o", g.program())
				var said strings.Builder
				cmd.Stderr = &said
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				processes(t, runs)
				for g.d.busy() == 0 {
					time.Sleep(time.Millisecond)
				}
				switch how {
				case "interrupt":
					if n := g.d.Abort(); n == 0 {
						t.Error("nothing was ended")
					}
				case "front":
					cmd.Process.Kill()
					for end := time.Now().Add(10 * time.Second); g.d.busy() > 0; time.Sleep(time.Millisecond) {
						if time.Now().After(end) {
							t.Fatal("the work goes on without its front")
						}
					}
				case "close":
					g.d.Close()
				}
				cmd.Wait()
				if code := cmd.ProcessState.ExitCode(); how != "front" && (code != 1 || said.String() != "interrupted\n") {
					t.Errorf("exit status %d: %s", code, said.String())
				}
				g.d.Close()
				for _, pid := range processes(t, runs) {
					gone(t, pid)
				}
			})
		}
	}
}

// busy is how many jobs run.
func (d *Daemon) busy() int {
	d.jobs.mu.Lock()
	defer d.jobs.mu.Unlock()
	return len(d.jobs.running)
}

// TestHostileFronts connects with what no front says, and then runs a cell.
func TestHostileFronts(t *testing.T) {
	g := newGonb(t, project(t), nil)
	for name, data := range map[string][]byte{
		"nothing":       nil,
		"noise":         []byte("GET / HTTP/1.0\r\n\r\n"),
		"too long":      {0xff, 0xff, 0xff, 0x7f},
		"no fields":     frame.Append(nil),
		"wrong number":  frame.Append(nil, "go", g.dir, "9", "build"),
		"no number":     frame.Append(nil, "go", g.dir, "x", "build"),
		"no arguments":  frame.Append(nil, "go", g.dir, "0"),
		"no program":    frame.Append(nil, "", "", "0"),
		"no folder":     frame.Append(nil, "go", "/no/gonb_1", "3", "build", "-o", "x"),
		"unread answer": frame.Append(nil, "go", g.dir, "2", "env", "GOROOT"),
	} {
		c, err := net.Dial("unix", lookup(g.env, SocketEnv))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c.Write(data)
		if name == "nothing" {
			defer c.Close() // stays silent
		} else {
			c.Close()
		}
	}
	if out, code, _ := g.cell(cellSource); out != "kitchen one\n" || code != 0 {
		t.Errorf("exit status %d: %s", code, out)
	}
}

// TestClose checks that nothing is left of a daemon.
func TestClose(t *testing.T) {
	g := newGonb(t, project(t), nil)
	g.cell(cellSource)
	time.Sleep(2 * restockDelay) // for the next station
	old := filepath.Join(g.d.Cache, stationPrefix+"999999999-1")
	write(t, filepath.Join(old, "main.go"), "package main\n")
	g.d.clearStations()
	g.d.Close()
	g.d.Close()
	for _, pattern := range []string{filepath.Join(g.d.Cache, stationPrefix+"*"), g.dir, lookup(g.env, SocketEnv)} {
		if left, _ := filepath.Glob(pattern); left != nil {
			t.Errorf("left are %v", left)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	open := t.TempDir()
	os.Chmod(open, 0o755)
	for _, dir := range []string{open, "/no/such"} {
		d := NewDaemon(Settings{})
		if err := d.Start(filepath.Join(dir, "s")); err == nil {
			t.Errorf("%s is no error", dir)
		}
		d.Close()
	}
}

func TestDecodeRequest(t *testing.T) {
	q, err := decodeRequest([]string{"go", "/dir", "2", "a", "b", "X=1", "Y=2"})
	if err != nil || fmt.Sprint(q) != "{go /dir [a b] [X=1 Y=2]}" {
		t.Errorf("%v, %v", q, err)
	}
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add("go", "/", "1", "a")
	f.Add("go", "/", "-1", "")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		q, err := decodeRequest([]string{a, b, c, d})
		if err == nil && len(q.args)+len(q.env) != 1 {
			t.Errorf("%+v", q)
		}
	})
}
