package run

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"urbangraph/kernel/internal/frame"
)

// built is the folder that [ugrun] has made.
var built string

// ugrun builds the launcher once for all tests.
var ugrun = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "run-test-")
	if err != nil {
		return "", err
	}
	built = dir
	file := filepath.Join(dir, "ugrun")
	cmd := exec.Command("go", "build", "-o", file, "urbangraph/kernel/cmd/ugrun")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return file, errors.New(err.Error() + ": " + string(out))
	}
	return file, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// launcher is a server with a launcher that asks it.
type launcher struct {
	t      *testing.T
	ugrun  string
	server *Server
	dir    string

	mu      sync.Mutex
	launch  []Launch
	started []int
	ended   []Exit
	lost    chan struct{} // gets a value with each end
}

// newLauncher serves programs with the streams that start gives.
func newLauncher(t *testing.T, start func(Launch) (Streams, error)) *launcher {
	t.Helper()
	file, err := ugrun()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		t.Fatal(err)
	}
	l := &launcher{t: t, ugrun: file, dir: dir, lost: make(chan struct{}, 100)}
	l.server, err = Listen(filepath.Join(dir, "run"), Handler{
		Start: func(x Launch) (Streams, error) {
			l.mu.Lock()
			l.launch = append(l.launch, x)
			l.mu.Unlock()
			return start(x)
		},
		Started: func(_ Launch, group int) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.started = append(l.started, group)
		},
		Ended: func(_ Launch, e Exit) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.ended = append(l.ended, e)
			l.lost <- struct{}{}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.server.Close()
		os.RemoveAll(dir)
	})
	return l
}

// seen returns what the handler was told.
func (l *launcher) seen() (launches []Launch, started []int, ended []Exit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.launch), slices.Clone(l.started), slices.Clone(l.ended)
}

// cell places a shell script as GoNB's program of a cell and returns the command that starts it.
func (l *launcher) cell(script string, args ...string) *exec.Cmd {
	l.t.Helper()
	program := filepath.Join(l.t.TempDir(), "gonb_cell")
	if err := os.WriteFile(program+".bin", []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Symlink(l.ugrun, program); err != nil {
		l.t.Fatal(err)
	}
	return l.command(program, args...)
}

// command is a command with the socket in its environment.
func (l *launcher) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), Env+"="+l.server.Socket(), "GONB_PIPE=/old/pipe", "GONB_PIPE_BACK=/old/back")
	return cmd
}

// pipes are streams that can be read.
func pipes(t *testing.T) (s Streams, stdout, stderr, display *os.File) {
	t.Helper()
	make := func() (r, w *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		return r, w
	}
	stdout, s.Stdout = make()
	stderr, s.Stderr = make()
	display, s.Display = make()
	return s, stdout, stderr, display
}

// read reads to the end.
func read(t *testing.T, f *os.File) string {
	t.Helper()
	f.SetReadDeadline(time.Now().Add(5 * time.Second))
	data, err := io.ReadAll(f)
	if err != nil {
		t.Errorf("reading a pipe: %v", err)
	}
	return string(data)
}

func TestCell(t *testing.T) {
	s, stdout, stderr, display := pipes(t)
	s.GonbPipe = "/new/pipe"
	s.Env = []string{"MINE=yes", "HOME=/mine"}
	l := newLauncher(t, func(Launch) (Streams, error) { return s, nil })
	cmd := l.cell(`echo "$0" "$@" $GONB_PIPE $GONB_PIPE_BACK $MINE $HOME "<$UGKERNEL_RUN>"
echo wrong >&2
echo shown >&$UG_DISPLAY
ps -o pgid= -p $$ >&2
read line; echo "$line"
printf %0200000d 0
exit 7`, "a b", "c")
	cmd.Stdin = strings.NewReader("typed\n")
	var plain bytes.Buffer
	cmd.Stdout, cmd.Stderr = &plain, &plain
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // more than a pipe holds waits to be read
	printed := read(t, stdout)
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 || plain.Len() > 0 {
		t.Fatalf("%v, on the launcher's own output: %s", err, plain.String())
	}
	program := cmd.Path + ".bin"
	if got, want := printed, program+" a b c /new/pipe /old/back yes /mine <>\ntyped\n"+strings.Repeat("0", 200_000); got != want {
		t.Errorf("stdout has %d bytes: %.100q, want %.100q", len(got), got, want)
	}
	pid := strconv.Itoa(cmd.Process.Pid)
	if f := strings.Fields(read(t, stderr)); !slices.Equal(f, []string{"wrong", pid}) {
		t.Errorf("stderr %q, want wrong and the process group %s", f, pid)
	}
	if got := read(t, display); got != "shown\n" {
		t.Errorf("the display got %q", got)
	}
	launches, started, ended := l.seen()
	dir, _ := os.Getwd()
	want := Launch{Kind: Cell, PID: cmd.Process.Pid, Dir: dir, GonbPipe: "/old/pipe", GonbPipeBack: "/old/back",
		Args: []string{cmd.Path, "a b", "c"}}
	if !reflect.DeepEqual(launches, []Launch{want}) {
		t.Errorf("launches %+v, want %+v", launches, want)
	}
	if !slices.Equal(started, []int{cmd.Process.Pid}) || len(ended) > 0 {
		t.Errorf("started %v, ended %v", started, ended)
	}
}

