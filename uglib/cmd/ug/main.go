// Command ug is urbangraph on the command line: cities, street views, datasets,
// training, benchmarks, and the artefacts that they leave.
//
//	ug city wilmington
//	ug views wilmington --count 400
//	ug data build
//	ug train
//	ug bench
//	ug demo
//	ug ls
//
// Results go to standard output, as text or, with --json, as JSON; progress and
// errors go to standard error. The exit status is 0 on success, 1 when something
// went wrong, 2 for a wrong command line, 3 if some inputs were left out and 130 after an interrupt. Products are
// kept under $UG_HOME, so that a command that is repeated takes milliseconds
// and one that was interrupted goes on where it can.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const (
	exitFailure   = 1
	exitUsage     = 2
	exitSkipped   = 3
	exitInterrupt = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run carries out one command line and returns the exit status.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	a := &app{out: out, errOut: errOut}
	defer a.close()
	root := newRoot(a)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	a.close()
	if err == nil {
		return 0
	}
	// Nothing can be done about a standard error that cannot be written.
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintln(errOut, "ug: interrupted; the same command again opens what is finished and resumes the rest")
		return exitInterrupt
	}
	_, _ = fmt.Fprintln(errOut, "ug:", err)
	switch {
	case !a.started || errors.As(err, new(usageError)):
		_, _ = fmt.Fprintf(errOut, "Run \"%s --help\" for usage.\n", cmd.CommandPath())
		return exitUsage
	case errors.As(err, new(skippedError)):
		return exitSkipped
	}
	return exitFailure
}

// usageError is an error of the command line, not of the work.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }
