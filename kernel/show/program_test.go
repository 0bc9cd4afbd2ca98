package show_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"urbangraph/kernel/display"
	"urbangraph/kernel/show"
)

// The tests run this binary as a cell: a program of a name, with a display pipe.
const programEnv = "UG_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(programEnv); name != "" {
		programs[name]()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var programs = map[string]func(){
	"everything": func() {
		fmt.Print("a")
		show.HTML("<b>", show.ID("x"), show.Metadata(map[string]any{"text/html": map[string]any{"isolated": true}}))
		fmt.Print("b")
		show.Update("x", 3)
		show.Result("aaa")
		show.Clear(true)
		show.Page("p")
		show.Raw("comm_open", `{"comm_id":"1"}`, `{"m":1}`)
		show.PNG([]byte("\x89PNG"))
		show.JPEG([]byte("\xff\xd8"))
		show.SVG("<svg/>")
		show.JSON(map[string]int{"a": 1})
		show.GeoJSON(`{"type":"Point"}`)
		show.Markdown("*m*")
		show.LaTeX("$x$")
		show.Text("t")
		show.Display(image.NewGray(image.Rect(0, 0, 2, 1)))
		fmt.Print("c")
	},
	"goroutines": func() {
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 50 {
					show.Text(fmt.Sprintf("%d.%d %s", g, i, strings.Repeat("x", 5000)))
					fmt.Printf("[%d.%d]\n%s", g, i, strings.Repeat("-", 9000)) // more than is written at once
				}
			})
		}
		wg.Wait()
	},
	"reassigned": func() {
		null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		if err != nil {
			panic(err)
		}
		os.Stdout = null
		show.Text("t")
	},
	"closed": func() {
		os.Stdout.Close()
		show.Text("t")
	},
	"child": func() {
		if _, set := os.LookupEnv(display.Env); set {
			fmt.Print("the variable is handed on; ")
		}
		cmd := exec.Command("sh", "-c", "echo hello >&3")
		cmd.Stderr = nil
		if cmd.Run() == nil {
			fmt.Print("the pipe is handed on; ")
		}
		show.Text("t")
	},
	"blocked": func() { show.PNG(make([]byte, 1<<20)) },
	"large":   func() { show.PNG(make([]byte, 257<<20)) },
	"bar": func() {
		p := show.Bar(1000, "work")
		for range 1000 {
			p.Add(1)
			time.Sleep(300 * time.Microsecond)
		}
		p.Note("loss <0.1>")
		p.Done()
		p.Add(1)
		p.Done()
	},
	"late": func() {
		p := show.Bar(0, "")
		p.Add(1)
		p.Set(7) // shown after a while, though nothing more is said
		time.Sleep(250 * time.Millisecond)
		os.Exit(0)
	},
	"steps": func() {
		n := 0
		for i, s := range show.Each([]string{"a", "b"}, "items") {
			n += i + len(s)
		}
		for i := range show.Steps(10, "steps") {
			if i == 3 {
				break
			}
		}
		fmt.Print(n)
	},
	"busy": func() {
		p := show.Bar(8000, "busy")
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 1000 {
					p.Add(1)
					p.Note("n")
				}
			})
		}
		wg.Wait()
		p.Done()
	},
}

// run runs a program with a display pipe and returns what it prints and shows.
func run(t *testing.T, name string, withPipe bool) (stdout, stderr string, shown []display.Message) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programEnv+"="+name)
	cmd.Stdout, cmd.Stderr = &out, &errs
	scanned := make(chan error, 1)
	if withPipe {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		cmd.ExtraFiles = []*os.File{w}
		cmd.Env = append(cmd.Env, display.Env+"=3")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		go func() {
			scanned <- display.Scan(r, func(m display.Message) error {
				shown = append(shown, m)
				return nil
			})
		}()
	} else if err := cmd.Start(); err != nil {
		t.Fatal(err)
	} else {
		scanned <- nil
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, errs.String())
	}
	if err := <-scanned; err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), shown
}

