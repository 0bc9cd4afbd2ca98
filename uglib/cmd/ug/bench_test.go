package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/uglib/ugbench"
)

// checkResults checks that the numbers of a table are possible ones.
func checkResults(t *testing.T, results []*ugbench.Result) {
	t.Helper()
	for _, r := range results {
		if err := r.Metrics.Check(); err != nil {
			t.Errorf("%s, %s: %v", r.Model, r.Task, err)
		}
		hit, chance := r.Metrics[ugbench.Hit5], r.Chance[ugbench.Hit5].Value
		if !(0 <= hit.Low && hit.Low <= hit.Value && hit.Value <= hit.High && hit.High <= 1) || hit.High-hit.Low < 0.01 {
			t.Errorf("%s, %s: Hit@5 = %+v", r.Model, r.Task, hit)
		}
		if r.Metrics[ugbench.NDCG5].Value > hit.Value || r.Metrics[ugbench.Hit1].Value > hit.Value {
			t.Errorf("%s, %s: NDCG@5 or Hit@1 above Hit@5", r.Model, r.Task)
		}
		if want := 5 / float64(r.Candidates[1]); !(chance >= want-1e-9 && chance <= 5/float64(r.Candidates[0])+1e-9) {
			t.Errorf("%s, %s: chance of Hit@5 = %v with %v candidates", r.Model, r.Task, chance, r.Candidates)
		}
		if r.N == 0 || r.Images != "rendered" || len(r.Artefacts) == 0 {
			t.Errorf("%s, %s: %d queries, images %q, artefacts %v", r.Model, r.Task, r.N, r.Images, r.Artefacts)
		}
	}
}

func TestBench(t *testing.T) {
	with := inSharedHome(t)
	dir := filepath.Join(t.TempDir(), "a", "b")
	report := mustJSON[ugbench.Report](t, with("bench", "--out", dir)...)
	if len(report.Results) != 9 || len(report.Comparisons) != 9 { // 3 models and 3 pairs of them, 3 tasks, one region
		t.Fatalf("%d results, %d comparisons", len(report.Results), len(report.Comparisons))
	}
	checkResults(t, report.Results)
	for _, c := range report.Comparisons {
		if !(c.McNemar > 0 && c.McNemar <= 1) || !(c.Permutation > 0 && c.Permutation <= 1) || c.A == c.B {
			t.Errorf("comparison = %+v", c)
		}
	}
	again, err := ugbench.ReadReport(filepath.Join(dir, "results.json"))
	if err != nil || len(again.Results) != 9 || again.Results[0].Checksum != report.Results[0].Checksum {
		t.Errorf("results.json: %v", err)
	}
	table, err := os.ReadFile(filepath.Join(dir, "table.md"))
	for _, want := range []string{"| chance |", "| geolocation |", "stage 2, graph and image", "McNemar", "rendered", "Above chance"} {
		if err != nil || !strings.Contains(string(table), want) {
			t.Errorf("table.md: %v, no %q in\n%s", err, want, table)
		}
	}
	if code, _, errOut := ug(t, with("bench", "--out", dir)...); code != exitFailure || !strings.Contains(errOut, "--force") {
		t.Errorf("over old results: status %d: %s", code, errOut)
	}
	code, out, errOut := ug(t, with("bench", "--out", dir, "--force", "--metrics", "Hit@10")...)
	for _, want := range []string{"Hit@10", "chance", "Paired tests", "What this shows", "wrote " + dir} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("status %d, no %q in\n%s%s", code, want, out, errOut)
		}
	}
	few := mustJSON[ugbench.Report](t, with("bench", "--candidates", "4", "--queries", "3")...)
	for _, r := range few.Results {
		if r.N != 3 || r.Candidates[1] > 4 {
			t.Errorf("%s: %d queries of %v candidates, want 3 of 4", r.Task, r.N, r.Candidates)
		}
	}
}

func TestFindings(t *testing.T) {
	result := func(model string, task ugbench.Task, low, value, high float64) *ugbench.Result {
		return &ugbench.Result{Model: model, Task: task, Region: ugbench.TrainingCities, N: 100,
			Metrics: ugbench.Metrics{ugbench.Hit5: {Value: value, Low: low, High: high}},
			Chance:  ugbench.Metrics{ugbench.Hit5: {Value: 0.25}}}
	}
	compare := func(task ugbench.Task, diff, p float64) ugbench.Comparison {
		return ugbench.Comparison{A: "second", B: "first", Task: task, Region: ugbench.TrainingCities, Hit5: diff, McNemar: p}
	}
	report := &ugbench.Report{
		Results: []*ugbench.Result{
			result("first", ugbench.Retrieval, 0.1, 0.15, 0.2), result("first", ugbench.Geolocation, 0.3, 0.4, 0.5), result("first", ugbench.GeolocationNames, 0.2, 0.3, 0.4),
			result("second", ugbench.Retrieval, 0.1, 0.15, 0.2), result("second", ugbench.Geolocation, 0.3, 0.4, 0.5), result("second", ugbench.GeolocationNames, 0.2, 0.3, 0.4),
		},
		Comparisons: []ugbench.Comparison{compare(ugbench.Geolocation, 0.2, 0.009), compare(ugbench.GeolocationNames, 0.1, 0.02), compare(ugbench.Retrieval, -0.2, 0.001)},
	}
	list := findings(report)
	want := [][2]string{{"above chance", "better"}, {"not told from chance", "no difference shown"}, {"below chance", "worse"}}
	for i, w := range want {
		if len(list) != 3 || list[i].Task != ugbench.Tasks[i] || list[i].Verdict != w[0] || list[i].Against == nil || list[i].Against.Verdict != w[1] {
			t.Fatalf("findings = %+v, want %v", list, want)
		}
	}
	header, rows := findingsTable(list)
	if len(rows) != 3 || len(rows[0]) != len(header) {
		t.Errorf("table of %d columns: %v", len(header), rows)
	}
	if list := findings(&ugbench.Report{}); len(list) != 0 {
		t.Errorf("findings of nothing = %v", list)
	}
	alone := findings(&ugbench.Report{Results: report.Results[:1]})
	if header, rows := findingsTable(alone); len(alone) != 1 || alone[0].Against != nil || len(rows[0]) != len(header) {
		t.Errorf("findings of one model = %+v", alone)
	}
}
