package main

import (
	"os"

	"github.com/spf13/cobra"

	"urbangraph/kernel/lab/doctor"
)

// doctorCommand looks for what keeps the kernel from running.
func doctorCommand(repo *string) *cobra.Command {
	var runs, asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what keeps the kernel from running, and name the cure",
		Long: `Check what the kernel needs, one line each: Go and its settings, the module cache, GoNB, gopls, goimports,
the kernel's programs, caches, Python and its packages, kernelspecs, write access, space on disks, the
folder for temporary files, the loopback address, and more. Each line begins with ok, warn (the kernel runs,
but something is missing or slow) or fail (it does not run), and a warning or failure ends in its cure.
Nothing is repaired or changed. The exit status is 1 when a check failed.

With --run, also start the kernel as Jupyter does, run two small cells and tell how long they took.`,
		Example: `  ugkernel doctor
  ugkernel doctor --run
  ugkernel doctor --json | jq '.checks[] | select(.level != "ok")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := layout(*repo)
			if err != nil {
				return err
			}
			ctx, cancel := interruptible(cmd.Context())
			defer cancel()
			findings := doctor.Examine(ctx, doctor.Options{Layout: l, Run: runs})
			if ctx.Err() != nil {
				return ctx.Err()
			}
			show := doctor.Print
			if asJSON {
				show = doctor.PrintJSON
			}
			if err := show(os.Stdout, findings); err != nil {
				return err
			}
			if !doctor.Healthy(findings) {
				return exitStatus(1)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&runs, "run", false, "start the kernel and run cells, timing them")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON instead of lines")
	return cmd
}
