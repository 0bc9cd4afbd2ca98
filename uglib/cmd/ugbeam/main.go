// Command ugbeam builds a dataset (UGData) as an Apache Beam pipeline: over many
// cities, on one machine or on a cluster, with the same bytes as "ug data build".
// See "ugbeam --help", and package uglib/ugdata/beam for what the steps do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

const (
	exitFailure   = 1
	exitUsage     = 2
	exitInterrupt = 130
)

func main() {
	if isWorker(os.Args[1:]) {
		flag.Parse()
		beam.Init() // serves the runner, and does not return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// isWorker reports whether a runner has started the program to do the work.
func isWorker(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool {
		name, value, has := strings.Cut(strings.TrimLeft(a, "-"), "=")
		return strings.HasPrefix(a, "-") && name == "worker" && (!has || value == "true")
	})
}

// run carries out one command line and returns the exit status.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	cmd := newRoot()
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(errOut)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	// Nothing can be done about a standard error that cannot be written.
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintln(errOut, "ugbeam: interrupted; the same command again goes on with the parts that are there")
		return exitInterrupt
	}
	_, _ = fmt.Fprintln(errOut, "ugbeam:", err)
	if errors.As(err, new(usageError)) {
		_, _ = fmt.Fprintln(errOut, `Run "ugbeam --help" for usage.`)
		return exitUsage
	}
	return exitFailure
}

// usageError is an error of the command line, not of the work.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }
