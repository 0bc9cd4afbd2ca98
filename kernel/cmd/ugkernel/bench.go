package main

import (
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"urbangraph/kernel/bench"
	"urbangraph/kernel/lab"
)

// benchCommand times cells against GoNB with its defaults.
func benchCommand(repo *string) *cobra.Command {
	var (
		runs   int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Time notebook cells against GoNB with its defaults",
		Long: `Run the same cells in turn in this kernel and in an unmodified GoNB with its defaults, and print the
median times from the request to the end of the cell, and their ratio.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := layout(*repo)
			if err != nil {
				return err
			}
			ctx, cancel := interruptible(cmd.Context())
			defer cancel()
			if err := (&lab.Setup{Layout: l, Out: os.Stderr}).Run(ctx); err != nil {
				return err
			}
			rows, err := bench.Run(ctx, l, runs, os.Stderr)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(os.Stdout).Encode(rows)
			}
			return bench.Print(os.Stdout, rows)
		},
	}
	cmd.Flags().IntVarP(&runs, "runs", "n", 9, "timed runs of each cell")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON instead of a table")
	return cmd
}
