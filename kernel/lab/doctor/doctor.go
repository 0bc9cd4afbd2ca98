package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"urbangraph/kernel/gofront"
	"urbangraph/kernel/lab"
)

// Level says how bad a finding is.
type Level string

// Levels.
const (
	OK   Level = "ok"
	Warn Level = "warn" // the kernel runs, but something is missing or slow
	Fail Level = "fail" // the kernel does not run
)

// Finding is the answer of one check.
type Finding struct {
	Check  string `json:"check"`
	Level  Level  `json:"level"`
	Detail string `json:"detail"`         // what was found
	Cure   string `json:"cure,omitempty"` // what to do about it, unless all is well
}

// Options say what to examine.
type Options struct {
	Layout lab.Layout
	Run    bool // also start the kernel and run cells in it
}

// setupCure is the cure of whatever the set-up makes.
const setupCure = "ugkernel setup (go run ./kernel/cmd/ugkernel setup)"

// exam is an examination: checks add to it what they find.
type exam struct {
	lab.Layout
	ctx      context.Context
	tool     gofront.Toolchain
	states   map[string]lab.State // of the steps of the set-up
	findings []Finding
}

// add adds a finding.
func (e *exam) add(check string, level Level, cure, format string, args ...any) {
	f := Finding{Check: check, Level: level, Detail: fmt.Sprintf(format, args...)}
	if level != OK {
		f.Cure = cure
	}
	e.findings = append(e.findings, f)
}

// Examine makes all checks, in the order in which one depends on another. Checks whose ground is missing
// are left out, as the first failure says what to do. It takes some seconds.
func Examine(ctx context.Context, o Options) []Finding {
	e := &exam{Layout: o.Layout, ctx: ctx}
	if e.golang() {
		e.settings()
		e.modules()
		e.steps()
		e.programs()
		e.caches()
	}
	e.python()
	e.kernelspecs()
	e.writable()
	e.space()
	e.temporary()
	e.loopback()
	e.processes()
	e.limits()
	if o.Run {
		e.run()
	}
	return e.findings
}

// Healthy reports whether no finding is a failure.
func Healthy(findings []Finding) bool {
	for _, f := range findings {
		if f.Level == Fail {
			return false
		}
	}
	return true
}

// Print writes a line for each finding.
func Print(w io.Writer, findings []Finding) error {
	width := 0
	for _, f := range findings {
		width = max(width, len(f.Check))
	}
	for _, f := range findings {
		line := fmt.Sprintf("%-4s  %-*s  %s", f.Level, width, f.Check, f.Detail)
		if f.Cure != "" {
			line += "; cure: " + f.Cure
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// PrintJSON writes {"ok": .., "checks": [..]}.
func PrintJSON(w io.Writer, findings []Finding) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		OK     bool      `json:"ok"`
		Checks []Finding `json:"checks"`
	}{Healthy(findings), findings})
}

// within returns a context for a part that must not take long.
func (e *exam) within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(e.ctx, d)
}
