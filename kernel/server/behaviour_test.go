package server_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"urbangraph/kernel/client"
	"urbangraph/kernel/procs"
)

func TestOutput(t *testing.T) {
	b := open(t)
	show := "import \"urbangraph/kernel/show\"\n%%\n"
	for _, c := range []struct{ name, code, want string }{
		{"both streams", "fmt.Println(1)\nfmt.Fprintln(os.Stderr, 2)\ntime.Sleep(50*time.Millisecond)\nfmt.Println(3)", "out:1\n|err:2\n|out:3\n"},
		{"what the built-in functions print", "println(\"x\")", "err:x\n"},
		{"text without a line break", "fmt.Print(\"x\")", "out:x"},
		{"value", "x := []int{1, 2}\nlen(x)", "=2"},
		{"value of a call", "strings.Fields(\"a b\")", "=[\"a\" \"b\"]"},
		{"no value for a call that returns none", "func nothing() {}\nnothing()", ""},
		{"again", "nothing()", ""},
		{"no value for a print", "fmt.Println(\"x\")", "out:x\n"},
		{"no value after a semicolon", "1+1;", ""},
		{"nil error", "func fine() error { return nil }\nfine()", ""},
		{"structs as tables", "type row struct{ Name string; N int }\n[]row{{\"a\", 1}}", "=Name  N\na     1"},
		{"kinds", show + "show.SVG(`<svg xmlns=\"http://www.w3.org/2000/svg\"/>`)\nshow.HTML(\"<b>x</b>\")\nshow.Markdown(\"*x*\")\nshow.LaTeX(\"$x$\")\nshow.GeoJSON(`{\"type\":\"Point\",\"coordinates\":[1,2]}`)\nshow.PNG([]byte(\"\\x89PNG\\r\\n\\x1a\\n\"))",
			"[image/svg+xml text/html text/plain]|[text/html text/plain]|[text/markdown text/plain]|[text/latex text/plain]|[application/geo+json application/json text/plain]|[image/png text/plain]"},
		{"clear and update", show + "show.Clear(true)\nfmt.Print(\"a\")", "clear|out:a"},
		{"clear by magic", "%clear_output", "clear"},
		{"nothing", "", ""},
		{"only a comment", "// x", ""},
		{"text and displays", show + "fmt.Print(\"a\")\nshow.Text(\"b\")\nfmt.Print(\"c\")", "out:a|[text/plain]|out:c"},
	} {
		if got := b.ok(c.code); got != c.want {
			t.Errorf("%s: %q shows %q, want %q", c.name, c.code, got, c.want)
		}
	}
	if r := b.run(show + "show.GeoJSON(`{\"type\":\"Point\",\"coordinates\":[1,2]}`)"); len(r.Outputs) > 0 {
		if m, ok := r.Outputs[0].Data["application/geo+json"].(map[string]any); !ok || m["type"] != "Point" {
			t.Errorf("GeoJSON is no JSON value: %v", r.Outputs[0].Data)
		}
	}
}

// TestOrderOfStreams checks that what is written to the two streams in turn, without a pause, keeps its order.
func TestOrderOfStreams(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells which of two pipes was written to first")
	}
	b := open(t)
	var want strings.Builder
	for i := range 50 {
		fmt.Fprintf(&want, "|out:%d\n|err:%d\n", i, i)
	}
	b.want("for i := range 50 {\n\tfmt.Println(i)\n\tfmt.Fprintln(os.Stderr, i)\n}", want.String()[1:])
	// Programs that a cell starts are told apart too; what they write elsewhere is none of ours.
	b.want("c := exec.Command(\"sh\", \"-c\", \"for i in 1 2; do echo a; echo b >&2; ls /none 2>/dev/null; done; true\")\nc.Stdout, c.Stderr = os.Stdout, os.Stderr\nc.Run();", "out:a\n|err:b\n|out:a\n|err:b\n")
	b.ok("%env UG_ORDER=off")
	if out := b.ok("fmt.Fprintln(os.Stderr, 1)"); out != "err:1\n" {
		t.Errorf("%q", out)
	}
}

