package output_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"urbangraph/kernel/display"
	"urbangraph/kernel/output"
	"urbangraph/kernel/show"
)

// programs are what the test binary does as a child, by name.
var programs = map[string]func(){
	"ordered": func() {
		for i := range 200 {
			fmt.Println("before", i)
			show.Text(fmt.Sprint("shown ", i))
		}
		fmt.Println("end")
	},
	"large display": func() {
		fmt.Print("a")
		show.HTML(strings.Repeat("x", 3<<20))
		fmt.Print("b")
	},
	"stdout closed": func() {
		os.Stdout.Close()
		show.Text("kept")
	},
	"panic": func() {
		fmt.Fprintln(os.Stderr, "panic at the disco")
		fmt.Fprintln(os.Stderr, "warning")
		panic("boom")
	},
	"pretends": func() {
		fmt.Fprintln(os.Stderr, "panic: no, it goes on")
		time.Sleep(time.Second)
		fmt.Fprintln(os.Stderr, "alive")
	},
	"characters": func() {
		text := []byte(strings.Repeat("äöü日本語🎈", 20000))
		for len(text) > 0 { // in pieces that cut characters
			n := min(len(text), 4099)
			os.Stdout.Write(text[:n])
			text = text[n:]
		}
	},
	"marks that are none": func() { fmt.Print("\x1b_ug12x \x1b_u \x1b[31mred\x1b[0m \x1b_ug99999999999\x1b\\ \x1b") },
	"much":                func() { fmt.Print(strings.Repeat("0123456789abcdef\n", 1<<20)) },
	"leaves a child": func() {
		c := exec.Command("sh", "-c", "sleep 0.5; echo late")
		c.Stdout = os.Stdout
		c.Start()
		fmt.Println("early")
	},
}

func TestMain(m *testing.M) {
	if f := programs[os.Getenv("OUTPUT_TEST_PROGRAM")]; f != nil {
		f()
		return
	}
	os.Exit(m.Run())
}

// record is a sink that keeps what it gets.
type record struct {
	mu    sync.Mutex
	parts []string
	bytes int
	texts int
}

func (r *record) Text(stream, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts++
	r.bytes += len(text)
	tag := strings.TrimPrefix(stream, "std") + ":"
	if n := len(r.parts); n > 0 && strings.HasPrefix(r.parts[n-1], tag) {
		r.parts[n-1] += text
		return
	}
	r.parts = append(r.parts, tag+text)
}

func (r *record) Show(m display.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text, _ := m.Data["text/plain"].(string)
	if html, ok := m.Data["text/html"].(string); ok {
		text = fmt.Sprint(len(html), " bytes of HTML")
	}
	r.parts = append(r.parts, "show:"+text)
}

// String joins what came.
func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.parts, "|")
}

// start runs a program with its output going to a record.
func start(t *testing.T, name string, o output.Options) (*output.Output, *record, *exec.Cmd) {
	t.Helper()
	r := &record{}
	out, err := output.New(o, r)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	stdout, stderr, shown := out.Files()
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = stdout, stderr, []*os.File{shown}
	cmd.Env = append(os.Environ(), "OUTPUT_TEST_PROGRAM="+name, "GORACE=atexit_sleep_ms=0", display.Env+"=3")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Release()
	return out, r, cmd
}

