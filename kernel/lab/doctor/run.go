package doctor

import (
	"fmt"
	"os"
	"strings"
	"time"

	"urbangraph/kernel/client"
	"urbangraph/kernel/lab"
)

// slowCell is how long a small changed cell takes at most where nothing is wrong.
const slowCell = 2 * time.Second

// run starts the kernel as Jupyter does, runs cells in it and ends it.
func (e *exam) run() {
	const check = "run"
	const cure = "read the message; the checks above may name the reason, else " + setupCure + " --force"
	spec := e.Kernelspec(lab.KernelTitle)
	if err := spec.Check(); err != nil {
		e.add(check, Fail, setupCure, "%s", oneLine(err.Error()))
		return
	}
	dir, err := os.MkdirTemp("", "ugkernel-doctor-")
	if err != nil {
		e.add(check, Fail, cure, "%v", err)
		return
	}
	defer os.RemoveAll(dir)
	ctx, cancel := e.within(3 * time.Minute)
	defer cancel()
	start := time.Now()
	// Cells of the doctor are not for the history of the user.
	k, err := client.Start(ctx, spec.Argv, append(os.Environ(), "UG_HISTORY=off"), dir)
	if err != nil {
		e.add(check, Fail, cure, "the kernel does not start: %s", oneLine(err.Error()))
		return
	}
	started := time.Since(start)
	defer k.Close()
	e.add(check, OK, "", "the kernel started in %s", milliseconds(started))
	for i, what := range []string{"the first cell", "a changed cell"} {
		want := fmt.Sprintf("cell %d", time.Now().UnixNano())
		start := time.Now()
		r, err := k.Execute(ctx, fmt.Sprintf("import \"fmt\"\n\n%%%%\nfmt.Println(%q)", want), client.Options{})
		took := time.Since(start)
		switch {
		case err != nil:
			e.add(check, Fail, cure, "%s did not end: %s", what, oneLine(err.Error()))
			return
		case r.Reply.Status != "ok":
			e.add(check, Fail, cure, "%s failed: %s", what, oneLine(r.Reply.EValue))
			return
		case !printed(r, want):
			e.add(check, Fail, cure, "%s printed something else than %q", what, want)
			return
		case i > 0 && took > slowCell:
			e.add(check, Warn, "see whether other programs keep the machine busy, and whether "+e.State()+" and the build cache lie on a slow disk", "%s took %s", what, milliseconds(took))
		default:
			e.add(check, OK, "", "%s ran in %s", what, milliseconds(took))
		}
	}
	if err := k.Close(); err != nil {
		e.add(check, Warn, "tell its authors", "the kernel did not end well: %s", oneLine(err.Error()))
	}
}

// printed reports whether a cell has printed a line.
func printed(r *client.Result, want string) bool {
	var b strings.Builder
	for _, o := range r.Outputs {
		if o.Type == "stream" {
			b.WriteString(o.Text)
		}
	}
	return strings.TrimSpace(b.String()) == want
}

// milliseconds is a duration for people.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