func TestErrors(t *testing.T) {
	b := open(t)
	b.ok("func deep(n int) int {\n\tif n == 0 {\n\t\tpanic(\"deep down\")\n\t}\n\treturn deep(n-1)\n}")
	for _, c := range []struct {
		code, name, value string
		in                []string
	}{
		{"deep(2)", "Panic", "deep down", []string{"Cell[1]: Line 3    panic(\"deep down\")", "Cell[1]: Line 5", "Line 1    deep(2)"}},
		{"fmt.Println(\"before\")\nvar m map[string]int\nm[\"a\"] = 1", "Panic", "assignment to entry in nil map", []string{"Line 3"}},
		{"ch := make(chan int)\n<-ch", "FatalError", "all goroutines are asleep - deadlock!", []string{"Line 2"}},
		{"go func() { panic(\"aside\") }()\ntime.Sleep(5*time.Second)", "Panic", "aside", nil},
		{"os.Exit(3)", "ExitError", "the program ended with exit status 3", nil},
		{"syscall.Kill(os.Getpid(), syscall.SIGKILL)", "ExitError", "the program ended with signal: killed", nil},
		{"x := := 1", "SyntaxError", "Line 1", []string{"    x := := 1\n         ^"}},
		{"import \"example.org/none/pkg\"\n%%\npkg.F()", "", "example.org/none/pkg", []string{"%get"}},
		{"return 1", "CompileError", "too many return values", []string{"Line 1"}},
		{"%capture", "UsageError", "%capture", nil},
		{"%outputlimit x", "UsageError", "bytes", nil},
		{"%%nosuch\nx", "UsageError", "%%nosuch", nil},
	} {
		name, value, traceback := b.fails(c.code)
		if c.name != "" && name != c.name || !strings.Contains(value, c.value) {
			t.Errorf("%q: %s: %s\n%s", c.code, name, value, traceback)
		}
		for _, s := range c.in {
			if !strings.Contains(traceback, s) {
				t.Errorf("%q: no %q in\n%s", c.code, s, traceback)
			}
		}
		if strings.Contains(traceback, "/cell/ug") || strings.Contains(traceback, "gonb_") {
			t.Errorf("%q: the traceback shows what is none of the user's business:\n%s", c.code, traceback)
		}
	}
	b.want("fmt.Println(\"well\")", "out:well\n")
}

func TestOutputLimit(t *testing.T) {
	b := open(t)
	b.ok("%outputlimit 10kB")
	out := b.ok("fmt.Print(strings.Repeat(\"x\", 100000))")
	if len(out) > 11000 || !strings.Contains(out, "left out from here on") {
		t.Errorf("%d bytes: %q", len(out), out[max(0, len(out)-200):])
	}
	b.ok("%outputlimit 0")
	if out := b.ok("fmt.Print(strings.Repeat(\"x\", 100000))"); len(out) != 100004 {
		t.Errorf("%d bytes", len(out))
	}
}

func TestInput(t *testing.T) {
	b := open(t)
	answers := []string{"Ada", "Lovelace"}
	ask := func(string, bool) string {
		if len(answers) == 0 {
			t.Error("asked once too often")
			return ""
		}
		a := answers[0]
		answers = answers[1:]
		return a
	}
	r := b.runWith("var a, b string\nfmt.Print(\"first? \")\nfmt.Scanln(&a)\nfmt.Print(\"second? \")\nfmt.Scanln(&b)\nfmt.Println(a, b)", client.Options{Input: ask})
	if got := shown(r); got != "out:first? second? Ada Lovelace\n" {
		t.Errorf("%q (%s)", got, r.Reply.EValue)
	}
	answers = []string{"secret"}
	hidden := false
	r = b.runWith("%with_password\n!read x; echo \"got ${#x}\"", client.Options{Input: func(_ string, password bool) string {
		hidden = password
		return ask("", true)
	}})
	if got := shown(r); got != "out:got 6\n" || !hidden {
		t.Errorf("%q, hidden %v (%s)", got, hidden, r.Reply.EValue)
	}
	n := 0 // every line is answered at once, and none is lost or asked for twice
	r = b.runWith("!for i in $(seq 30); do read x; s=\"$s $x\"; done; echo $s", client.Options{Input: func(string, bool) string {
		n++
		return strconv.Itoa(n)
	}})
	if got := shown(r); !strings.HasPrefix(got, "out:1 2 3 ") || !strings.HasSuffix(got, " 30\n") {
		t.Errorf("%q (%s)", got, r.Reply.EValue)
	}
	answers = nil // who waits for another program is not waiting for the user
	r = b.runWith("!sleep 0.3 | cat; echo done", client.Options{Input: ask})
	if got := shown(r); got != "out:done\n" {
		t.Errorf("%q (%s)", got, r.Reply.EValue)
	}
	answers = []string{"by gonbui"} // one question, not another for the read that follows
	r = b.runWith(gonbui+"gonbui.RequestInput(\"name?\", false)\nline, _ := bufio.NewReader(os.Stdin).ReadString('\\n')\nfmt.Print(line)",
		client.Options{Input: func(prompt string, _ bool) string { return prompt + ask("", false) }})
	if got := shown(r); got != "out:name?by gonbui\n" {
		t.Errorf("%q (%s)", got, r.Reply.EValue)
	}
	r = b.run(gonbui + "gonbui.RequestInput(\"name?\", false)\nline, err := bufio.NewReader(os.Stdin).ReadString('\\n')\nfmt.Print(line, err)")
	if got := shown(r); !strings.Contains(got, "its input is empty") || !strings.Contains(got, "out:EOF") {
		t.Errorf("without a client to ask: %q (%s)", got, r.Reply.EValue)
	}
}

