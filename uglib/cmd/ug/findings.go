package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"urbangraph/uglib/ugbench"
)

// significant is the p below which two models are said to differ.
const significant = 0.01

// findings says in words what the numbers of a report show, and what they do
// not: whether the first model is above chance with its whole interval, and
// whether the last is better than the first by a paired test.
func findings(report *ugbench.Report) []string {
	var lines []string
	if len(report.Results) == 0 {
		return lines
	}
	first, last := report.Results[0].Model, report.Results[len(report.Results)-1].Model
	for _, r := range report.Results {
		if r.Model != first {
			continue
		}
		hit, chance := r.Metrics[ugbench.Hit5], r.Chance[ugbench.Hit5].Value
		verdict := "not told from chance"
		switch {
		case hit.Low > chance:
			verdict = "above chance with its whole interval"
		case hit.High < chance:
			verdict = "below chance with its whole interval"
		}
		lines = append(lines, fmt.Sprintf("%s, %s: %q reaches Hit@5 %.1f%% [%.1f, %.1f] over %d queries, chance is %.1f%%: %s.",
			title(string(r.Task)), r.Region, r.Model, 100*hit.Value, 100*hit.Low, 100*hit.High, r.N, 100*chance, verdict))
	}
	for _, c := range report.Comparisons {
		if c.A != last || c.B != first || first == last {
			continue
		}
		verdict := "no difference is shown"
		if c.McNemar < significant {
			verdict = "better"
			if c.Hit5 < 0 {
				verdict = "worse"
			}
		}
		lines = append(lines, fmt.Sprintf("%s, %s: %q less %q is %+.1f points [%+.1f, %+.1f] of Hit@5 (exact McNemar test, p = %.2g): %s.",
			title(string(c.Task)), c.Region, c.A, c.B, 100*c.Hit5, 100*c.Hit5Interval[0], 100*c.Hit5Interval[1], c.McNemar, verdict))
	}
	return lines
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
