package main

import (
	"github.com/spf13/cobra"

	"urbangraph/kernel/launch"
)

// kernelCommand is what the kernelspec calls.
func kernelCommand(repo *string) *cobra.Command {
	var o launch.Options
	cmd := &cobra.Command{
		Use:   "kernel --connection FILE",
		Short: "Run a kernel (Jupyter calls this)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := layout(*repo)
			if err != nil {
				return err
			}
			o.Repo, o.State = l.Repo, l.State()
			code, err := launch.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			if code != 0 {
				return exitStatus(code)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Connection, "connection", "", "connection file of Jupyter")
	cmd.Flags().BoolVar(&o.HTMLErrors, "html-errors", false, "show compile errors as HTML")
	cmd.MarkFlagRequired("connection")
	return cmd
}
