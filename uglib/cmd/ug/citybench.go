package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/uglib/osm"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/ugbench"
)

// newCityBench is "ug city bench".
func newCityBench(a *app, flags *cityFlags) *cobra.Command {
	var b cityBench
	var one string
	var only []string
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure reading and building beside osmium, pyrosm and OSMnx",
		Long: `Time decoding and the street network of an extract (by default Delaware's, which comes with the
modules) beside osmium, pyrosm and OSMnx, in turn and so many times; each case runs in a process of
its own, whose peak memory is told. Then show how building the full graph, anchoring, subgraphs and
reasoning paths grow with the size of a city, and how fast views are drawn.

The peers are optional. osmium is looked for in the path (Debian: apt-get install osmium-tool). The
Python peers need an environment of pinned packages, which this makes in a folder "peers":

` + makePeers + `

Nothing else should run meanwhile: the load of the machine is told with the result.`,
		Example: `  ug city bench --python ./peers/bin/python
  ug city bench --only growth,views
  ug city bench --pbf hamburg-latest.osm.pbf --only peers --python ./peers/bin/python --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if one != "" {
				return runCase(cmd.Context(), a.out, one, flags.file)
			}
			if b.repeat < 1 {
				return usagef("--repeat %d: want at least 1", b.repeat)
			}
			parts := []string{"peers", "growth", "views"}
			for _, p := range only {
				if !slices.Contains(parts, p) {
					return usagef("--only %s: there are %s", p, strings.Join(parts, ", "))
				}
			}
			if flags.bbox != "" || flags.name != "" {
				return usagef("the bench takes a whole extract: no --bbox or --name")
			}
			wanted := func(part string) bool { return len(only) == 0 || slices.Contains(only, part) }
			r, err := b.run(cmd.Context(), flags.file, wanted)
			if err != nil {
				return err
			}
			return a.print(r, r.write)
		},
	}
	local := cmd.Flags()
	local.StringVar(&b.python, "python", "", "`PATH` of a Python that has the peers; without it ours run alone")
	local.IntVar(&b.repeat, "repeat", 3, "how often each case runs")
	local.StringSliceVar(&only, "only", nil, "`PARTS` to run: peers, growth, views (default all)")
	local.StringVar(&one, "case", "", "run one case in this process")
	if err := local.MarkHidden("case"); err != nil {
		panic(err) // no such flag
	}
	return cmd
}

const makePeers = `  python3 -m venv peers
  peers/bin/pip install --require-hashes --only-binary :all: -r uglib/cmd/ug/peers/requirements.txt
  ug city bench --python peers/bin/python`

//go:embed peers/peers.py
var peersScript []byte

// cityBench is one run of the bench.
type cityBench struct {
	python string
	repeat int

	dir    string // for files between cases
	script string
	self   string
	report *benchReport
}

// benchReport is what "ug city bench" says.
type benchReport struct {
	Machine machine           `json:"machine"`
	Extract string            `json:"extract"`
	Peers   map[string]string `json:"peers,omitempty"` // versions
	Cases   []*benchCase      `json:"cases,omitempty"`
	Targets []target          `json:"targets,omitempty"`
	Counts  []string          `json:"counts,omitempty"`
	Growth  []growthRow       `json:"growth,omitempty"`
	Powers  *growthRow        `json:"powers,omitempty"` // exponents of growth with the nodes of the city
	Views   *viewRate         `json:"views,omitempty"`
	Notes   []string          `json:"notes,omitempty"`
}

type machine struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	Go     string  `json:"go"`
	Load   float64 `json:"load_before"` // processes that ran or waited, over the last minute
	LoadOf float64 `json:"load_after"`
}

// benchCase is one case with what each of its runs took.
type benchCase struct {
	Name    string    `json:"name"`
	Seconds []float64 `json:"seconds"`
	Peak    []float64 `json:"peak_mb"`
	Nodes   int       `json:"nodes,omitempty"`
	Edges   int       `json:"edges,omitempty"`

	lone int // see streetnet.Report
}

// target is a figure beside what is asked of it.
type target struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Limit float64 `json:"limit"`
	Most  bool    `json:"most"` // Value is to be at most Limit, else at least
	Unit  string  `json:"unit,omitempty"`
}

func (t *target) met() bool {
	if t.Most {
		return t.Value <= t.Limit
	}
	return t.Value >= t.Limit
}

func (b *cityBench) run(ctx context.Context, extract string, wanted func(part string) bool) (*benchReport, error) {
	src, err := osm.Builtin("delaware")
	if extract != "" {
		src, err = osm.File(extract)
	}
	if err != nil {
		return nil, err
	}
	path, err := src.Locate()
	if err != nil {
		return nil, err
	}
	if b.self, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("this program's own file: %w", err)
	}
	if b.dir, err = os.MkdirTemp("", "ug-city-bench-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.dir)
	b.script = filepath.Join(b.dir, "peers.py")
	if err := os.WriteFile(b.script, peersScript, 0o644); err != nil {
		return nil, err
	}
	b.report = &benchReport{Machine: thisMachine(), Extract: src.File}
	b.report.Machine.Load = load()
	if wanted("peers") {
		if err := b.peers(ctx, path); err != nil {
			return nil, err
		}
	}
	if wanted("growth") {
		if err := b.growth(ctx); err != nil {
			return nil, err
		}
	}
	if wanted("views") {
		b.report.Views = &viewRate{}
		if err := b.ours(ctx, "views", "", b.report.Views); err != nil {
			return nil, err
		}
		b.target("views drawn a second", b.report.Views.PerSecond, 30, false, "/s")
	}
	b.report.Machine.LoadOf = load()
	if n := float64(b.report.Machine.Cores); b.report.Machine.Load > n/2 {
		b.note("The machine was busy (load %.1f on %.0f cores before the start): the times are not to be relied on.", b.report.Machine.Load, n)
	}
	return b.report, nil
}

func (b *cityBench) note(format string, args ...any) {
	b.report.Notes = append(b.report.Notes, fmt.Sprintf(format, args...))
}

func (b *cityBench) target(name string, value, limit float64, most bool, unit string) {
	b.report.Targets = append(b.report.Targets, target{name, value, limit, most, unit})
}

// peers times ours and the peers in turn.
func (b *cityBench) peers(ctx context.Context, path string) error {
	xml, ways := filepath.Join(b.dir, "ways.osm"), filepath.Join(b.dir, "ways.txt")
	type run struct {
		*benchCase
		once func(context.Context, *caseResult) error
	}
	var runs []run
	add := func(name string, once func(context.Context, *caseResult) error) *benchCase {
		c := &benchCase{Name: name}
		runs = append(runs, run{c, once})
		return c
	}
	ours := func(name, file string) func(context.Context, *caseResult) error {
		return func(ctx context.Context, r *caseResult) error { return b.ours(ctx, name, file, r) }
	}
	python := func(args ...string) func(context.Context, *caseResult) error {
		return func(ctx context.Context, r *caseResult) error { return b.peer(ctx, r, args...) }
	}
	osmium, err := exec.LookPath("osmium")
	if err != nil {
		b.note("osmium was not found in the path (Debian: apt-get install osmium-tool).")
	}
	var theirs struct{ decode, pyrosm, osmnx *benchCase }
	decode := add("ours: decode all", ours("decode", path))
	if osmium != "" {
		theirs.decode = add("osmium tags-filter", func(ctx context.Context, r *caseResult) error {
			return timed(ctx, r, osmium, "tags-filter", path, "w/highway", "-o", filepath.Join(b.dir, "out.osm.pbf"), "--overwrite")
		})
	}
	like := add("ours: network as pyrosm's", ours("network-pyrosm:"+ways, path))
	var fromXML *benchCase
	plain := add("ours: network as OSMnx's", ours("network-osmnx", path))
	raw := add("ours: network, raw", ours("network-raw", path))
	if b.python == "" {
		b.note("pyrosm and OSMnx were not run; this makes an environment for them:\n%s", makePeers)
	} else {
		if err := b.python3(ctx, &b.report.Peers, "version"); err != nil {
			return fmt.Errorf("%w\nthis makes an environment for the peers:\n%s", err, makePeers)
		}
		if err := b.python3(ctx, &struct{}{}, "prepare", path, xml); err != nil {
			return err
		}
		theirs.pyrosm = add("pyrosm to NetworkX", python("pyrosm", path))
		fromXML = add("ours: the same, from XML", ours("network-osmnx", xml))
		theirs.osmnx = add("OSMnx from XML", python("osmnx", xml))
	}
	t := progress.Start(ctx, "time cases", len(runs)*b.repeat)
	defer t.Done()
	for range b.repeat {
		for _, r := range runs {
			var one caseResult
			if err := r.once(ctx, &one); err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
			r.Seconds, r.Peak = append(r.Seconds, one.Seconds), append(r.Peak, one.Peak)
			r.Nodes, r.Edges = one.Nodes, one.Edges
			if r.benchCase == plain {
				plain.lone = one.Lone
			}
			t.Add(1)
		}
	}
	for _, r := range runs {
		b.report.Cases = append(b.report.Cases, r.benchCase)
	}
	if c := theirs.decode; c != nil {
		b.target("decoding: our time to osmium's", decode.median()/c.median(), 1.5, true, "×")
	}
	if c := theirs.pyrosm; c != nil {
		b.target("network: times faster than pyrosm", c.median()/like.median(), 8, false, "×")
	}
	if c := theirs.osmnx; c != nil {
		b.target("network: times faster than OSMnx", c.median()/plain.median(), 40, false, "×")
		b.target("the same, both from XML", c.median()/fromXML.median(), 40, false, "×")
	}
	b.target("network: peak memory", max(slices.Max(like.Peak), slices.Max(plain.Peak), slices.Max(raw.Peak)), 600, true, " MB")
	return b.compare(ctx, path, ways, like, plain, theirs.pyrosm, theirs.osmnx)
}

// compare says whether the counts of nodes and edges are the same, and why not.
func (b *cityBench) compare(ctx context.Context, path, ways string, like, plain, pyrosm, osmnx *benchCase) error {
	say := func(format string, args ...any) {
		b.report.Counts = append(b.report.Counts, fmt.Sprintf(format, args...))
	}
	verdict := func(same bool) string {
		if same {
			return "the same"
		}
		return "DIFFERENT, unexplained"
	}
	if osmnx != nil {
		say("OSMnx: %d nodes, %d edges; ours: %d and %d with %d nodes on no segment, which we leave out: %s", osmnx.Nodes, osmnx.Edges,
			plain.Nodes, plain.Edges, plain.lone, verdict(osmnx.Nodes == plain.Nodes+plain.lone && osmnx.Edges == plain.Edges))
	}
	if pyrosm == nil {
		return nil
	}
	if pyrosm.Nodes == like.Nodes && pyrosm.Edges == like.Edges {
		say("pyrosm: %d nodes, %d edges; ours: the same", pyrosm.Nodes, pyrosm.Edges)
		return nil
	}
	var check struct {
		caseResult
		Other []int64 `json:"other_ways"`
		Loops int     `json:"loops"`
	}
	if err := b.python3(ctx, &check, "pyrosm-check", path, ways); err != nil {
		return err
	}
	say("pyrosm: %d nodes, %d edges; ours: %d and %d. It takes ways that OSMnx's filter leaves out (%d: %s) and makes loops of no length "+
		"where a way names a node twice in a row (%d); without these it finds %d and %d: %s", pyrosm.Nodes, pyrosm.Edges, like.Nodes, like.Edges,
		len(check.Other), fewIDs(check.Other), check.Loops, check.Nodes, check.Edges, verdict(check.Nodes == like.Nodes && check.Edges == like.Edges))
	return nil
}

// fewIDs lists the first few ids.
func fewIDs(ids []int64) string {
	text := strings.Trim(fmt.Sprint(ids[:min(len(ids), 5)]), "[]")
	if len(ids) > 5 {
		text += " …"
	}
	return strings.ReplaceAll(text, " ", ", ")
}

func (c *benchCase) median() float64 { return median(c.Seconds) }

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func (r *benchReport) write(w io.Writer) error {
	var f facts
	m := r.Machine
	f.add("machine", "%s, %d cores, %s, load %.1f before and %.1f after", m.CPU, m.Cores, m.Go, m.Load, m.LoadOf)
	if len(r.Cases) > 0 {
		f.add("extract", "%s", r.Extract)
	}
	if len(r.Peers) > 0 {
		f.add("peers", "%s", versions(r.Peers))
	}
	if err := f.write(w); err != nil {
		return err
	}
	var table [][]string
	for _, c := range r.Cases {
		counts := []string{"", ""}
		if c.Nodes > 0 {
			counts = []string{fmt.Sprint(c.Nodes), fmt.Sprint(c.Edges)}
		}
		table = append(table, append([]string{c.Name, fmt.Sprintf("%.3f s", c.median()),
			fmt.Sprintf("%.3f to %.3f", slices.Min(c.Seconds), slices.Max(c.Seconds)), fmt.Sprintf("%.0f MB", slices.Max(c.Peak))}, counts...))
	}
	if err := writeTable(w, []string{"case", "median", "range", "peak", "nodes", "edges"}, table); err != nil {
		return err
	}
	if err := r.writeGrowth(w); err != nil {
		return err
	}
	if v := r.Views; v != nil {
		if _, err := fmt.Fprintf(w, "\n%d views of %d x %d drawn on %d cores: %.0f a second (the city laid out in %.2f s)\n",
			v.Views, v.Width, v.Height, r.Machine.Cores, v.PerSecond, v.Layout); err != nil {
			return err
		}
	}
	table = nil
	for _, t := range r.Targets {
		sign, verdict := "at least", "met"
		if t.Most {
			sign = "at most"
		}
		if !t.met() {
			verdict = "MISSED"
		}
		table = append(table, []string{t.Name, figure(t.Value) + t.Unit, sign + " " + figure(t.Limit) + t.Unit, verdict})
	}
	if err := writeTable(w, []string{"target", "value", "asked", ""}, table); err != nil {
		return err
	}
	for _, list := range [][]string{r.Counts, r.Notes} {
		for _, line := range list {
			if _, err := fmt.Fprintln(w, "\n"+line); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeTable writes a table below an empty line; nothing where there are no rows.
func writeTable(w io.Writer, header []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return ugbench.WriteText(w, header, rows)
}

// figure writes a number with three digits or more.
func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// errNoResult is the error of a case that printed none.
var errNoResult = errors.New("printed no result")

func thisMachine() machine {
	m := machine{CPU: runtime.GOARCH, Cores: runtime.GOMAXPROCS(0), Go: runtime.Version()}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				m.CPU = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	return m
}

// load returns the load of the last minute, 0 where the system does not say.
func load() float64 {
	var one float64
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Sscan(string(text), &one) // 0 stands for unknown
	}
	return one
}
