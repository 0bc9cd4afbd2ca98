package main

import (
	"os"

	"github.com/spf13/cobra"

	"urbangraph/kernel/server"
)

// kernelCommand is what the kernelspec calls.
func kernelCommand(repo *string) *cobra.Command {
	var connection string
	cmd := &cobra.Command{
		Use:   "kernel --connection FILE",
		Short: "Run a kernel (Jupyter calls this)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := layout(*repo)
			if err != nil {
				return err
			}
			return server.Run(cmd.Context(), server.Options{Connection: connection, Repo: l.Repo, State: l.State(), Version: version(), Log: os.Stderr})
		},
	}
	cmd.Flags().StringVar(&connection, "connection", "", "connection file of Jupyter")
	cmd.MarkFlagRequired("connection")
	return cmd
}
