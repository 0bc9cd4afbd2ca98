// Command ugkernel sets up and runs the project's notebooks.
//
//	go run ./kernel/cmd/ugkernel lab             set everything up and open JupyterLab
//	go run ./kernel/cmd/ugkernel lab --execute   run all notebooks without a browser
//	go run ./kernel/cmd/ugkernel install         use the kernel in VS Code and in JupyterLab of your own
//	go run ./kernel/cmd/ugkernel doctor --run    what keeps it from running, and the cure
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"urbangraph/kernel/lab"
)

// exitStatus is an error that only sets the exit status: what it is about has been said.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	os.Exit(run(os.Args[1:]))
}

// run carries out one command line and returns the exit status.
func run(args []string) int {
	root := &cobra.Command{
		Use:   "ugkernel",
		Short: "Set up and run the notebooks of urbangraph",
		Long: `Set up and run the notebooks of urbangraph, in JupyterLab, in other clients of Jupyter, and without one.

In a clone, "ugkernel" stands for "go run ./kernel/cmd/ugkernel"; the set-up also puts it into .ug/bin.`,
		Example: `  ugkernel lab                       set everything up and open JupyterLab on the project's notebooks
  ugkernel lab --execute             run all notebooks, write them as HTML
  ugkernel install                   use the kernel in your own JupyterLab, in VS Code, in a terminal
  ugkernel doctor --run              what is wrong, and what to do about it`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	repo := root.PersistentFlags().String("repo", ".", "a folder in the clone of the project")
	root.AddCommand(labCommand(repo), setupCommand(repo), installCommand(repo), uninstallCommand(),
		doctorCommand(repo), kernelCommand(repo), benchCommand(repo))
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "interrupted")
		return 130
	default:
		fmt.Fprintln(os.Stderr, "ugkernel:", err)
		return 1
	}
}

// interruptible returns a context that ends with an interrupt or a request to end.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// layout finds the clone, and its Go where PATH has none.
func layout(repo string) (lab.Layout, error) {
	l, err := lab.FindLayout(repo)
	if err == nil {
		l.ExtendPath()
	}
	return l, err
}
