package plots

import (
	"fmt"

	"urbangraph/uglib/ugbench"
)

// Hits returns the bars of Hit@1, 3, 5 and 10 of results on one set of
// queries, with 95% intervals and the level that guessing reaches.
func Hits(results ...*ugbench.Result) *BarFigure {
	names := []string{ugbench.Hit1, ugbench.Hit3, ugbench.Hit5, ugbench.Hit10}
	groups := make([]Group, len(results))
	for i, r := range results {
		groups[i].Name = r.Model
		for _, name := range names {
			e := r.Metrics[name]
			groups[i].Values = append(groups[i].Values, Interval{Value: e.Value, Low: e.Low, High: e.High})
		}
	}
	f := Bars(names, groups...).Percent().Labels("", "queries")
	if len(results) == 0 {
		return f.Title("no results")
	}
	var chance []float64
	for _, name := range names {
		chance = append(chance, results[0].Chance[name].Value)
	}
	r := results[0]
	return f.Chance(chance...).
		Title(fmt.Sprintf("%s, %s", r.Task, r.Region)).
		Subtitle(fmt.Sprintf("%d queries, %d candidates each, %s street views; 95%% intervals", r.N, r.Candidates[1], r.Images))
}