func TestInterruptTakesLessThanASecond(t *testing.T) {
	b := open(t)
	for _, code := range []string{
		"time.Sleep(time.Hour)",
		"for { }",
		"signal.Ignore(os.Interrupt)\ntime.Sleep(time.Hour)",
		"exec.Command(\"sh\", \"-c\", \"trap '' INT; sleep 100\").Run()",
	} {
		if d := interruptAfter(t, b, code, time.Second); d > time.Second+200*time.Millisecond {
			t.Errorf("%q took %s", code, d)
		}
		b.want("fmt.Println(1)", "out:1\n")
	}
}

// TestChildrenThatStay checks that programs which a cell leaves running do not hold up the next one, that
// what they print still arrives, and that they end with the kernel.
func TestChildrenThatStay(t *testing.T) {
	b := open(t)
	ev := b.Events()
	defer ev.Close()
	start := time.Now()
	b.ok("c := exec.Command(\"sh\", \"-c\", \"sleep 1; echo late; sleep 4713\")\nc.Stdout = os.Stdout\nc.Start()")
	b.ok("!sleep 4713 &")
	b.want("fmt.Println(\"next\")", "out:next\n")
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %s", d)
	}
	if _, err := ev.Await(within(t, 20*time.Second), func(e client.Event) bool {
		return e.Header.MsgType == "stream" && strings.Contains(string(e.Content), "late")
	}); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, 5*time.Second, "they end", func() bool { return !running("sleep 4713") })
}

