package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"urbangraph/kernel/client"
	"urbangraph/kernel/gofront"
	"urbangraph/kernel/lab"
)

// Row is one figure: what GoNB with its defaults and the project's kernel took for the same thing.
type Row struct {
	Name    string           `json:"name"`
	Kind    string           `json:"kind"` // such as "changed" or "unchanged" since the run before
	Runs    int              `json:"runs"`
	Plain   time.Duration    `json:"plain_ns"` // median with GoNB's defaults
	Ours    time.Duration    `json:"ours_ns"`  // median with the project's kernel
	PlainIn [2]time.Duration `json:"plain_range_ns"`
	OursIn  [2]time.Duration `json:"ours_range_ns"`
}

// Ratio is the time of the project's kernel as a part of GoNB's.
func (r Row) Ratio() float64 { return float64(r.Ours) / float64(r.Plain) }

// Bench measures in a clone that is set up.
type Bench struct {
	layout   lab.Layout
	dir      string // working folder of the kernels, with GoNB's module files in it
	plainEnv []string
	progress io.Writer
}

// New prepares a measurement; progress gets a line for each part.
func New(ctx context.Context, l lab.Layout, progress io.Writer) (*Bench, error) {
	t, err := gofront.FindToolchain(ctx, l.Repo, "")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ugbench-")
	if err != nil {
		return nil, err
	}
	// GoNB by itself knows no module of the project: it gets the same go.mod by hand, as a user would do.
	if err := gofront.WriteModule(dir, "cell", l.Repo); err != nil {
		return nil, err
	}
	path := strings.Join([]string{l.Bin(), filepath.Dir(t.Go), os.Getenv("PATH")}, string(os.PathListSeparator))
	return &Bench{layout: l, dir: dir, plainEnv: gofront.Setenv(os.Environ(), "PATH", path), progress: progress}, nil
}

// Close removes what New made.
func (b *Bench) Close() error { return os.RemoveAll(b.dir) }

// ours starts the project's kernel.
func (b *Bench) ours(ctx context.Context) (*client.Kernel, error) {
	env := gofront.Setenv(os.Environ(), "UG_HISTORY", "off")
	return client.Start(ctx, []string{filepath.Join(b.layout.Bin(), "ugkernel"), "kernel", "--repo", b.layout.Repo, "--connection", "{connection_file}"}, env, b.dir)
}