func coded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEverything(t *testing.T) {
	stdout, stderr, got := run(t, "everything", true)
	want := []struct {
		kind           display.Kind
		id             string
		data, metadata string
	}{
		{display.Display, "x", `{"text/html":"\u003cb\u003e","text/plain":"[text/html]"}`, `{"text/html":{"isolated":true}}`},
		{display.Update, "x", `{"text/plain":"3"}`, "null"},
		{display.Result, "", `{"text/plain":"aaa"}`, "null"},
		{display.Clear, "", `{}`, "null"},
		{display.Page, "", `{"text/plain":"p"}`, "null"},
		{display.Raw, "", `null`, "null"},
		{display.Display, "", `{"image/png":"iVBORw==","text/plain":"[PNG picture, 4 bytes]"}`, "null"},
		{display.Display, "", `{"image/jpeg":"/9g=","text/plain":"[JPEG picture, 2 bytes]"}`, "null"},
		{display.Display, "", `{"image/svg+xml":"\u003csvg xmlns=\"http://www.w3.org/2000/svg\"/\u003e","text/html":"\u003cimg src=\"data:image/svg+xml;base64,` +
			base64.StdEncoding.EncodeToString([]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)) + `\"\u003e","text/plain":"[SVG picture, 6 bytes]"}`, "null"},
		{display.Display, "", `{"application/json":{"a":1},"text/plain":"{\"a\":1}"}`, "null"},
		{display.Display, "", `{"application/geo+json":{"type":"Point"},"application/json":{"type":"Point"},"text/plain":"{\"type\":\"Point\"}"}`, "null"},
		{display.Display, "", `{"text/markdown":"*m*","text/plain":"*m*"}`, "null"},
		{display.Display, "", `{"text/latex":"$x$","text/plain":"$x$"}`, "null"},
		{display.Display, "", `{"text/plain":"t"}`, "null"},
		{display.Display, "", "", "null"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d messages, want %d", len(got), len(want))
	}
	marks := ""
	for i, w := range want {
		g := got[i]
		if g.Kind != w.kind || g.ID != w.id || int(g.Seq) != i+1 || coded(t, g.Metadata) != w.metadata ||
			w.data != "" && coded(t, g.Data) != w.data {
			t.Errorf("message %d: %+v, data %s\nwant %+v", i, g, coded(t, g.Data), w)
		}
		marks += fmt.Sprintf("\x1b_ug%d\x1b\\", i+1)
		if i == 0 {
			marks += "b"
		}
	}
	if want := "a" + marks + "c"; stdout != want {
		t.Errorf("stdout %q, want %q", stdout, want)
	}
	if !got[3].Wait || got[5].Type != "comm_open" || string(got[5].Content) != `{"comm_id":"1"}` || string(got[5].RawMetadata) != `{"m":1}` {
		t.Errorf("clear %+v, raw %+v", got[3], got[5])
	}
	file, err := base64.StdEncoding.DecodeString(got[14].Data["image/png"].(string))
	if err != nil || !bytes.HasPrefix(file, []byte("\x89PNG\r\n")) {
		t.Errorf("picture: %q, %v", file, err)
	}
	if stderr != "" {
		t.Errorf("stderr %q", stderr)
	}
}

func TestOutsideTheKernel(t *testing.T) {
	stdout, stderr, _ := run(t, "everything", false)
	want := `a[text/html]
b3
aaa
p
[PNG picture, 4 bytes]
[JPEG picture, 2 bytes]
[SVG picture, 6 bytes]
{"a":1}
{"type":"Point"}
*m*
$x$
t
[picture, 2×1]
c`
	if stdout != want || stderr != "" {
		t.Errorf("stdout %q\nwant   %q\nstderr %q", stdout, want, stderr)
	}
}

var mark = regexp.MustCompile("\x1b_ug([0-9]+)\x1b\\\\")

// Frames and marks of several goroutines stay whole and in the same order, and marks do not stand within
// what others print by one call.
func TestGoroutines(t *testing.T) {
	stdout, _, got := run(t, "goroutines", true)
	if len(got) != 400 {
		t.Fatalf("%d messages", len(got))
	}
	for i, m := range got {
		if int(m.Seq) != i+1 {
			t.Fatalf("message %d has number %d", i+1, m.Seq)
		}
	}
	for i, m := range mark.FindAllStringSubmatch(stdout, -1) {
		if n, _ := strconv.Atoi(m[1]); n != i+1 {
			t.Fatalf("mark %d has number %d", i+1, n)
		}
	}
	if n := strings.Count(stdout, "]\n"+strings.Repeat("-", 9000)); n != 400 {
		t.Errorf("%d of 400 texts are whole", n)
	}
}

func TestMarkGoesToTheFirstStdout(t *testing.T) {
	stdout, _, got := run(t, "reassigned", true)
	if stdout != "\x1b_ug1\x1b\\" || len(got) != 1 {
		t.Errorf("stdout %q, %d messages", stdout, len(got))
	}
	stdout, _, got = run(t, "closed", true)
	if stdout != "" || len(got) != 1 {
		t.Errorf("closed: stdout %q, %d messages", stdout, len(got))
	}
}

