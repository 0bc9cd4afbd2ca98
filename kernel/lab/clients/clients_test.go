package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"urbangraph/kernel/gofront"
	"urbangraph/kernel/lab"
	"urbangraph/kernel/lab/kernelspec"
	"urbangraph/kernel/lab/labtest"
)

// setUp brings the clone into the state in which its kernel runs, once for all tests.
var setUp = sync.OnceValues(func() (lab.Layout, error) {
	l, err := lab.FindLayout(".")
	if err != nil {
		return l, err
	}
	return l, (&lab.Setup{Layout: l}).Run(context.Background())
})

// python is the clone's Python, with folders of its own for what Jupyter keeps.
type python struct {
	lab.Layout
	dir string // the working folder of what it runs
	env []string
}

// newPython returns one for a test, which is skipped where there cannot be one.
func newPython(t *testing.T) python {
	t.Helper()
	if testing.Short() {
		t.Skip("starts kernels")
	}
	l, err := setUp()
	if err != nil {
		labtest.Unavailable(t, err)
	}
	p := python{Layout: l, dir: t.TempDir(), env: lab.JupyterEnv(l)}
	// A path as short as can be: sockets may lie below it.
	for _, name := range []string{"JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"} {
		p.env = gofront.Setenv(p.env, name, filepath.Join(p.dir, ".jupyter"))
	}
	p.env = gofront.Setenv(p.env, "UG_HISTORY", filepath.Join(p.dir, "history"))
	return p
}

// outcome is what a program has done.
type outcome struct {
	stdout, stderr string
	code           int
}

// all is everything that it printed.
func (o outcome) all() string { return o.stdout + o.stderr }

// run runs the Python with arguments and input, at most a minute and a half.
func (p python) run(t *testing.T, input string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.Python(), args...)
	cmd.Dir, cmd.Env, cmd.Stdin = p.dir, p.env, strings.NewReader(input)
	// What it starts ends with it, also when it hangs.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	t.Logf("%s: %.1f s", strings.Join(args[:min(len(args), 3)], " "), time.Since(start).Seconds())
	if ctx.Err() != nil {
		t.Fatalf("%v took too long\n%s%s", args, stdout.String(), stderr.String())
	}
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return outcome{stdout: stdout.String(), stderr: stderr.String(), code: cmd.ProcessState.ExitCode()}
}