// plain starts GoNB with its defaults.
func (b *Bench) plain(ctx context.Context) (*client.Kernel, error) {
	k, err := client.Start(ctx, []string{filepath.Join(b.layout.Bin(), "gonb"), "--kernel", "{connection_file}", "-raw_error", "-logtostderr=false",
		"-stderrthreshold=FATAL", "-log_file=" + filepath.Join(b.dir, "gonb.log")}, b.plainEnv, b.dir)
	if err != nil {
		return nil, err
	}
	if _, err := timed(ctx, k, fmt.Sprintf("!*cp %[1]q/go.mod %[1]q/go.sum .", b.dir)); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

// timed runs a cell that must end well and returns how long it took.
func timed(ctx context.Context, k *client.Kernel, code string) (time.Duration, error) {
	r, err := k.Execute(ctx, code, client.Options{NoStdin: true})
	if err != nil {
		return 0, err
	}
	if r.Reply.Status != "ok" {
		return 0, fmt.Errorf("the cell failed: %s: %s\n%s\n%s", r.Reply.EName, r.Reply.EValue, strings.Join(r.Reply.Traceback, "\n"), code)
	}
	return r.Took, nil
}

// pair are the two kernels side by side.
type pair struct{ plain, ours *client.Kernel }

// open starts both kernels.
func (b *Bench) open(ctx context.Context) (p pair, err error) {
	if p.plain, err = b.plain(ctx); err != nil {
		return p, err
	}
	if p.ours, err = b.ours(ctx); err != nil {
		p.plain.Close()
	}
	return p, err
}

func (p pair) close() {
	p.plain.Close()
	p.ours.Close()
}

// turn runs one thing in both kernels, in random order, and adds the times to the series.
func turn(plain, ours *[]time.Duration, inPlain, inOurs func() (time.Duration, error)) error {
	order := []struct {
		series *[]time.Duration
		run    func() (time.Duration, error)
	}{{plain, inPlain}, {ours, inOurs}}
	if rand.IntN(2) == 1 {
		slices.Reverse(order)
	}
	for _, o := range order {
		d, err := o.run()
		if err != nil {
			return err
		}
		*o.series = append(*o.series, d)
	}
	return nil
}

// Cells times the cells, changed and unchanged since the run before.
func (b *Bench) Cells(ctx context.Context, runs int) ([]Row, error) {
	p, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	defer p.close()
	number := rand.IntN(1e6) * 1000 // a program that a kernel has kept from an earlier bench is not the same
	var rows []Row
	for _, c := range cells {
		fmt.Fprintf(b.progress, "timing the %s cell\n", c.name)
		var plain, ours, plainAgain, oursAgain []time.Duration
		for i := range runs + 1 {
			number++
			code := strings.ReplaceAll(c.code, "@", fmt.Sprint(number))
			in := func(k *client.Kernel) func() (time.Duration, error) {
				return func() (time.Duration, error) { return timed(ctx, k, code) }
			}
			if err := turn(&plain, &ours, in(p.plain), in(p.ours)); err != nil {
				return nil, err
			}
			if err := turn(&plainAgain, &oursAgain, in(p.plain), in(p.ours)); err != nil {
				return nil, err
			}
			if i == 0 { // it may have built packages
				plain, ours, plainAgain, oursAgain = nil, nil, nil, nil
			}
		}
		rows = append(rows, row(c.name, "changed", plain, ours), row(c.name, "unchanged", plainAgain, oursAgain))
	}
	return rows, nil
}

// Start times a kernel from its start to the end of its first cell, which was run before.
func (b *Bench) Start(ctx context.Context, runs int) (Row, error) {
	fmt.Fprintln(b.progress, "timing the start to the first cell")
	const code = "import \"fmt\"\n\n%%\nfmt.Println(\"first\")\n"
	first := func(start func(context.Context) (*client.Kernel, error)) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			begin := time.Now()
			k, err := start(ctx)
			if err != nil {
				return 0, err
			}
			defer k.Close()
			_, err = timed(ctx, k, code)
			return time.Since(begin), err
		}
	}
	var plain, ours []time.Duration
	for i := range runs + 1 {
		if err := turn(&plain, &ours, first(b.plain), first(b.ours)); err != nil {
			return Row{}, err
		}
		if i == 0 {
			plain, ours = nil, nil
		}
	}
	return row("start", "to first cell", plain, ours), nil
}

// Overhead times a cell that starts no process, which shows what the kernel adds to GoNB.
func (b *Bench) Overhead(ctx context.Context, runs int) (Row, error) {
	fmt.Fprintln(b.progress, "timing a cell that starts no process")
	p, err := b.open(ctx)
	if err != nil {
		return Row{}, err
	}
	defer p.close()
	var plain, ours []time.Duration
	for range runs {
		in := func(k *client.Kernel) func() (time.Duration, error) {
			return func() (time.Duration, error) { return timed(ctx, k, "%env UGBENCH=1") }
		}
		if err := turn(&plain, &ours, in(p.plain), in(p.ours)); err != nil {
			return Row{}, err
		}
	}
	return row("%env", "no process", plain, ours), nil
}

// row summarises two series.
func row(name, kind string, plain, ours []time.Duration) Row {
	return Row{Name: name, Kind: kind, Runs: len(ours), Plain: median(plain), Ours: median(ours),
		PlainIn: [2]time.Duration{slices.Min(plain), slices.Max(plain)}, OursIn: [2]time.Duration{slices.Min(ours), slices.Max(ours)}}
}

// median is the middle one of the times, the mean of the two middle ones for an even number of them.
func median(d []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(d))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// Print writes the rows as a table, times in milliseconds.
func Print(w io.Writer, rows []Row) error {
	ms := func(d time.Duration) string {
		if d < 10*time.Millisecond {
			return fmt.Sprintf("%.2f", d.Seconds()*1000)
		}
		return fmt.Sprintf("%.0f", d.Seconds()*1000)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "what\t\truns\tGoNB default, ms\tthis kernel, ms\tratio\t")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s (%s to %s)\t%s (%s to %s)\t%.2f\t\n", r.Name, r.Kind, r.Runs,
			ms(r.Plain), ms(r.PlainIn[0]), ms(r.PlainIn[1]), ms(r.Ours), ms(r.OursIn[0]), ms(r.OursIn[1]), r.Ratio())
	}
	return t.Flush()
}