// TestCellWithout runs cells that get nothing from the kernel.
func TestCellWithout(t *testing.T) {
	l := newLauncher(t, func(Launch) (Streams, error) { return Streams{}, nil })
	for name, env := range map[string]string{
		"streams":  Env + "=" + l.server.Socket(),
		"a socket": Env + "=/none",
		"a name":   Env + "=",
	} {
		cmd := l.cell(`echo "said <$UG_DISPLAY>" $GONB_PIPE`)
		cmd.Env = append(cmd.Env, env)
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != "said <> /old/pipe\n" {
			t.Errorf("without %s: %v: %s", name, err, out)
		}
	}
}

func TestRefused(t *testing.T) {
	l := newLauncher(t, func(Launch) (Streams, error) { return Streams{}, errors.New("interrupted") })
	for _, cmd := range []*exec.Cmd{l.cell("echo ran"), l.command(l.ugrun, Shell, "1")} {
		out, _ := cmd.CombinedOutput()
		if string(out) != "interrupted\n" || cmd.ProcessState.ExitCode() != 126 {
			t.Errorf("%v: %s, exit status %d", cmd.Args, out, cmd.ProcessState.ExitCode())
		}
	}
	if _, _, ended := l.seen(); len(ended) > 0 {
		t.Errorf("what was refused has ended: %v", ended)
	}
}

func TestCommand(t *testing.T) {
	for _, c := range []struct {
		name    string
		command []string
		input   string
		out     string
		exit    Exit
	}{
		{"plain", []string{"sh", "-c", "echo $X; pwd"}, "", "mine\n/\n", Exit{}},
		{"status", []string{"/bin/sh", "-c", "exit 3"}, "", "", Exit{Code: 3}},
		{"input", []string{"cat"}, "typed", "typed", Exit{}},
		{"killed", []string{"sh", "-c", "kill -KILL $$"}, "", "", Exit{Code: 137, Signal: "killed"}},
		{"own group", []string{"sh", "-c", "test $(ps -o pgid= -p $$) = $$"}, "", "", Exit{}},
		{"missing", []string{"no-such-command"}, "", "", Exit{Code: 127}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			l := newLauncher(t, func(Launch) (Streams, error) {
				return Streams{Stdout: w, Dir: "/", Env: []string{"X=mine"}, Command: c.command}, nil
			})
			cmd := l.command(l.ugrun, Script, "id 1")
			cmd.Stdin = strings.NewReader(c.input)
			cmd.Run()
			if got := read(t, r); got != c.out {
				t.Errorf("printed %q, want %q", got, c.out)
			}
			if code := cmd.ProcessState.ExitCode(); code != c.exit.Code {
				t.Errorf("the launcher's exit status %d, want %d", code, c.exit.Code)
			}
			<-l.lost
			launches, _, ended := l.seen()
			if !slices.Equal(ended, []Exit{c.exit}) || launches[0].ID != "id 1" || launches[0].Kind != Script {
				t.Errorf("ended %+v, want %+v; launch %+v", ended, c.exit, launches)
			}
		})
	}
}

