package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/osm"
	"urbangraph/uglib/osm/extract"
	"urbangraph/uglib/streetnet"
)

// caseResult is what a process of one case prints.
type caseResult struct {
	Seconds float64 `json:"seconds"` // of the work
	Peak    float64 `json:"peak_mb"`
	Nodes   int     `json:"nodes,omitempty"`
	Edges   int     `json:"edges,omitempty"`
	Lone    int     `json:"lone,omitempty"`
}

// ours runs one of our cases in a process of its own.
func (b *cityBench) ours(ctx context.Context, name, file string, result any) error {
	args := []string{"city", "bench", "--quiet", "--case", name}
	if file != "" {
		args = append(args, "--pbf", file)
	}
	return child(ctx, result, b.self, args...)
}

// peer runs a case of the Python script.
func (b *cityBench) peer(ctx context.Context, r *caseResult, args ...string) error {
	return b.python3(ctx, r, args...)
}

func (b *cityBench) python3(ctx context.Context, result any, args ...string) error {
	return child(ctx, result, b.python, append([]string{b.script}, args...)...)
}

// child runs a program that prints one line of JSON last.
func child(ctx context.Context, result any, program string, args ...string) error {
	out, _, err := runProgram(ctx, program, args...)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), result); err != nil {
		return fmt.Errorf("%s %s: %w: %w", program, strings.Join(args, " "), errNoResult, err)
	}
	return nil
}

// timed runs a program of which the whole process is the work.
func timed(ctx context.Context, r *caseResult, program string, args ...string) error {
	start := time.Now()
	_, peak, err := runProgram(ctx, program, args...)
	r.Seconds, r.Peak = time.Since(start).Seconds(), peak
	return err
}

// runProgram runs a program and returns what it prints and its peak memory in MB.
func runProgram(ctx context.Context, program string, args ...string) (out string, peak float64, err error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONUTF8=1", "PYTHONWARNINGS=ignore")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	b, err := cmd.Output()
	if ctx.Err() != nil {
		return "", 0, ctx.Err()
	}
	if err != nil {
		return "", 0, fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = float64(rusageBytes(int64(use.Maxrss))) / 1e6
	}
	return string(b), peak, nil
}

// runCase runs one case and prints its result.
func runCase(ctx context.Context, out io.Writer, name, file string) error {
	kind, arg, _ := strings.Cut(name, ":")
	var result any
	var err error
	switch kind {
	case "growth":
		result, err = growthOf(ctx, arg)
	case "views":
		result, err = drawViews(ctx)
	case "decode", "network-raw", "network-osmnx", "network-pyrosm":
		result, err = readCase(ctx, kind, arg, file)
	default:
		return usagef("no case %q", name)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result)
}

// readCase reads an extract in one way, and writes the ids of the network's
// ways to a file if one is given.
func readCase(ctx context.Context, kind, ways, file string) (*caseResult, error) {
	src, err := osm.File(file)
	if err != nil {
		return nil, err
	}
	r := &caseResult{}
	start := time.Now()
	if kind == "decode" {
		err = decodeAll(ctx, file)
		r.Seconds, r.Peak = time.Since(start).Seconds(), float64(peakMemory())/1e6
		return r, err
	}
	o := streetnet.Options{}
	switch kind {
	case "network-raw":
		o.Raw = true
	case "network-pyrosm":
		o = streetnet.Options{BothWays: true, Largest: true, Differ: []string{"maxspeed", "highway"}}
	}
	n, err := streetnet.Read(ctx, src, o)
	r.Seconds, r.Peak = time.Since(start).Seconds(), float64(peakMemory())/1e6
	if err != nil {
		return nil, err
	}
	r.Nodes, r.Edges, r.Lone = len(n.Nodes), len(n.Edges), n.Report.Lone
	if ways != "" {
		err = writeWays(ways, n)
	}
	return r, err
}

// decodeAll hands over every element with its tags.
func decodeAll(ctx context.Context, file string) error {
	look := func(tags extract.Tags) {
		for range tags.All() {
		}
	}
	return extract.Scan(ctx, file, extract.Handler{
		Node:     func(_ int64, _ orb.Point, tags extract.Tags) { look(tags) },
		Way:      func(_ int64, _ []int64, tags extract.Tags) { look(tags) },
		Relation: func(_ int64, _ []extract.Member, tags extract.Tags) { look(tags) },
	})
}

func writeWays(path string, n *streetnet.Network) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	for i := range n.Ways {
		fmt.Fprintln(w, n.Ways[i].ID)
	}
	return w.Flush()
}

// versions writes the peers with their versions.
func versions(of map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, name+" "+of[name])
	}
	return strings.Join(parts, ", ")
}