// file returns the path of a file of testdata.
func file(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// copied copies a notebook of testdata into the working folder and returns its path there.
func (p python) copied(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(file(t, name))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// suite are the tests of jupyter_kernel_test.
var suite = []string{
	"test_clear_output", "test_completion", "test_display_data", "test_error", "test_execute_result",
	"test_execute_stderr", "test_execute_stdout", "test_history", "test_inspect", "test_is_complete",
	"test_kernel_info", "test_pager", "test_recv_iopub_welcome_msg",
}

func TestConformance(t *testing.T) {
	p := newPython(t)
	out := p.run(t, "", file(t, "conformance.py"), lab.KernelName)
	var seen []string
	for line := range strings.Lines(out.stdout) {
		var r struct {
			Test, Outcome, Detail string
			Seconds               float64
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Errorf("the suite printed %q", line)
			continue
		}
		seen = append(seen, r.Test)
		t.Run(r.Test, func(t *testing.T) {
			t.Logf("%.1f s", r.Seconds)
			if r.Outcome != "ok" { // a test that is skipped hides a feature
				t.Errorf("%s: %s", r.Outcome, r.Detail)
			}
		})
	}
	slices.Sort(seen)
	if !slices.Equal(seen, suite) {
		t.Errorf("the suite ran %v, want %v\n%s", seen, suite, out.stderr)
	}
}

// TestDiscovery checks what clients learn about the kernel before and after they start it. VS Code shows
// kernels by the same files: by display_name, with cells coloured by language.
func TestDiscovery(t *testing.T) {
	p := newPython(t)
	out := p.run(t, "", "-m", "jupyter", "kernelspec", "list", "--json")
	var list struct {
		Kernelspecs map[string]struct {
			ResourceDir string `json:"resource_dir"`
			Spec        kernelspec.Spec
		}
	}
	if err := json.Unmarshal([]byte(out.stdout), &list); err != nil {
		t.Fatalf("%v\n%s", err, out.all())
	}
	k, ok := list.Kernelspecs[lab.KernelName]
	if !ok {
		t.Fatalf("the kernel is not listed: %s", out.all())
	}
	s := k.Spec
	if s.Language != "go" || s.InterruptMode != "message" || s.DisplayName != lab.KernelTitle || !s.Own() {
		t.Errorf("kernelspec %+v", s)
	}
	if debugger, ok := s.Metadata["debugger"]; !ok || debugger != false {
		t.Errorf("metadata %v, want a debugger that is not there", s.Metadata)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	if !filepath.IsAbs(s.Argv[0]) || !kernelspec.Present(k.ResourceDir) {
		t.Errorf("program %s, folder %s", s.Argv[0], k.ResourceDir)
	}

	out = p.run(t, "", file(t, "info.py"), lab.KernelName)
	var info struct {
		ProtocolVersion string `json:"protocol_version"`
		Implementation  string
		LanguageInfo    map[string]any `json:"language_info"`
		Banner          string
	}
	if err := json.Unmarshal([]byte(out.stdout), &info); err != nil {
		t.Fatalf("%v\n%s", err, out.all())
	}
	for name, want := range map[string]string{
		"name": "go", "mimetype": "text/x-go", "file_extension": ".go", "pygments_lexer": "go", "codemirror_mode": "go",
	} {
		if got := info.LanguageInfo[name]; got != want {
			t.Errorf("language_info.%s is %v, want %q", name, got, want)
		}
	}
	if v, _ := info.LanguageInfo["version"].(string); !strings.Contains(v, "1.") {
		t.Errorf("language_info.version is %q", v)
	}
	if !strings.HasPrefix(info.ProtocolVersion, "5.") || info.Implementation == "" || info.Banner == "" {
		t.Errorf("kernel_info %+v", info)
	}
}

// TestExecute runs a notebook by nbclient's command.
func TestExecute(t *testing.T) {
	p := newPython(t)
	book := p.copied(t, "report.ipynb")
	out := p.run(t, "", "-m", "jupyter", "execute", "--inplace", "--kernel_name="+lab.KernelName, book)
	if out.code != 0 {
		t.Fatal(out.all())
	}
	n, err := lab.ReadNotebook(book)
	if err != nil {
		t.Fatal(err)
	}
	if got := n.Cells[1].Stdout(); got != "streets: 2\n" {
		t.Errorf("cell 2 printed %q", got)
	}
	if got := n.Cells[2].Displayed("text/plain"); len(got) != 1 || got[0] != "940" {
		t.Errorf("cell 3 has the result %q", got)
	}
	if got := n.Cells[3].Displayed("text/html"); len(got) == 0 || !strings.Contains(got[0], "id='shown'") {
		t.Errorf("cell 4 displayed %q", got)
	}
	if got := n.Cells[3].Displayed("image/svg+xml"); len(got) != 1 {
		t.Errorf("cell 4 displayed %d SVGs", len(got))
	}
	if c := n.Cells[4]; len(c.Outputs) != 2 || c.Stdout() != "done\n" {
		t.Errorf("cell 5, with progress, has the outputs %+v", c.Outputs)
	}
	for i, c := range n.Cells[1:] {
		if c.ExecutionCount == nil || *c.ExecutionCount != i+1 {
			t.Errorf("cell %d has the execution count %v", i+2, c.ExecutionCount)
		}
	}
}

// TestConvert runs notebooks by nbconvert, one to HTML and one that fails.
func TestConvert(t *testing.T) {
	p := newPython(t)
	t.Run("html", func(t *testing.T) {
		out := p.run(t, "", "-m", "nbconvert", "--to", "html", "--execute", p.copied(t, "report.ipynb"))
		if out.code != 0 {
			t.Fatal(out.all())
		}
		page, err := os.ReadFile(filepath.Join(p.dir, "report.html"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"A report", "hl-go", `<span class="kt">int</span>`, "streets: 2", "940", "id='shown'"} {
			if !strings.Contains(string(page), want) {
				t.Errorf("the page lacks %q", want)
			}
		}
	})
	t.Run("fails", func(t *testing.T) {
		out := p.run(t, "", "-m", "nbconvert", "--to", "html", "--execute", p.copied(t, "fails.ipynb"))
		if out.code == 0 || !strings.Contains(out.stderr, "assignment to entry in nil map") {
			t.Errorf("exit status %d: %s", out.code, out.all())
		}
		if !strings.Contains(out.stderr, "3") || strings.Contains(out.stderr, "goroutine 1 [running]:\n\tmain.main") {
			t.Errorf("the traceback does not name the line of the cell: %s", out.stderr)
		}
	})
}

func TestPapermill(t *testing.T) {
	p := newPython(t)
	book, done := p.copied(t, "parameters.ipynb"), filepath.Join(p.dir, "done.ipynb")
	out := p.run(t, "", "-m", "papermill", "--log-output", "--no-progress-bar", book, done,
		"-p", "n", "7", "-p", "name", `Elm "Lane"`, "-p", "ratio", "2.5", "-p", "fast", "true", "-y", "words: [a, é]")
	if out.code != 0 {
		t.Fatal(out.all())
	}
	n, err := lab.ReadNotebook(done)
	if err != nil {
		t.Fatal(err)
	}
	last := n.Cells[len(n.Cells)-1]
	want := "n 7 name \"Elm \\\"Lane\\\"\" ratio 2.5 fast true words [\"a\" \"é\"]\nint string float64 bool []string\n"
	if got := last.Stdout(); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	out = p.run(t, "", "-m", "papermill", "--no-progress-bar", p.copied(t, "fails.ipynb"), done)
	if out.code == 0 || !strings.Contains(out.stderr, "assignment to entry in nil map") {
		t.Errorf("a failing notebook: exit status %d: %s", out.code, out.all())
	}
}

// TestNbmake runs notebooks as tests of pytest.
func TestNbmake(t *testing.T) {
	p := newPython(t)
	out := p.run(t, "", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbmake", p.copied(t, "report.ipynb"), p.copied(t, "fails.ipynb"))
	if out.code != 1 || !strings.Contains(out.stdout, "1 failed, 1 passed") {
		t.Errorf("exit status %d: %s", out.code, out.all())
	}
	if !strings.Contains(out.stdout, "assignment to entry in nil map") {
		t.Errorf("the failure does not say why: %s", out.stdout)
	}
}

func TestConsole(t *testing.T) {
	p := newPython(t)
	input := strings.Join([]string{
		`fmt.Println("from the console")`,
		`6*7`,
		`func twice(x int) int { return 2 * x }`,
		`n := twice(30)`,
		`n + 1`,
		`panic("the bridge is out")`,
		`n + 2`,
	}, "\n") + "\n"
	out := p.run(t, input, "-m", "jupyter", "console", "--simple-prompt", "--kernel", lab.KernelName)
	if out.code != 0 {
		t.Errorf("exit status %d: %s", out.code, out.all())
	}
	for _, want := range []string{"from the console\n", "Out[2]: 42", "Out[5]: 61", "panic: the bridge is out", "Out[7]: 62"} {
		if !strings.Contains(out.all(), want) { // errors go to standard error
			t.Errorf("the console does not show %q", want)
		}
	}
	if t.Failed() {
		t.Log(out.all())
	}
}