// TestSignals interrupts a command by way of its launcher, which passes it on to the whole group.
func TestSignals(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l := newLauncher(t, func(Launch) (Streams, error) {
		return Streams{Stdout: w, Command: []string{"sh", "-c", `trap 'exit 5' INT
sh -c 'trap "echo inner; exit 1" INT; echo ready; while :; do sleep 0.05; done'`}}, nil
	})
	cmd := l.command(l.ugrun, Shell, "1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 6)
	if _, err := io.ReadFull(r, buf); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait()
	<-l.lost
	if _, _, ended := l.seen(); ended[0].Code != 5 {
		t.Errorf("ended %+v, want exit status 5", ended)
	}
	if got := read(t, r); got != "inner\n" {
		t.Errorf("then printed %q", got)
	}
}

// TestLost kills a launcher: the kernel is told that it is lost, and the command ends where the system can do
// that.
func TestLost(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l := newLauncher(t, func(Launch) (Streams, error) {
		return Streams{Stdout: w, Command: []string{"sh", "-c", "echo ready; exec sleep 60"}}, nil
	})
	cmd := l.command(l.ugrun, Shell, "1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	<-l.lost
	_, started, ended := l.seen()
	if !slices.Equal(ended, []Exit{{Lost: true}}) {
		t.Errorf("ended %+v", ended)
	}
	if len(started) == 1 {
		syscall.Kill(-started[0], syscall.SIGKILL) // as the kernel does
	}
	read(t, r)
}

// TestHostile connects with what no launcher says; a launch in between works.
func TestHostile(t *testing.T) {
	l := newLauncher(t, func(Launch) (Streams, error) { return Streams{}, nil })
	me := strconv.Itoa(os.Getpid())
	for name, data := range map[string][]byte{
		"nothing":          nil,
		"noise":            []byte("GET / HTTP/1.0\r\n\r\n"),
		"too long":         {0xff, 0xff, 0xff, 0x7f},
		"half":             frame.Append(nil, sayLaunch, Cell, "", me, "/", "", "")[:9],
		"no fields":        frame.Append(nil),
		"another word":     frame.Append(nil, "lunch", Cell, "", me, "/", "", ""),
		"another kind":     frame.Append(nil, sayLaunch, "tank", "", me, "/", "", ""),
		"another process":  frame.Append(nil, sayLaunch, Cell, "", "2", "/", "", ""),
		"a process group":  frame.Append(nil, sayLaunch, Cell, "", "-1", "/", "", ""),
		"answer not taken": frame.Append(nil, sayLaunch, Shell, "", me, "/", "", ""),
	} {
		c, err := net.Dial("unix", l.server.Socket())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c.Write(data)
		if name == "half" || name == "nothing" {
			defer c.Close() // stays silent
		} else {
			c.Close()
		}
	}
	if out, err := l.cell("echo fine").CombinedOutput(); err != nil || string(out) != "fine\n" {
		t.Errorf("%v: %s", err, out)
	}
	launches, _, _ := l.seen()
	for _, x := range launches {
		if runtime.GOOS == "linux" && x.PID == 2 {
			t.Errorf("a launch for another process: %+v", x)
		}
	}
}

// TestDeceit has a client say what is not so after a launch.
func TestDeceit(t *testing.T) {
	for name, said := range map[string][]byte{
		"the group of all":  frame.Append(nil, sayStarted, "-1"),
		"the group of init": frame.Append(nil, sayStarted, "1"),
		"no number":         frame.Append(nil, sayStarted, "x"),
		"no words":          frame.Append(nil),
		"noise":             []byte("\xff\xff\xff\xff"),
	} {
		l := newLauncher(t, func(Launch) (Streams, error) { return Streams{Command: []string{"true"}}, nil })
		c, err := net.Dial("unix", l.server.Socket())
		if err != nil {
			t.Fatal(err)
		}
		c.Write(frame.Append(nil, sayLaunch, Shell, "1", strconv.Itoa(os.Getpid()), "/", "", ""))
		if _, err := frame.Read(c); err != nil {
			t.Fatal(err)
		}
		c.Write(said)
		c.Close()
		<-l.lost
		if _, started, ended := l.seen(); len(started) > 0 || !slices.Equal(ended, []Exit{{Lost: true}}) {
			t.Errorf("%s: started %v, ended %+v", name, started, ended)
		}
	}
}

func TestListenRefuses(t *testing.T) {
	h := Handler{Start: func(Launch) (Streams, error) { return Streams{}, nil }}
	open := t.TempDir()
	os.Chmod(open, 0o755)
	for name, f := range map[string]func() (*Server, error){
		"a folder that others can enter": func() (*Server, error) { return Listen(filepath.Join(open, "s"), h) },
		"no folder":                      func() (*Server, error) { return Listen("/no/such/s", h) },
		"no handler":                     func() (*Server, error) { return Listen(filepath.Join(open, "s"), Handler{}) },
	} {
		if s, err := f(); err == nil {
			s.Close()
			t.Errorf("%s is no error", name)
		}
	}
}

// TestClose closes a server while launches are under way.
func TestClose(t *testing.T) {
	l := newLauncher(t, func(Launch) (Streams, error) { return Streams{Command: []string{"sleep", "60"}}, nil })
	cmd := l.command(l.ugrun, Shell, "1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	for range 500 {
		if _, started, _ := l.seen(); len(started) > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	done := make(chan error, 1)
	go func() { done <- l.server.Close() }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the server does not end")
	}
	if _, _, ended := l.seen(); !slices.Equal(ended, []Exit{{Lost: true}}) {
		t.Errorf("ended %+v", ended)
	}
	if _, err := os.Stat(l.server.Socket()); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func FuzzDecodeLaunch(f *testing.F) {
	f.Add(frame.Append(nil, sayLaunch, Cell, "", "77", "/", "", "", "a"))
	f.Add(frame.Append(nil, sayLaunch, Shell, "1", "-1", "/", "p", "b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fields, err := frame.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		l, err := decodeLaunch(fields)
		if err == nil && (l.PID < 2 || len(l.Args) != len(fields)-7) {
			t.Errorf("%q was read as %+v", fields, l)
		}
	})
}