func TestDeathOfGoNB(t *testing.T) {
	b := open(t)
	b.ok("%env KEPT=yes")
	b.ok("type T struct{ A int }\nfunc (t T) Twice() int { return 2 * t.A }")
	b.ok("x := T{21}")
	gonb := gonbOf(t, b)
	syscall.Kill(gonb, syscall.SIGKILL)
	b.want("fmt.Println(x.Twice(), os.Getenv(\"KEPT\"))", "out:42 yes\n")

	q, err := b.Submit("time.Sleep(time.Hour)", client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	syscall.Kill(gonbOf(t, b), syscall.SIGKILL)
	r, err := q.Wait(within(t, time.Minute))
	if err != nil || r.Reply.EName != "KernelChildDied" {
		t.Errorf("%v %+v", err, r.Reply)
	}
	b.want("x.Twice()", "=42")
}

// gonbOf is the process of the kernel's GoNB.
func gonbOf(t *testing.T, b *book) int {
	t.Helper()
	for _, p := range procs.Descendants(b.PID()) {
		if p.Name == "gonb" {
			return p.PID
		}
	}
	t.Fatal("no GoNB runs")
	return 0
}

func TestProtocol(t *testing.T) {
	b := open(t)
	ctx := within(t, longest)
	b.ok("fmt.Println(\"history\")")

	for code, want := range map[string]string{"fmt.Println(": "incomplete", "fmt.Println(1)": "complete", "x := := 3": "invalid", "func f() {": "incomplete"} {
		if got, _, err := b.IsComplete(ctx, code); err != nil || got != want {
			t.Errorf("%q is %s, %v", code, got, err)
		}
	}
	es, err := b.History(ctx, client.HistoryQuery{Access: "tail", N: 1})
	if err != nil || len(es) != 1 || es[0].Input != "fmt.Println(\"history\")" {
		t.Errorf("%v %v", es, err)
	}
	comms, err := b.CommInfo(ctx, "")
	if err != nil || len(comms) != 0 {
		t.Errorf("%v %v", comms, err)
	}
	var reply struct{ Status, EName string }
	for _, kind := range []string{"nosuch_request", "debug_request", "create_subshell_request"} {
		if err := b.Ask(ctx, client.Control, kind, nil, &reply); err != nil || reply.Status != "error" {
			t.Errorf("%s: %v %v", kind, reply, err)
		}
	}
	var connect map[string]any
	if err := b.Ask(ctx, client.Shell, "connect_request", nil, &connect); err != nil || connect["shell_port"] == nil {
		t.Errorf("%v %v", connect, err)
	}
	ev := b.Events()
	defer ev.Close()
	if _, err := b.Send(client.Shell, "comm_open", map[string]any{"comm_id": "c1", "target_name": "nobody", "data": map[string]any{}}); err != nil {
		t.Fatal(err)
	}
	if _, err := ev.Await(ctx, func(e client.Event) bool { return e.Header.MsgType == "comm_close" }); err != nil {
		t.Error("a comm with an unknown target is not closed: ", err)
	}
	r := b.runWith("y := 20", client.Options{Expressions: map[string]string{"sum": "y + 22", "bad": "y +"}})
	var sum struct {
		Status string
		Data   map[string]any
	}
	if json.Unmarshal(r.Reply.UserExpressions["sum"], &sum); sum.Data["text/plain"] != "42" {
		t.Errorf("%s", r.Reply.UserExpressions["sum"])
	}
	if !strings.Contains(string(r.Reply.UserExpressions["bad"]), `"error"`) {
		t.Errorf("%s", r.Reply.UserExpressions["bad"])
	}
	if d, err := b.Ping(ctx); err != nil || d > time.Second {
		t.Errorf("heartbeat: %s %v", d, err)
	}
	c, err := b.Complete(ctx, "xx := 1\nfmt.Printl", 18)
	if err != nil || !slices.Contains(c.Matches, "Println") {
		t.Errorf("%+v %v", c, err)
	}
	in, err := b.Inspect(ctx, "fmt.Println", 6, 0)
	if err != nil || !in.Found || !strings.Contains(fmt.Sprint(in.Data["text/plain"]), "Println") {
		t.Errorf("%+v %v", in, err)
	}
}

// TestAnswersWhileACellRuns checks that everything but cells is answered while one runs, and that the kernel
// is busy again afterwards.
func TestAnswersWhileACellRuns(t *testing.T) {
	b := open(t)
	ctx := within(t, time.Minute)
	ev := b.Events()
	defer ev.Close()
	q, err := b.Submit("time.Sleep(time.Hour)", client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	if _, err := b.KernelInfo(ctx); err != nil {
		t.Error(err)
	}
	if _, _, err := b.IsComplete(ctx, "x"); err != nil {
		t.Error(err)
	}
	if c, err := b.Complete(ctx, "fmt.Printl", 10); err != nil || len(c.Matches) == 0 {
		t.Errorf("%+v %v", c, err)
	}
	time.Sleep(100 * time.Millisecond)
	last := ""
	for {
		e, err := ev.Next(within(t, 300*time.Millisecond))
		if err != nil {
			break
		}
		if e.Header.MsgType == "status" {
			last = string(e.Content) + e.Parent.MsgID
		}
	}
	if !strings.Contains(last, "busy") || !strings.Contains(last, q.ID) {
		t.Errorf("the latest status is %s", last)
	}
	b.Interrupt(ctx)
	q.Wait(ctx)
}

func TestTwoClients(t *testing.T) {
	b := open(t)
	ctx := within(t, longest)
	other, err := client.Connect(ctx, b.ConnectionFile)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for i := range 5 {
		q, _ := b.Submit(fmt.Sprintf("fmt.Println(\"first\", %d)", i), client.Options{})
		r, err := other.Execute(ctx, fmt.Sprintf("fmt.Println(\"second\", %d)", i), client.Options{})
		if err != nil || shown(r) != fmt.Sprintf("out:second %d\n", i) {
			t.Errorf("%v %q", err, shown(r))
		}
		if r, err := q.Wait(ctx); err != nil || shown(r) != fmt.Sprintf("out:first %d\n", i) {
			t.Errorf("%v %q", err, shown(r))
		}
	}
}

func TestMagics(t *testing.T) {
	b := open(t)
	if out := b.ok("%time\nfmt.Println(1)"); !strings.HasPrefix(out, "out:1\n") || !strings.Contains(out, "wall") {
		t.Errorf("%q", out)
	}
	if out := b.ok("%%time\nfmt.Println(1)"); !strings.Contains(out, "wall") {
		t.Errorf("%q", out)
	}
	if _, value, _ := b.fails("%%time\nx := 1\nnowhere"); !strings.Contains(value, "Line 3") {
		t.Errorf("%q", value)
	}
	if out := b.ok("%usage"); !strings.Contains(out, "wall") {
		t.Errorf("%q", out)
	}
	r := b.run("%fmt\nx:=1\nfmt.Println( x )")
	if len(r.Reply.Payload) != 1 || r.Reply.Payload[0]["text"] != "x := 1\nfmt.Println(x)" || r.Reply.Payload[0]["replace"] != true {
		t.Errorf("%v", r.Reply.Payload)
	}
	if r := b.run("%help"); len(r.Reply.Payload) != 1 || !strings.Contains(shown(r), "text/markdown") {
		t.Errorf("%v %s", r.Reply.Payload, shown(r))
	}
	b.ok("%capture out.txt\nfmt.Println(\"captured\")")
	if text, err := os.ReadFile(filepath.Join(b.dir, "out.txt")); err != nil || string(text) != "captured\n" {
		t.Errorf("%q %v", text, err)
	}
	b.ok("%capture -a out.txt\n" + strings.TrimSuffix(gonbui, "%%\n") + "%%\ngonbui.DisplayHtml(\"<b>shown</b>\")")
	if text, err := os.ReadFile(filepath.Join(b.dir, "out.txt")); err != nil || string(text) != "captured\n<b>shown</b>\n" {
		t.Errorf("%q %v", text, err)
	}
	b.ok("%%writefile w.txt\nwritten")
	b.want("!cat w.txt", "out:written\n")
	b.want("%%script python3\nprint(6*7)", "out:42\n")
	b.want("!*ls go.mod", "out:go.mod\n")
	b.want("!echo one \\\ntwo", "out:one two\n")
	if out := b.ok("%env API_TOKEN=geheim"); strings.Contains(out, "geheim") {
		t.Errorf("a secret is shown: %q", out)
	}
	b.ok("var n = flag.Int(\"n\", 0, \"\")")
	b.want("%% --n=3\nfmt.Println(*n)", "out:3\n")
	if out := b.ok("%test\nimport \"testing\"\nfunc TestX(t *testing.T) { t.Log(\"tested\") }\n"); !strings.Contains(out, "PASS") {
		t.Errorf("%q", out)
	}
}

// TestWhatGoNBWouldNotForget checks that declarations of earlier cells do not stop later ones.
func TestWhatGoNBWouldNotForget(t *testing.T) {
	b := open(t)
	b.want("import . \"math\"\n%%\nfmt.Println(Sqrt(4))", "out:2\n")
	if out := b.ok("fmt.Println(\"no math\")"); !strings.HasSuffix(out, "out:no math\n") {
		t.Errorf("%q", out)
	}
	b.ok("const c = 1")
	b.ok("var c = 2")
	b.want("c", "=2")
	b.ok("func c() int { return 3 }")
	b.want("c()", "=3")
}

func TestState(t *testing.T) {
	b := open(t)
	b.ok("x := 3\ny := []float64{1, 2}")
	b.want("x", "=3")
	b.ok("x += 4\ny = append(y, 3)")
	b.want("fmt.Println(x, y)", "out:7 [1 2 3]\n")
	b.fails("x = 100\npanic(\"no\")")
	b.want("x", "=7")
	b.ok("func twice() int { return 2 * x }")
	b.want("twice()", "=14")
	b.ok("x := \"text now\"")
	b.want("x", "=text now")
	if out := shown(b.run("%who")); out != "[text/html text/plain]" {
		t.Errorf("%q", out)
	}
	b.ok("%reset y")
	if _, value, _ := b.fails("fmt.Println(y)"); !strings.Contains(value, "undefined: y") {
		t.Error(value)
	}
}
