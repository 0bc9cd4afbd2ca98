package server_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"urbangraph/kernel/client"
	"urbangraph/kernel/procs"
)

// TestDefectsOfGoNB shows, one by one, that what is wrong in GoNB is not to be seen through this kernel.
// The kernel must be well after each: a cell that prints has to work.
func TestDefectsOfGoNB(t *testing.T) {
	b := open(t)
	for _, d := range []struct {
		name string
		test func(t *testing.T, b *book)
	}{
		{"01 two %% in a cell", func(t *testing.T, b *book) {
			if _, value, _ := b.fails("%%\nfmt.Println(1)\n%%\nfmt.Println(2)"); !strings.Contains(value, "Line 3") {
				t.Error(value)
			}
			b.fails("%main\n%%\nfmt.Println(2)")
		}},
		{"02 magics and commands without a name", func(t *testing.T, b *book) {
			for _, code := range []string{"% ", "! ", "%\t", "%\\", "!\\", "%", "!"} {
				if r := b.run(code); r.Reply.Status == "error" && r.Reply.EValue == "" {
					t.Errorf("%q: an error without a text", code)
				}
			}
		}},
		{"03 completion of magics without a name", func(t *testing.T, b *book) {
			for _, code := range []string{"% ", "! ", "%\\"} {
				if c, err := b.Complete(within(t, time.Minute), code, len(code)); err != nil || c.Status != "ok" {
					t.Errorf("%q: %v %v", code, c, err)
				}
			}
		}},
		{"04 requests without optional fields", func(t *testing.T, b *book) {
			ctx := within(t, longest)
			for kind, content := range map[string]any{
				"execute_request": map[string]any{"code": "7"}, "inspect_request": map[string]any{"code": "fmt", "cursor_pos": 2},
				"complete_request": map[string]any{"code": "fm"}, "history_request": map[string]any{}, "is_complete_request": map[string]any{"code": "x"},
			} {
				var reply struct{ Status string }
				if err := b.Ask(ctx, client.Shell, kind, content, &reply); err != nil || reply.Status == "error" {
					t.Errorf("%s: %v %v", kind, reply, err)
				}
			}
			for _, kind := range []string{"execute_request", "inspect_request", "complete_request"} {
				var reply struct{ Status string }
				if err := b.Ask(ctx, client.Shell, kind, map[string]any{"code": []int{1}}, &reply); err != nil || reply.Status != "error" {
					t.Errorf("%s with a wrong type: %v %v", kind, reply, err)
				}
			}
		}},
		{"05 a message with a bad signature", func(t *testing.T, b *book) {
			for _, c := range []client.Channel{client.Shell, client.Control, client.Stdin} {
				if err := b.SendRaw(c, []byte("<IDS|MSG>"), []byte("0123"), []byte(`{"msg_type":"x"}`), []byte("{}"), []byte("{}"), []byte("{}")); err != nil {
					t.Fatal(err)
				}
				b.SendRaw(c, []byte("junk"))
			}
		}},
		{"06 interrupt of commands with children", func(t *testing.T, b *book) {
			for _, code := range []string{"!sleep 100 & sleep 200", "%%bash\nsleep 100 &\nsleep 200", "!trap '' INT; sleep 100"} {
				if d := interruptAfter(t, b, code, 300*time.Millisecond); d > 1500*time.Millisecond {
					t.Errorf("%q took %s to end", code, d)
				}
			}
		}},
		{"07 reading input that nobody gives", func(t *testing.T, b *book) {
			b.want("var in string\nn, err := fmt.Scanln(&in)\nfmt.Println(n, err)", "out:0 EOF\n")
		}},
		{"08 input that the client does not allow", func(t *testing.T, b *book) {
			if name, _, _ := b.fails("%with_inputs\n!read x; echo $x"); name != "StdinNotAllowed" {
				t.Error(name)
			}
		}},
		{"09 cells do not wait for completion", func(t *testing.T, b *book) {
			fresh := open(t)
			request, err := fresh.Send(client.Shell, "complete_request", map[string]any{"code": "fmt.Prin", "cursor_pos": 8})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			fresh.want("fmt.Println(9)", "out:9\n")
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("the cell took %s", d)
			}
			if _, err := request.Wait(within(t, time.Minute)); err != nil {
				t.Error(err)
			}
		}},
		{"10 displays without gonbui.Sync", func(t *testing.T, b *book) {
			for i := range 15 {
				b.want(gonbui+fmt.Sprintf("gonbui.DisplayHtml(\"<b>%d</b>\")", i), "[text/html]")
			}
			b.want(gonbui+"gonbui.UpdateHtml(\"u10\", \"<b>1</b>\")\ngonbui.UpdateHtml(\"u10\", \"<b>2</b>\")", "[text/html]|[update text/html]")
		}},
		{"11 characters cut in two", func(t *testing.T, b *book) {
			out := b.ok(`fmt.Print(strings.Repeat("äöü日本語🎈", 50000))`)
			if strings.ContainsRune(out, '�') || len(out) != len("out:")+50000*len("äöü日本語🎈") {
				t.Errorf("%d bytes, damaged: %v", len(out), strings.ContainsRune(out, '�'))
			}
		}},
		{"12 order of text and displays", func(t *testing.T, b *book) {
			code := gonbui + "fmt.Println(\"a\")\nfmt.Println(\"b\")\ngonbui.DisplayHtml(\"<b>x</b>\")\nfmt.Println(\"c\")"
			for range 5 {
				b.want(code, "out:a\nb\n|[text/html]|out:c\n")
			}
		}},
		{"13 cells after an error", func(t *testing.T, b *book) {
			ctx := within(t, longest)
			first, err := b.Submit("time.Sleep(300*time.Millisecond)\npanic(\"stop\")", client.Options{})
			if err != nil {
				t.Fatal(err)
			}
			second, _ := b.Submit("fmt.Println(2)", client.Options{})
			third, _ := b.Submit("fmt.Println(3)", client.Options{})
			for i, q := range []*client.Request{first, second, third} {
				r, err := q.Wait(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if want := []string{"error", "aborted", "aborted"}[i]; r.Reply.Status != want {
					t.Errorf("cell %d: %s, want %s", i+1, r.Reply.Status, want)
				}
			}
		}},
		{"14 interrupt while the cell is built", func(t *testing.T, b *book) {
			var big strings.Builder
			big.WriteString("var table = [][]string{\n")
			for i := range 30000 {
				fmt.Fprintf(&big, "{\"%d\", \"%x\"},\n", i, i*i)
			}
			big.WriteString("}\n%%\nfmt.Println(\"must not run\", len(table))")
			if d := interruptAfter(t, b, big.String(), 150*time.Millisecond); d > 1500*time.Millisecond {
				t.Errorf("it took %s", d)
			}
		}},
		{"15 programs that a cell has started end with it", func(t *testing.T, b *book) {
			before := procs.Now()
			interruptAfter(t, b, "exec.Command(\"sleep\", \"4711\").Run()", 600*time.Millisecond)
			eventually(t, 3*time.Second, "sleep ends", func() bool {
				for _, p := range procs.Since(b.PID(), before) {
					if p.Name == "sleep" && !p.Ended {
						return false
					}
				}
				return true
			})
		}},
		{"16 failures that are called success", func(t *testing.T, b *book) {
			for code, want := range map[string]string{"!false": "exit status 1", "%%bash\nexit 4": "exit status 4", "%nosuchmagic": "%nosuchmagic", "%exec nofn": "undefined: nofn"} {
				if _, value, _ := b.fails(code); !strings.Contains(value, want) {
					t.Errorf("%q: %s", code, value)
				}
			}
			interruptAfter(t, b, "!sleep 100", 300*time.Millisecond)
		}},
		{"17 the compiler's text", func(t *testing.T, b *book) {
			name, value, traceback := b.fails("a := 1\n\nfmt.Println(a +\n\tnowhere)")
			if name != "CompileError" || !strings.Contains(value, "Line 4: undefined: nowhere") || !strings.Contains(traceback, "\tnowhere)\n    \t^") {
				t.Errorf("%s %s\n%s", name, value, traceback)
			}
		}},
		{"18 expressions", func(t *testing.T, b *book) {
			b.want("1+1", "=2")
			b.want("strings.Repeat(\"a\", 3)", "=aaa")
		}},
		{"19 variables of one letter", func(t *testing.T, b *book) {
			b.want("%env Z=1", "out:Set: Z=\"1\"\n")
			b.want("!echo $Z", "out:1\n")
		}},
		{"20 several init functions", func(t *testing.T, b *book) {
			fresh := open(t)
			fresh.want("func init() { fmt.Print(\"one \") }\nfunc init() { fmt.Print(\"two \") }\nfmt.Println(\"main\")", "out:one two main\n")
		}},
		{"21 a changed type blocks no later cell", func(t *testing.T, b *book) {
			fresh := open(t)
			fresh.ok("type P struct{ A int }")
			fresh.ok("func useA(p P) int { return p.A }")
			if out := fresh.ok("type P struct{ B string }"); !strings.Contains(out, "useA of Cell[2]") {
				t.Errorf("no notice: %q", out)
			}
			fresh.want("P{\"b\"}.B", "=b")
		}},
		{"22 no goimports", func(t *testing.T, b *book) {
			// The front answers; a PATH without any goimports makes no difference.
			fresh := open(t, "PATH=/usr/bin:/bin:"+filepath.Join(goRoot(t), "bin"))
			fresh.want("fmt.Println(strings.ToUpper(\"x\"))", "out:X\n")
		}},
		{"23 WebAssembly", func(t *testing.T, b *book) {
			root := t.TempDir()
			t.Chdir(root) // GoNB takes the folder of the process that starts it for that of Jupyter
			fresh := open(t)
			r := fresh.run("%wasm\n%%\nfmt.Println(1)")
			if r.Reply.Status == "error" && strings.Contains(r.Reply.EValue, "wasm_exec.js") {
				t.Error(r.Reply.EValue)
			}
			for _, name := range []string{"wasm_exec.js", "gonb_cell.wasm"} {
				if found, err := filepath.Glob(filepath.Join(root, "jupyter_files", "*", name)); err != nil || len(found) != 1 {
					t.Errorf("%s: %v %v (%s)", name, found, err, r.Reply.EValue)
				}
			}
		}},
		{"24 nothing is left by a killed kernel", func(t *testing.T, b *book) {
			tmp := t.TempDir()
			fresh := open(t, "TMPDIR="+tmp)
			fresh.ok("fmt.Println(1)")
			fresh.Complete(within(t, time.Minute), "fmt.Prin", 8)
			if _, err := fresh.Submit("exec.Command(\"sleep\", \"4712\").Run()", client.Options{}); err != nil {
				t.Fatal(err)
			}
			eventually(t, time.Minute, "the cell runs", func() bool { return running("sleep 4712") })
			fresh.Kill()
			eventually(t, 10*time.Second, "the folder is empty", func() bool {
				left, _ := filepath.Glob(filepath.Join(tmp, "*"))
				return len(left) == 0
			})
			eventually(t, 5*time.Second, "the cell's program ends", func() bool { return !running("sleep 4712") })
			eventually(t, 5*time.Second, "no process of the kernel is left", func() bool { return !running(tmp) })
		}},
		{"25 silent cells, and cells that are not kept", func(t *testing.T, b *book) {
			r := b.runWith("fmt.Println(25)", client.Options{Silent: true})
			if len(r.Outputs) != 0 || r.Reply.Status != "ok" {
				t.Errorf("a silent cell sent %q", shown(r))
			}
			r = b.runWith("fmt.Println(25)", client.Options{NoHistory: true})
			if r.Reply.Count == 0 || shown(r) != "out:25\n" {
				t.Errorf("count %d, %q", r.Reply.Count, shown(r))
			}
		}},
		{"26 replies on the channel of the request", func(t *testing.T, b *book) {
			ctx := within(t, time.Minute)
			for _, kind := range []string{"kernel_info_request", "interrupt_request", "comm_info_request"} {
				if err := b.Ask(ctx, client.Control, kind, map[string]any{}, nil); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
		}},
		{"27 versions", func(t *testing.T, b *book) {
			if v := b.Info; v.Implementation != "urbangraph" || v.ImplementationVersion == "" || v.ImplementationVersion == "0.1.0" || v.ProtocolVersion != "5.4" {
				t.Errorf("%+v", v)
			}
		}},
		{"28 completion runs no go get", func(t *testing.T, b *book) {
			// An import that nobody provides would make go get ask the network.
			start := time.Now()
			c, err := b.Complete(within(t, time.Minute), "import \"example.org/none\"\n%%\nstrings.ToUp", 41)
			if err != nil || c.Status != "ok" || time.Since(start) > 15*time.Second {
				t.Errorf("%v %v after %s", c, err, time.Since(start))
			}
		}},
		{"29 busy and idle around every request", func(t *testing.T, b *book) {
			ctx := within(t, time.Minute)
			ev := b.Events()
			defer ev.Close()
			for _, kind := range []string{"kernel_info_request", "is_complete_request", "history_request", "comm_info_request", "connect_request", "nosuch_request"} {
				q, err := b.Send(client.Shell, kind, map[string]any{"code": "x"})
				if err != nil {
					t.Fatal(err)
				}
				for _, state := range []string{"busy", "idle"} {
					_, err := ev.Await(ctx, func(e client.Event) bool {
						return e.Header.MsgType == "status" && e.Parent.MsgID == q.ID && strings.Contains(string(e.Content), state)
					})
					if err != nil {
						t.Errorf("%s: no %s: %v", kind, state, err)
					}
				}
			}
		}},
		{"30 an unchanged cell is not built again", func(t *testing.T, b *book) {
			code := fmt.Sprintf("fmt.Println(\"thirty\", %d)", time.Now().UnixNano())
			b.ok(code)
			if out := b.ok("%usage"); !strings.Contains(out, "built in") {
				t.Errorf("the first time: %q", out)
			}
			b.ok(code)
			if out := b.ok("%usage"); strings.Contains(out, "built in") {
				t.Errorf("the second time: %q", out)
			}
		}},
	} {
		t.Run(d.name, func(t *testing.T) {
			inner := *b
			inner.t = t
			d.test(t, &inner)
			inner.want("fmt.Println(\"well\")", "out:well\n")
		})
	}
}

// gonbui begins a cell that shows something by gonbui.
const gonbui = "import \"github.com/janpfeifer/gonb/gonbui\"\n%%\n"

// interruptAfter runs a cell, interrupts it after a while and returns how long it took to end. The cell
// must end with the error of an interrupt.
func interruptAfter(t *testing.T, b *book, code string, after time.Duration) time.Duration {
	t.Helper()
	ctx := within(t, longest)
	q, err := b.Submit(code, client.Options{NoStdin: true})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	start := time.Now()
	if err := b.Interrupt(ctx); err != nil {
		t.Fatal(err)
	}
	r, err := q.Wait(ctx)
	if err != nil {
		t.Fatalf("%.60q: %v", code, err)
	}
	if r.Reply.EName != "Interrupted" {
		t.Errorf("%.60q ended with %s %s: %q", code, r.Reply.Status, r.Reply.EName, shown(r))
	}
	return time.Since(start)
}

// running reports whether a process whose command line holds a text runs.
func running(text string) bool {
	out, _ := exec.Command("ps", "-eo", "args").Output()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, text) && !strings.Contains(line, "server.test") {
			return true
		}
	}
	return false
}

// goRoot is the folder of the Go installation.
func goRoot(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(context.Background(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
