package lab

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

//go:embed execute.py
var executeScript string

// Options say which notebooks to run and where to put what comes out.
type Options struct {
	Layout    Layout        // the clone; its zero value is the one that the working folder lies in
	Notebooks []string      // files, folders, or patterns as in [filepath.Match]; none means all of the project
	Out       string        // folder for the executed notebooks and HTML; "" means "executed"
	Timeout   time.Duration // longest time of a cell; 0 means half an hour
	Python    string        // interpreter for the set-up; "" looks for one
	Env       []string      // more variables for the cells, as "NAME=value"
	Progress  io.Writer     // lines of progress; nil shows none
}

// DefaultTimeout is the longest time of a cell unless Options say otherwise.
const DefaultTimeout = 30 * time.Minute

// Result is what became of one notebook.
type Result struct {
	Path     string        // of the notebook
	Executed string        // of the executed notebook, with its outputs
	HTML     string        // of the executed notebook as a page
	Duration time.Duration // of the run, kernel start included
	Cells    []CellTime    // of the cells that ended well, in order
	Notebook *Notebook     // as executed
	Err      error         // a *CellError, or why the notebook could not be run; nil when all went well
}

// CellTime is how long a cell took.
type CellTime struct {
	Cell     int // counts all cells of the notebook from 0
	Duration time.Duration
}

// CellError is a cell that failed.
type CellError struct {
	Notebook string // path
	Cell     int    // counts all cells from 0; -1 when the kernel failed before the first one
	Source   string // of the cell
	Name     string // of the error
	Value    string
	Text     string // as the kernel told it, without colours
}

// Error names the notebook and the cell (counted from 1, as people do) and holds the text of the error.
func (e *CellError) Error() string {
	if e.Cell < 0 {
		return fmt.Sprintf("%s: the kernel did not start: %s", e.Notebook, e.Text)
	}
	return fmt.Sprintf("%s, cell %d:\n%s\n%s", e.Notebook, e.Cell+1, indent(e.Source, "  | "), e.Text)
}

// indent puts prefix before each line.
func indent(text, prefix string) string {
	return prefix + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+prefix)
}

// FindNotebooks resolves files, folders and patterns to notebook files. Names that are not there are
// also looked for among the project's notebooks, with and without the suffix, so that "01-ugdata" is
// enough. The order is that of the arguments, and by name within one.
func FindNotebooks(l Layout, args []string) ([]string, error) {
	if len(args) == 0 {
		args = []string{l.Notebooks()}
	}
	var out []string
	for _, a := range args {
		found, err := matches(l, a)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			abs, err := filepath.Abs(f)
			if err != nil {
				return nil, err
			}
			if !slices.Contains(out, abs) {
				out = append(out, abs)
			}
		}
	}
	return out, nil
}

// matches resolves one argument of [FindNotebooks].
func matches(l Layout, arg string) ([]string, error) {
	for _, p := range []string{arg, arg + ".ipynb", filepath.Join(l.Notebooks(), arg), filepath.Join(l.Notebooks(), arg+".ipynb")} {
		if isFile(p) {
			return []string{p}, nil
		}
		if fi, err := os.Stat(p); err == nil && fi.IsDir() {
			p = filepath.Join(p, "*.ipynb")
		}
		found, err := filepath.Glob(p)
		if err != nil {
			return nil, fmt.Errorf("%q is no pattern: %w", arg, err)
		}
		found = slices.DeleteFunc(found, func(f string) bool { return filepath.Ext(f) != ".ipynb" })
		if len(found) > 0 {
			return found, nil
		}
	}
	all, _ := filepath.Glob(filepath.Join(l.Notebooks(), "*.ipynb"))
	for i := range all {
		all[i] = filepath.Base(all[i])
	}
	return nil, fmt.Errorf("no notebook is called %q; there are: %s", arg, strings.Join(all, ", "))
}

// event is one line of the script's output.
type event struct {
	Event    string
	Notebook int
	Cells    int
	Cell     int
	Seconds  float64
	Name     string
	Value    string
	Text     string
	HTML     string
}

// Execute sets the clone up where needed, runs notebooks from top to bottom, each with a kernel of its
// own, and writes each to Out as an executed notebook and as HTML, also when a cell fails. A notebook
// ends at its first failing cell; the next one is run all the same. The returned error joins the errors
// of all results; the results are complete even then, unless the set-up failed.
func Execute(ctx context.Context, o Options) ([]Result, error) {
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.Layout.Repo == "" {
		l, err := FindLayout(".")
		if err != nil {
			return nil, err
		}
		o.Layout = l
	}
	if o.Out == "" {
		o.Out = "executed"
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	books, err := FindNotebooks(o.Layout, o.Notebooks)
	if err != nil {
		return nil, err
	}
	for _, b := range books { // a broken file is known before the set-up has taken its minutes
		if _, err := ReadNotebook(b); err != nil {
			return nil, err
		}
	}
	if o.Out, err = filepath.Abs(o.Out); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return nil, fmt.Errorf("the executed notebooks cannot be written: %w; name another folder by --out", err)
	}
	if err := (&Setup{Layout: o.Layout, Python: o.Python, Out: o.Progress}).Run(ctx); err != nil {
		return nil, err
	}
	return runNotebooks(ctx, o, books)
}

// runNotebooks runs the script and follows what it tells.
func runNotebooks(ctx context.Context, o Options, books []string) ([]Result, error) {
	names := outputNames(books)
	job, err := json.Marshal(map[string]any{
		"notebooks": books, "names": names, "out": o.Out, "kernel": KernelName, "timeout": int(o.Timeout.Seconds()),
	})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, o.Layout.Python(), "-c", executeScript)
	// Cells that run without a person are not for the history that a person searches.
	cmd.Env = append(append(JupyterEnv(o.Layout), "UG_HISTORY=off"), o.Env...)
	cmd.Stdin = bytes.NewReader(job)
	// The script ends its kernel when it is interrupted, and is killed only if it does not end. It has a
	// process group of its own, or else a Ctrl-C at the terminal would interrupt it a second time.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s does not start: %w; remove the folder %s and run this again", o.Layout.Python(), err, o.Layout.Venv())
	}
	t := &tracker{out: o.Progress, results: make([]Result, len(books))}
	for i, b := range books {
		t.results[i].Path = b
		t.results[i].Err = fmt.Errorf("%s was not run", b)
	}
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Notebook >= 0 && e.Notebook < len(books) {
			t.follow(e)
		}
	}
	scanErr := lines.Err()
	waitErr := cmd.Wait()
	if ctx.Err() != nil {
		return t.results, context.Cause(ctx)
	}
	var errs []error
	for i := range t.results {
		r := &t.results[i]
		if r.HTML != "" {
			r.Executed = strings.TrimSuffix(r.HTML, ".html") + ".ipynb"
			nb, err := ReadNotebook(r.Executed)
			if err != nil && r.Err == nil {
				r.Err = err
			}
			r.Notebook = nb
		}
		errs = append(errs, r.Err)
	}
	err = errors.Join(errs...)
	if err == nil {
		err = scanErr
	}
	var exit *exec.ExitError
	if waitErr != nil && (err == nil || !errors.As(waitErr, &exit) || exit.ExitCode() != 1 || stderr.Len() > 0 && !t.failed) {
		err = errors.Join(err, fmt.Errorf("running the notebooks: %w\n%s", waitErr, lastLines(stderr.String(), 15)))
	}
	return t.results, err
}

// tracker turns the events of the script into results and lines of progress.
type tracker struct {
	out     io.Writer
	results []Result
	total   int // code cells of the current notebook
	run     int // of them run
	failed  bool
}

// follow takes one event.
func (t *tracker) follow(e event) {
	r := &t.results[e.Notebook]
	name := filepath.Base(r.Path)
	switch e.Event {
	case "notebook":
		t.total, t.run = e.Cells, 0
		r.Err = nil
		fmt.Fprintf(t.out, "%s: %d code cells\n", name, e.Cells)
	case "cell":
		t.run++
		d := time.Duration(e.Seconds * float64(time.Second))
		r.Cells = append(r.Cells, CellTime{Cell: e.Cell, Duration: d})
		fmt.Fprintf(t.out, "%s: cell %d, %d of %d done, %.1f s\n", name, e.Cell+1, t.run, t.total, e.Seconds)
	case "error":
		t.failed = true
		ce := &CellError{Notebook: r.Path, Cell: e.Cell, Name: e.Name, Value: e.Value, Text: e.Text}
		if nb, err := ReadNotebook(r.Path); err == nil && e.Cell >= 0 && e.Cell < len(nb.Cells) {
			ce.Source = string(nb.Cells[e.Cell].Source)
		}
		r.Err = ce
		fmt.Fprintf(t.out, "%s: cell %d FAILED\n", name, e.Cell+1)
	case "done":
		r.HTML = e.HTML
		r.Duration = time.Duration(e.Seconds * float64(time.Second))
		fmt.Fprintf(t.out, "%s: %.1f s, %s\n", name, e.Seconds, e.HTML)
	}
}

// outputNames gives each notebook a name below the folder of results: its base name, with the name of
// its folder before it where two are alike.
func outputNames(books []string) []string {
	count := map[string]int{}
	for _, b := range books {
		count[filepath.Base(b)]++
	}
	names := make([]string, len(books))
	for i, b := range books {
		names[i] = filepath.Base(b)
		if count[names[i]] > 1 {
			names[i] = filepath.Join(filepath.Base(filepath.Dir(b)), names[i])
		}
		if slices.Contains(names[:i], names[i]) {
			names[i] = fmt.Sprintf("%d-%s", i+1, filepath.Base(b))
		}
	}
	return names
}
