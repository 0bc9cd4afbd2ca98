// Package bench measures how long a notebook cell takes, against an unmodified GoNB with its defaults on
// the same machine.
//
// Both kernels run the same cells in turn, in an order that changes from run to run, so that other load
// on the machine meets both alike. Reported are medians of the time from the request to its reply and
// idle status.
package bench

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"urbangraph/kernel/gofront"
	"urbangraph/kernel/lab"
)

//go:embed bench.py
var script string

// plain is the name of the kernel that is GoNB with its defaults.
const plain = "gonb-default"

// cells are what is timed, in this order; @ stands for a number that changes.
var cells = []struct{ name, code string }{
	{"fmt", "import \"fmt\"\n\n%%\nfmt.Println(@)\n"},
	{"urbangraph/plots", "import (\n\t\"fmt\"\n\t_ \"urbangraph/plots\"\n)\n\n%%\nfmt.Println(@)\n"},
	{"gonum/plot", `import (
	"bytes"
	"fmt"

	"github.com/janpfeifer/gonb/gonbui"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

%%
p := plot.New()
p.Title.Text = fmt.Sprint(@)
l, _ := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: @}})
p.Add(l)
w, _ := p.WriterTo(8*vg.Centimeter, 6*vg.Centimeter, "png")
var b bytes.Buffer
w.WriteTo(&b)
gonbui.DisplayPng(b.Bytes())
gonbui.Sync()
`},
}

// Row is the result for one cell and one kind of run.
type Row struct {
	Cell     string        `json:"cell"`
	Kind     string        `json:"kind"` // "changed" or "unchanged" since the run before
	Runs     int           `json:"runs"`
	Plain    time.Duration `json:"plain_ns"` // median with GoNB's defaults
	Ours     time.Duration `json:"ours_ns"`  // median with the project's kernel
	PlainMin time.Duration `json:"plain_min_ns"`
	OursMin  time.Duration `json:"ours_min_ns"`
}

// Ratio is how many times faster the project's kernel is.
func (r Row) Ratio() float64 { return float64(r.Plain) / float64(r.Ours) }

// Run measures with runs timed runs of each cell. The clone must be set up. Progress gets a line for
// each cell.
func Run(ctx context.Context, l lab.Layout, runs int, progress io.Writer) ([]Row, error) {
	if runs < 1 {
		return nil, fmt.Errorf("%d runs cannot be timed, name at least 1", runs)
	}
	t, err := gofront.FindToolchain(ctx, l.Repo, "")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ugbench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// GoNB by itself knows no module of the project: it gets the same go.mod by hand, as a user would do.
	if err := gofront.WriteModule(dir, "cell", l.Repo); err != nil {
		return nil, err
	}
	if err := writePlainSpec(dir, l, t); err != nil {
		return nil, err
	}
	code := map[string]string{}
	for _, c := range cells {
		code[c.name] = c.code
	}
	job, err := json.Marshal(map[string]any{
		"kernels": []string{plain, lab.KernelName},
		"setup":   map[string]string{plain: fmt.Sprintf("!*cp %[1]q/go.mod %[1]q/go.sum .", dir)},
		"cells":   code,
		"runs":    runs,
	})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, l.Python(), "-c", script)
	cmd.Dir = dir
	cmd.Env = gofront.Setenv(lab.JupyterEnv(l), "JUPYTER_PATH", dir)
	cmd.Stdin = bytes.NewReader(job)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	times, err := readTimes(out, progress)
	if e := cmd.Wait(); e != nil {
		return nil, fmt.Errorf("the measurement failed: %w\n%s", e, strings.TrimSpace(stderr.String()))
	}
	if err != nil {
		return nil, err
	}
	return summarise(times)
}

// writePlainSpec writes the kernelspec of GoNB with its defaults into dir.
func writePlainSpec(dir string, l lab.Layout, t gofront.Toolchain) error {
	path := strings.Join([]string{l.Bin(), filepath.Dir(t.Go), os.Getenv("PATH")}, string(os.PathListSeparator))
	spec, err := json.Marshal(map[string]any{
		"argv":           []string{filepath.Join(l.Bin(), "gonb"), "--kernel", "{connection_file}", "-logtostderr=false", "-stderrthreshold=FATAL", "-log_file=" + filepath.Join(dir, "gonb.log")},
		"display_name":   "GoNB with its defaults",
		"language":       "go",
		"interrupt_mode": "message",
		"env":            map[string]string{"PATH": path},
	})
	if err != nil {
		return err
	}
	folder := filepath.Join(dir, "kernels", plain)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "kernel.json"), spec, 0o644)
}

// run identifies a series of times.
type run struct{ cell, kind, kernel string }

// readTimes reads what the script prints.
func readTimes(in io.Reader, progress io.Writer) (map[run][]time.Duration, error) {
	times := map[run][]time.Duration{}
	last := ""
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var t struct {
			Cell, Kernel, Kind string
			Seconds            float64
		}
		if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
			return nil, fmt.Errorf("unexpected output of the measurement: %q: %w", lines.Text(), err)
		}
		if t.Cell != last {
			fmt.Fprintf(progress, "timing the %s cell\n", t.Cell)
			last = t.Cell
		}
		k := run{t.Cell, t.Kind, t.Kernel}
		times[k] = append(times[k], time.Duration(t.Seconds*float64(time.Second)))
	}
	return times, lines.Err()
}

// summarise makes the rows, in the order of cells.
func summarise(times map[run][]time.Duration) ([]Row, error) {
	var rows []Row
	for _, c := range cells {
		for _, kind := range []string{"changed", "unchanged"} {
			p, o := times[run{c.name, kind, plain}], times[run{c.name, kind, lab.KernelName}]
			if len(p) == 0 || len(p) != len(o) {
				return nil, fmt.Errorf("the measurement of the %s cell gave %d and %d times, run it again", c.name, len(p), len(o))
			}
			rows = append(rows, Row{Cell: c.name, Kind: kind, Runs: len(p), Plain: median(p), Ours: median(o),
				PlainMin: slices.Min(p), OursMin: slices.Min(o)})
		}
	}
	return rows, nil
}

// median is the middle one of the times, the mean of the two middle ones for an even number of them.
func median(d []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(d))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// Print writes the rows as a table.
func Print(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "cell\tsince last run\truns\tGoNB default, ms\tthis kernel, ms\ttimes faster\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d (min %d)\t%d (min %d)\t%.1f\t\n", r.Cell, r.Kind, r.Runs,
			r.Plain.Milliseconds(), r.PlainMin.Milliseconds(), r.Ours.Milliseconds(), r.OursMin.Milliseconds(), r.Ratio())
	}
	return t.Flush()
}