// The mark is printed only when the frame is in the pipe: here that is full until somebody reads.
func TestMarkFollowsTheFrame(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programEnv+"=blocked", display.Env+"=3")
	frames, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer frames.Close()
	stdout, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	cmd.ExtraFiles, cmd.Stdout = []*os.File{w}, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	out.Close()
	if _, err := io.ReadFull(frames, make([]byte, 1)); err != nil { // it is at it
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	if err := stdout.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Skip(err)
	}
	if n, _ := stdout.Read(buf); n > 0 {
		t.Errorf("%q is printed before the frame is sent", buf[:n])
	}
	if _, err := io.Copy(io.Discard, frames); err != nil {
		t.Error(err)
	}
	if err := stdout.SetReadDeadline(time.Time{}); err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(stdout); string(rest) != "\x1b_ug1\x1b\\" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestPipeIsNotHandedOn(t *testing.T) {
	stdout, _, got := run(t, "child", true)
	if stdout != "\x1b_ug1\x1b\\" || len(got) != 1 {
		t.Errorf("stdout %q, %d messages", stdout, len(got))
	}
}

func TestTooLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("needs 600 MB")
	}
	_, _, got := run(t, "large", true)
	if len(got) != 1 || coded(t, got[0].Data) != `{"text/plain":"not shown: 257 MB, more than the limit of 256 MB"}` {
		t.Errorf("%.200s", fmt.Sprint(got))
	}
}

func TestBar(t *testing.T) {
	_, stderr, got := run(t, "bar", true)
	if stderr != "" {
		t.Errorf("stderr %q", stderr)
	}
	if n := len(got); n < 4 || n > 40 {
		t.Errorf("%d messages in about a second", n)
	}
	id := got[0].ID
	for i, m := range got {
		want := display.Update
		if i == 0 {
			want = display.Display
		}
		if m.Kind != want || m.ID != id || id == "" {
			t.Errorf("message %d: %v of %q", i, m.Kind, m.ID)
		}
	}
	first, last := got[0].Data, got[len(got)-1].Data
	if first["text/plain"] != "work: 0 of 1000" || !strings.Contains(first["text/html"].(string), "width:0%") {
		t.Errorf("first %v", first)
	}
	if s := last["text/plain"].(string); !regexp.MustCompile(`^work: 1000 of 1000 in \d\.\ds, \d+/s, loss <0.1>$`).MatchString(s) {
		t.Errorf("last text %q", s)
	}
	if s := last["text/html"].(string); !strings.HasPrefix(s, "<div>work: 1000 of 1000") || !strings.HasSuffix(s, "loss &lt;0.1&gt;</div>") {
		t.Errorf("last HTML %q", s)
	}
	middle := got[len(got)/2].Data
	if s := middle["text/plain"].(string); !regexp.MustCompile(`^work: \d+ of 1000, \d+/s, \d\.\ds left$`).MatchString(s) {
		t.Errorf("middle text %q", s)
	}
}

func TestBarOutsideTheKernel(t *testing.T) {
	stdout, stderr, _ := run(t, "bar", false)
	if stdout != "" || !regexp.MustCompile(`^work: 1000 of 1000 in \d\.\ds, \d+/s, loss <0.1>\n$`).MatchString(stderr) {
		t.Errorf("stdout %q, stderr %q", stdout, stderr)
	}
}

func TestBarCatchesUp(t *testing.T) {
	_, _, got := run(t, "late", true)
	if len(got) != 2 || !strings.HasPrefix(got[1].Data["text/plain"].(string), "7") {
		t.Errorf("%v", got)
	}
}

func TestSteps(t *testing.T) {
	stdout, stderr, _ := run(t, "steps", false)
	if stdout != "3" || !regexp.MustCompile(`^items: 2 of 2 in 0\.0s\nsteps: 3 of 10, stopped after 0\.0s\n$`).MatchString(stderr) {
		t.Errorf("stdout %q, stderr %q", stdout, stderr)
	}
}

func TestBusyBar(t *testing.T) {
	_, _, got := run(t, "busy", true)
	if last := got[len(got)-1].Data["text/plain"].(string); !strings.HasPrefix(last, "busy: 8000 of 8000 in ") {
		t.Errorf("last %q", last)
	}
}
