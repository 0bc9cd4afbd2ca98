package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/uglib/ugbench"
)

// newBench is "ug bench".
func newBench(a *app) *cobra.Command {
	var runs runFlags
	var candidates, queries int
	var metrics []string
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the trained models (UGBench)",
		Long: `Build the benchmark of a dataset and measure stage 1 and stage 2 on it, training first what is
not trained: geolocation ranking (by full and by names-only location texts) and image
retrieval, with 95% intervals, a chance row, and paired tests of one model against another.

` + runHelp + "\n\n" + dataHelp,
		Example: `  ug bench
  ug bench --out ./results
  ug bench --candidates 100 --metrics Hit@1,Hit@10,MRR`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			spec, first, second, err := runs.specs(cmd)
			if err != nil {
				return err
			}
			if err := checkMetrics(metrics); err != nil {
				return err
			}
			bench := ugbench.For(spec)
			set(cmd.Flags().Changed("candidates"), &bench.Candidates, candidates)
			set(cmd.Flags().Changed("queries"), &bench.QueriesPerTask, queries)
			if bench.Candidates < 2 || bench.QueriesPerTask < 0 {
				return usagef("--candidates %d, --queries %d: want at least 2 candidates, and 0 (all) or more queries", bench.Candidates, bench.QueriesPerTask)
			}
			if out != "" && !force {
				if err := unwritten(out, resultsName, tableName); err != nil {
					return err
				}
			}
			if err := a.computes(); err != nil {
				return err
			}
			report, err := evaluate(cmd.Context(), ugbench.Models(bench, first, second))
			if err != nil {
				return err
			}
			if out != "" {
				if err := writeBench(out, report, metrics); err != nil {
					return err
				}
			}
			return a.print(report, func(w io.Writer) error {
				if err := writeReport(w, report, metrics); err != nil || out == "" {
					return err
				}
				_, err := fmt.Fprintf(w, "\nwrote %s and %s\n", filepath.Join(out, resultsName), filepath.Join(out, tableName))
				return err
			})
		},
	}
	runs.register(cmd)
	flags := cmd.Flags()
	flags.IntVar(&candidates, "candidates", 0, "candidates of a query (default 20)")
	flags.IntVar(&queries, "queries", 0, "most queries of a task and region, 0 for all (default 700)")
	flags.StringSliceVar(&metrics, "metrics", nil, "columns of the table, such as Hit@1,MRR (default Hit@1,Hit@5,NDCG@5,MRR)")
	flags.StringVar(&out, "out", "", "folder `DIR` for results.json and table.md")
	flags.BoolVar(&force, "force", false, "write over the files in --out")
	return cmd
}

// Files of results for people and programs.
const (
	resultsName = "results.json"
	tableName   = "table.md"
)

func checkMetrics(names []string) error {
	for _, name := range names {
		known := false
		for _, m := range ugbench.MetricNames {
			known = known || m == name
		}
		if !known {
			return usagef("no metric %q; there are %s", name, strings.Join(ugbench.MetricNames, ", "))
		}
	}
	return nil
}

// evaluate measures models and tests each against those before it. Tests are
// in the order of tables.
func evaluate(ctx context.Context, models []ugbench.RunSpec) (*ugbench.Report, error) {
	report, err := ugbench.Evaluate(ctx, models...)
	if err != nil {
		return nil, err
	}
	if len(report.Results) == 0 {
		return nil, errors.New("the benchmark has no queries: the dataset has no test and no held-out places; give more views (--count, --train NAME=VIEWS) or a city that training never sees (--held-out)")
	}
	slices.SortStableFunc(report.Comparisons, func(a, b ugbench.Comparison) int { return byTask(a.Task, a.Region, b.Task, b.Region) })
	return report, nil
}

// writeReport writes the tables of a report and what they show.
func writeReport(w io.Writer, report *ugbench.Report, metrics []string) error {
	header, rows := ugbench.Table(report.Results, metrics...)
	if err := ugbench.WriteText(w, header, rows); err != nil {
		return err
	}
	if _, err := fmt.Fprint(w, "\nPaired tests on the same queries:\n"); err != nil {
		return err
	}
	header, rows = ugbench.ComparisonTable(report.Comparisons)
	if err := ugbench.WriteText(w, header, rows); err != nil {
		return err
	}
	return writeFindings(w, findings(report))
}

// writeBench writes results.json and table.md into a folder.
func writeBench(dir string, report *ugbench.Report, metrics []string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var b strings.Builder
	header, rows := ugbench.Table(report.Results, metrics...)
	if err := ugbench.WriteMarkdown(&b, header, rows); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\nValues are percentages with 95%% intervals; images are %s.\n\n", imageKinds(report.Results))
	header, rows = ugbench.ComparisonTable(report.Comparisons)
	if err := ugbench.WriteMarkdown(&b, header, rows); err != nil {
		return err
	}
	b.WriteString("\n")
	header, rows = findingsTable(findings(report))
	if err := ugbench.WriteMarkdown(&b, header, rows); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n%s\n", findingsNote)
	if err := writeWhole(filepath.Join(dir, tableName), []byte(b.String())); err != nil {
		return err
	}
	return report.Write(filepath.Join(dir, resultsName))
}

// unwritten is an error if one of the files is in the folder already.
func unwritten(dir string, names ...string) error {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s is there already; give another --out, or --force to write over it", path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
