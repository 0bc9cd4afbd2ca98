package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"urbangraph/kernel/lab"
)

// labCommand opens JupyterLab, or runs notebooks without it.
func labCommand(repo *string) *cobra.Command {
	var (
		execute, noBrowser, force bool
		port                      int
		out, python               string
		timeout                   time.Duration
	)
	cmd := &cobra.Command{
		Use:   "lab [notebook...]",
		Short: "Set everything up and open JupyterLab, or run notebooks headless",
		Long: `Set up what is missing (a Python environment with JupyterLab in .venv, the Go tools and the kernel
in .ug, a warm build cache), then open JupyterLab on the project's notebooks. The first run takes some
minutes, later ones seconds.

With --execute, run the notebooks without a browser instead: all of them, or those named by file, folder,
pattern or plain name (01-ugdata). Each is written to --out, executed, as a notebook and as HTML. The exit
status is 1 when a cell failed.`,
		Example: `  ugkernel lab
  ugkernel lab --no-browser --port 8890              then open the printed address, also through ssh -L
  ugkernel lab --execute --out executed 01-ugdata 02-training`,
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := layout(*repo)
			if err != nil {
				return err
			}
			if !execute && len(args) > 0 {
				return errors.New("notebooks are named only together with --execute; JupyterLab opens on all of them")
			}
			if timeout < time.Second {
				return fmt.Errorf("--timeout %s is too short, name at least 1s", timeout)
			}
			if execute {
				ctx, cancel := interruptible(cmd.Context())
				defer cancel()
				start := time.Now()
				results, err := lab.Execute(ctx, lab.Options{Layout: l, Notebooks: args, Out: out, Timeout: timeout,
					Python: python, Progress: os.Stdout})
				if err != nil {
					return err
				}
				fmt.Printf("%d notebooks, all cells ran, %.1f s\n", len(results), time.Since(start).Seconds())
				return nil
			}
			setup := &lab.Setup{Layout: l, Python: python, Out: os.Stdout, Force: force}
			ctx, cancel := interruptible(cmd.Context())
			err = setup.Run(ctx)
			cancel()
			if err != nil {
				return err
			}
			// From here on an interrupt is for JupyterLab, which asks whether it is meant.
			ctx, cancel = signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGHUP)
			defer cancel()
			return lab.Server{Layout: l, Port: port, NoBrowser: noBrowser}.Run(ctx)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&execute, "execute", false, "run notebooks headless instead of opening JupyterLab")
	f.StringVar(&out, "out", "executed", "folder for the executed notebooks and HTML, with --execute")
	f.DurationVar(&timeout, "timeout", lab.DefaultTimeout, "longest time of one cell, with --execute")
	f.IntVar(&port, "port", 0, "port of JupyterLab (default: the first free one from 8888)")
	f.BoolVar(&noBrowser, "no-browser", false, "do not open a browser, only print the address")
	addSetupFlags(cmd, &python, &force)
	return cmd
}

// setupCommand only sets up.
func setupCommand(repo *string) *cobra.Command {
	var (
		force  bool
		python string
	)
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Set everything up and stop there",
		Long: `Make what the notebooks need, step by step, where it is missing or older than its sources: the Python
environment in .venv, GoNB, goimports and gopls, the kernel and its kernelspec, and a warm build cache. A
second run takes a second. Two runs at the same time do not disturb each other.

Without a network, pip is pointed to a folder of wheels (PIP_FIND_LINKS with PIP_NO_INDEX=1) and Go to a
module cache that is filled (go mod download).`,
		Example: `  ugkernel setup
  ugkernel setup --python /usr/bin/python3.12
  ugkernel setup --force                      everything again`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := layout(*repo)
			if err != nil {
				return err
			}
			ctx, cancel := interruptible(cmd.Context())
			defer cancel()
			return (&lab.Setup{Layout: l, Python: python, Out: os.Stdout, Force: force}).Run(ctx)
		},
	}
	addSetupFlags(cmd, &python, &force)
	return cmd
}

// addSetupFlags adds the flags of all commands that set up.
func addSetupFlags(cmd *cobra.Command, python *string, force *bool) {
	cmd.Flags().StringVar(python, "python", "", "Python 3.11 or newer to make the environment with (default: looked for)")
	cmd.Flags().BoolVar(force, "force", false, "set everything up again")
}
