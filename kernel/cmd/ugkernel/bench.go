package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"urbangraph/kernel/bench"
	"urbangraph/kernel/lab"
)

// benchCommand times the kernel against GoNB with its defaults, and tries what it bears.
func benchCommand(repo *string) *cobra.Command {
	var (
		runs, cells, megabytes, kills int
		asJSON, soak                  bool
	)
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the kernel against GoNB with its defaults",
		Long: `Run the same cells in turn in this kernel and in an unmodified GoNB with its defaults, and print the
median times from the request to the end of the cell, their range, and the ratio.

With --soak, show instead what the kernel bears: many cells in a row, one cell that prints very much, and
its processes being killed at random. The exit status is 1 when something was lost.`,
		Example: `  ugkernel bench -n 15
  ugkernel bench --soak --cells 1000 --megabytes 100 --kills 200`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := layout(*repo)
			if err != nil {
				return err
			}
			ctx, cancel := interruptible(cmd.Context())
			defer cancel()
			if err := (&lab.Setup{Layout: l, NoPython: true, Out: os.Stderr}).Run(ctx); err != nil {
				return err
			}
			b, err := bench.New(ctx, l, os.Stderr)
			if err != nil {
				return err
			}
			defer b.Close()
			if soak {
				return b.Soak(ctx, os.Stdout, cells, megabytes, kills)
			}
			rows, err := b.Cells(ctx, runs)
			if err != nil {
				return err
			}
			start, err := b.Start(ctx, runs)
			if err != nil {
				return err
			}
			overhead, err := b.Overhead(ctx, 5*runs)
			if err != nil {
				return err
			}
			return print(os.Stdout, append(rows, start, overhead), asJSON)
		},
	}
	f := cmd.Flags()
	f.IntVarP(&runs, "runs", "n", 15, "timed runs of each cell")
	f.BoolVar(&asJSON, "json", false, "print JSON instead of a table")
	f.BoolVar(&soak, "soak", false, "try what the kernel bears")
	f.IntVar(&cells, "cells", 1000, "cells in a row, with --soak")
	f.IntVar(&megabytes, "megabytes", 100, "output of one cell, with --soak")
	f.IntVar(&kills, "kills", 200, "processes to kill, with --soak")
	return cmd
}

// print prints rows.
func print(w io.Writer, rows []bench.Row, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(rows)
	}
	if err := bench.Print(w, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "ratio: time of this kernel as a part of GoNB's; times are medians, with their range")
	return err
}
