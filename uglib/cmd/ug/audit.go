package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"urbangraph/uglib/ugbench"
	"urbangraph/uglib/ugdata"
)

func newDataAudit(a *app, flags *dataFlags) *cobra.Command {
	var images, why bool
	cmd := &cobra.Command{
		Use:   "audit [DIR]",
		Short: "Measure how far the splits of a dataset are apart",
		Long: `Measure leakage between the splits of a dataset: what subgraphs, texts and images two of them
share, and how far apart they are. Numbers that must be 0 end the command with an error when
they are not; the others inform, and --why says what each means.

With DIR it measures a dataset that was made elsewhere, as far as it can be known: a folder of
tables (places.parquet ...) or of training files of the UGE reference (*.jsonl; the split is a
row's own or the beginning of the file's name) with the graphs that they name.

` + dataHelp,
		Example: "  ug data audit\n  ug data audit --why\n  ug data audit --json\n  ug data audit ./their-dataset --images",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var d *ugdata.Dataset
			var err error
			if len(args) == 1 {
				d, err = ugdata.OpenForAudit(cmd.Context(), args[0])
			} else {
				d, err = flags.open(cmd)
			}
			if err != nil {
				return err
			}
			if images {
				if err := d.HashImages(cmd.Context()); err != nil {
					return err
				}
			}
			audit, auditErr := d.Audit()
			r := &auditResult{Places: audit.Places, Known: audit.Known, Findings: audit.Findings(), audit: audit, why: why}
			if err := a.print(r, r.write); err != nil {
				return err
			}
			return auditErr
		},
	}
	cmd.Flags().BoolVar(&images, "images", false, "read image files that have no checksum or perceptual hash yet")
	cmd.Flags().BoolVar(&why, "why", false, "say what each number means")
	return cmd
}

// auditResult is [ugdata.Audit] as "ug data audit" says it.
type auditResult struct {
	Places   map[ugdata.Split]int `json:"places"`
	Known    ugdata.Coverage      `json:"known"`
	Findings []ugdata.Finding     `json:"findings"`

	audit ugdata.Audit
	why   bool
}

func (r *auditResult) write(w io.Writer) error {
	var f facts
	places := map[string]int{}
	for split, n := range r.Places {
		places[string(split)] = n
	}
	f.add("places", "%s", counts(places))
	if r.audit.Known.Cities > 0 {
		f.add("reach", "%.0f m from a place to the farthest node of its subgraph", float64(r.audit.MaxReach))
	}
	f.add("", "")
	if err := f.write(w); err != nil {
		return err
	}
	table := ugdata.AuditTable(r.audit)
	if err := ugbench.WriteText(w, table[0], table[1:]); err != nil {
		return err
	}
	if !r.why {
		return nil
	}
	why := map[string]string{}
	for _, x := range r.Findings {
		why[x.Name] = x.Why
	}
	for _, name := range slices.Sorted(maps.Keys(why)) {
		if _, err := fmt.Fprintf(w, "\n%s\n    %s\n", name, why[name]); err != nil {
			return err
		}
	}
	return nil
}
