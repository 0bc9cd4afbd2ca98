package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"urbangraph/uglib/ugbench"
)

// significant is the p below which two models are said to differ.
const significant = 0.01

// finding says what the numbers of one task in one region show, and what they
// do not: whether the first model is above chance, and whether the last is
// better than the first.
type finding struct {
	Task    ugbench.Task     `json:"task"`
	Region  ugbench.Region   `json:"region"`
	N       int              `json:"n"` // queries
	Model   string           `json:"model"`
	Hit5    ugbench.Estimate `json:"hit5"`
	Chance  float64          `json:"chance"`
	Verdict string           `json:"verdict"`

	Against *against `json:"against,omitempty"` // nil if there is one model alone
}

// against is the last model less the first.
type against struct {
	Model    string     `json:"model"`
	Hit5     float64    `json:"hit5_difference"`
	Interval [2]float64 `json:"hit5_interval"`
	P        float64    `json:"mcnemar_p"`
	Verdict  string     `json:"verdict"`
}

// findings reads a report.
func findings(report *ugbench.Report) []finding {
	list := []finding{}
	if len(report.Results) == 0 {
		return list
	}
	first, last := report.Results[0].Model, report.Results[len(report.Results)-1].Model
	for _, r := range report.Results {
		if r.Model != first {
			continue
		}
		x := finding{Task: r.Task, Region: r.Region, N: r.N, Model: first, Hit5: r.Metrics[ugbench.Hit5], Chance: r.Chance[ugbench.Hit5].Value}
		switch {
		case x.Hit5.Low > x.Chance:
			x.Verdict = "above chance"
		case x.Hit5.High < x.Chance:
			x.Verdict = "below chance"
		default:
			x.Verdict = "not told from chance"
		}
		for _, c := range report.Comparisons {
			if c.A != last || c.B != first || c.Task != r.Task || c.Region != r.Region {
				continue
			}
			x.Against = &against{Model: last, Hit5: c.Hit5, Interval: c.Hit5Interval, P: c.McNemar, Verdict: "no difference shown"}
			switch {
			case c.McNemar >= significant:
			case c.Hit5 > 0:
				x.Against.Verdict = "better"
			default:
				x.Against.Verdict = "worse"
			}
		}
		list = append(list, x)
	}
	slices.SortStableFunc(list, func(a, b finding) int { return byTask(a.Task, a.Region, b.Task, b.Region) })
	return list
}

// byTask orders tasks and regions as tables do.
func byTask(task ugbench.Task, region ugbench.Region, task2 ugbench.Task, region2 ugbench.Region) int {
	return cmp.Or(
		cmp.Compare(slices.Index(ugbench.Tasks, task), slices.Index(ugbench.Tasks, task2)),
		cmp.Compare(slices.Index(ugbench.Regions, region), slices.Index(ugbench.Regions, region2)),
	)
}

// findingsNote says how the words of the findings are meant.
const findingsNote = `"Above chance": the whole 95% interval is. "Better" and "worse": p < 0.01 by McNemar's exact test on the same queries, not corrected for the number of tests.`

// findingsTable lays findings out for reading.
func findingsTable(list []finding) (header []string, rows [][]string) {
	if len(list) == 0 {
		return nil, nil
	}
	header = []string{"Task", "Region", "n", "Chance", "Hit@5 of " + list[0].Model, ""}
	if x := list[0].Against; x != nil {
		header = append(header, x.Model+" less that", "p", "")
	}
	for _, x := range list {
		row := []string{string(x.Task), string(x.Region), fmt.Sprint(x.N), fmt.Sprintf("%.1f", 100*x.Chance),
			fmt.Sprintf("%.1f [%.1f, %.1f]", 100*x.Hit5.Value, 100*x.Hit5.Low, 100*x.Hit5.High), x.Verdict}
		if a := x.Against; a != nil {
			row = append(row, fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*a.Hit5, 100*a.Interval[0], 100*a.Interval[1]), fmt.Sprintf("%.2g", a.P), a.Verdict)
		}
		rows = append(rows, row)
	}
	return header, rows
}

// writeFindings writes findings for a terminal.
func writeFindings(w io.Writer, list []finding) error {
	if _, err := fmt.Fprint(w, "\nWhat this shows:\n"); err != nil {
		return err
	}
	header, rows := findingsTable(list)
	if err := ugbench.WriteText(w, header, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, findingsNote)
	return err
}

// title writes the first letter large.
func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// imageKinds says how the images of results came to be.
func imageKinds(results []*ugbench.Result) string {
	var kinds []string
	for _, r := range results {
		kinds = append(kinds, cmp.Or(r.Images, "of unknown origin"))
	}
	slices.Sort(kinds)
	return strings.Join(slices.Compact(kinds), ", ")
}
