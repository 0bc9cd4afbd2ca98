// Package labtest runs notebooks in tests.
package labtest

import (
	"os"
	"sync"
	"testing"

	"urbangraph/kernel/lab"
)

// Execute runs notebooks as [lab.Execute] does, with progress in the test's log, and returns the results
// and the joined errors of failing cells. The executed notebooks go to a folder of the test unless o.Out
// names one. Without a Python or a package index the test is skipped with the reason, unless the
// environment says CI=true; any other failure of the set-up fails it.
func Execute(t testing.TB, o lab.Options) ([]lab.Result, error) {
	t.Helper()
	if o.Out == "" {
		o.Out = t.TempDir()
	}
	if o.Progress == nil {
		o.Progress = &log{t: t}
	}
	results, err := lab.Execute(t.Context(), o)
	if results == nil && err != nil {
		Unavailable(t, err)
	}
	return results, err
}

// Unavailable ends a test whose set-up failed: skipped when the machine lacks Python or the package
// index, failed otherwise and always with CI=true.
func Unavailable(t testing.TB, err error) {
	t.Helper()
	if lab.IsUnavailable(err) && os.Getenv("CI") != "true" {
		t.Skip("notebooks cannot run on this machine: ", err)
	}
	t.Fatal(err)
}

// log writes whole lines to the log of a test.
type log struct {
	t    testing.TB
	mu   sync.Mutex
	line []byte
}

// Write logs each line that is complete.
func (l *log) Write(p []byte) (int, error) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range p {
		if b != '\n' {
			l.line = append(l.line, b)
			continue
		}
		l.t.Log(string(l.line))
		l.line = l.line[:0]
	}
	return len(p), nil
}