func TestPrograms(t *testing.T) {
	var ordered strings.Builder
	for i := range 200 {
		if i > 0 {
			ordered.WriteString("|")
		}
		fmt.Fprintf(&ordered, "out:before %d\n|show:shown %d", i, i)
	}
	ordered.WriteString("|out:end\n")
	for _, c := range []struct{ name, want, panics string }{
		{"ordered", ordered.String(), ""},
		{"large display", "out:a|show:3145728 bytes of HTML|out:b", ""},
		{"stdout closed", "show:kept", ""},
		{"panic", "err:panic at the disco\nwarning\n", "panic: boom\n"},
		{"pretends", "err:panic: no, it goes on\nalive\n", ""},
		{"characters", "out:" + strings.Repeat("äöü日本語🎈", 20000), ""},
		{"marks that are none", "out:\x1b_ug12x \x1b_u \x1b[31mred\x1b[0m \x1b_ug99999999999\x1b\\ \x1b", ""},
		{"much", "out:" + strings.Repeat("0123456789abcdef\n", 1<<20), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out, r, cmd := start(t, c.name, output.Options{})
			cmd.Wait()
			panicked := out.Finish()
			if got := r.String(); got != c.want {
				t.Errorf("got %.200q (%d bytes), want %.200q (%d bytes)", got, len(got), c.want, len(c.want))
			}
			if !strings.HasPrefix(panicked, c.panics) || c.panics == "" && panicked != "" {
				t.Errorf("panic %q", panicked)
			}
			out.Wait()
		})
	}
}

func TestChildrenThatStay(t *testing.T) {
	out, r, cmd := start(t, "leaves a child", output.Options{})
	cmd.Wait()
	out.Finish()
	if got := r.String(); got != "out:early\n" {
		t.Errorf("at the end of the program: %q", got)
	}
	out.Wait()
	if got := r.String(); got != "out:early\nlate\n" {
		t.Errorf("at the end of its child: %q", got)
	}
}

func TestLimit(t *testing.T) {
	var copied strings.Builder
	out, r, cmd := start(t, "much", output.Options{Limit: 1 << 20, Copy: &copied})
	cmd.Wait()
	out.Finish()
	got := r.String()
	if !strings.Contains(got, "left out from here on: the cell has printed more than 1 MB") || len(got) > 1<<20+400 {
		t.Errorf("%d bytes, the end is %q", len(got), got[max(0, len(got)-200):])
	}
	if copied.Len() != 17<<20 {
		t.Errorf("the copy has %d bytes", copied.Len())
	}
}

// TestSlowClients checks that a cell waits while clients have too much to read, and that nothing is lost.
func TestSlowClients(t *testing.T) {
	var waiting int
	var mu sync.Mutex
	pending := func() int {
		mu.Lock()
		defer mu.Unlock()
		waiting = max(0, waiting-1<<20)
		return waiting
	}
	mu.Lock()
	waiting = 100 << 20
	mu.Unlock()
	begin := time.Now()
	out, r, cmd := start(t, "much", output.Options{Pending: pending})
	cmd.Wait()
	out.Finish()
	if r.bytes != 17<<20 {
		t.Errorf("%d bytes came", r.bytes)
	}
	if time.Since(begin) < 50*time.Millisecond {
		t.Error("the cell did not wait")
	}
}

// TestSync checks that what was printed is handed on before a display that comes another way.
func TestSync(t *testing.T) {
	r := &record{}
	out, err := output.New(output.Options{}, r)
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, _ := out.Files()
	for i := range 100 {
		fmt.Fprint(stdout, i, " ")
		fmt.Fprint(stderr, i, " ")
		out.Show(display.Message{Kind: display.Display, Data: map[string]any{"text/plain": fmt.Sprint(i)}})
	}
	out.Release()
	out.Finish()
	parts := strings.Split(r.String(), "|")
	if len(parts) != 300 {
		t.Fatalf("%d parts", len(parts))
	}
	for i := range 100 {
		want := fmt.Sprintf("out:%d |err:%d |show:%d", i, i, i)
		if got := strings.Join(parts[3*i:3*i+3], "|"); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func BenchmarkThroughput(b *testing.B) {
	block := []byte(strings.Repeat("0123456789abcdef\n", 1<<12))
	b.SetBytes(int64(len(block)))
	r := &record{}
	sink := &counter{record: r}
	out, err := output.New(output.Options{}, sink)
	if err != nil {
		b.Fatal(err)
	}
	stdout, _, _ := out.Files()
	for b.Loop() {
		stdout.Write(block)
	}
	out.Release()
	out.Finish()
}

// counter is a sink that only counts.
type counter struct{ *record }

func (c *counter) Text(_, text string) { c.bytes += len(text) }
