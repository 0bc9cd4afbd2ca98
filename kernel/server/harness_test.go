package server_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"urbangraph/kernel/client"
	"urbangraph/kernel/lab"
	"urbangraph/kernel/lab/labtest"
)

// setUp builds the kernel's tools, once for all tests.
var setUp = sync.OnceValues(func() (lab.Layout, error) {
	l, err := lab.FindLayout(".")
	if err != nil {
		return l, err
	}
	return l, (&lab.Setup{Layout: l, NoPython: true}).Run(context.Background())
})

// longest is the time that any one cell of the tests may take; the first one may have to build packages.
const longest = 3 * time.Minute

// book is a kernel as a test uses it.
type book struct {
	*client.Kernel
	t   testing.TB
	dir string // its working folder
}

// open starts a kernel that ends with the test.
func open(t testing.TB, env ...string) *book {
	t.Helper()
	if testing.Short() {
		t.Skip("starts kernels")
	}
	l, err := setUp()
	if err != nil {
		labtest.Unavailable(t, err)
	}
	dir := t.TempDir()
	env = append(append(os.Environ(), "UG_HISTORY="+filepath.Join(dir, "history.jsonl")), env...)
	k, err := client.Start(within(t, longest), []string{filepath.Join(l.Bin(), "ugkernel"), "kernel", "--repo", l.Repo, "--connection", "{connection_file}"}, env, dir)
	if err != nil {
		t.Fatal(err)
	}
	b := &book{Kernel: k, t: t, dir: dir}
	t.Cleanup(func() {
		log := k.Log()
		if err := k.Close(); err != nil {
			t.Error(err)
		}
		if strings.Contains(log, "DATA RACE") || strings.Contains(log, "panic") { // the kernel may be built with -race
			t.Error("the kernel is at fault, see its log")
		}
		if t.Failed() {
			t.Logf("log of the kernel:\n%s", log)
		}
		for _, p := range k.Problems() {
			t.Errorf("the kernel sent what it should not: %v", p)
		}
	})
	return b
}

// within is the context of a test with a limit.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// run runs a cell.
func (b *book) run(code string) *client.Result {
	b.t.Helper()
	return b.runWith(code, client.Options{NoStdin: true})
}

// runWith runs a cell with options.
func (b *book) runWith(code string, o client.Options) *client.Result {
	b.t.Helper()
	r, err := b.Execute(within(b.t, longest), code, o)
	if err != nil {
		b.t.Fatalf("%q: %v", code, err)
	}
	return r
}

// ok runs a cell that must end well and returns what it showed, see [shown].
func (b *book) ok(code string) string {
	b.t.Helper()
	r := b.run(code)
	if r.Reply.Status != "ok" {
		b.t.Fatalf("%q: %s: %s\n%s", code, r.Reply.EName, r.Reply.EValue, strings.Join(r.Reply.Traceback, "\n"))
	}
	return shown(r)
}

// want runs a cell that must end well and show something.
func (b *book) want(code, output string) {
	b.t.Helper()
	if got := b.ok(code); got != output {
		b.t.Errorf("%q shows %q, want %q", code, got, output)
	}
}

// fails runs a cell that must fail, by one error message, and returns its name, value and traceback.
func (b *book) fails(code string) (name, value, traceback string) {
	b.t.Helper()
	r := b.run(code)
	if r.Reply.Status != "error" {
		b.t.Fatalf("%q ended with %s: %s", code, r.Reply.Status, shown(r))
	}
	var errors int
	for _, o := range r.Outputs {
		if o.Type == "error" {
			errors++
		}
	}
	if errors != 1 {
		b.t.Errorf("%q sent %d errors", code, errors)
	}
	return r.Reply.EName, r.Reply.EValue, strings.Join(r.Reply.Traceback, "\n")
}

// shown writes the outputs of a cell as one text: "out:", "err:" and "=" before streams and the result,
// "[mime types]" for displays; streams that follow each other are joined, and | stands between the rest.
func shown(r *client.Result) string {
	var parts []string
	add := func(tag, text string) {
		if n := len(parts); n > 0 && strings.HasPrefix(parts[n-1], tag) && strings.HasSuffix(tag, ":") {
			parts[n-1] += text
			return
		}
		parts = append(parts, tag+text)
	}
	for _, o := range r.Outputs {
		switch o.Type {
		case "stream":
			add(strings.TrimPrefix(o.Name, "std")+":", o.Text)
		case "execute_result":
			add("=", fmt.Sprint(o.Data["text/plain"]))
		case "error":
			add("error ", "")
		case "clear_output":
			add("clear", "")
		default:
			var mimes []string
			for m := range o.Data {
				mimes = append(mimes, m)
			}
			slices.Sort(mimes)
			kind := ""
			if o.Type == "update_display_data" {
				kind = "update "
			}
			add("["+kind+strings.Join(mimes, " ")+"]", "")
		}
	}
	return strings.Join(parts, "|")
}

// eventually waits until a condition holds.
func eventually(t testing.TB, d time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %s", what, d)
		}
	}
}
