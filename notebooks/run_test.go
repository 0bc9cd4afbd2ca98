package notebooks_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"urbangraph/kernel/lab"
	"urbangraph/kernel/lab/labtest"
	"urbangraph/uglib/store"
	"urbangraph/uglib/ugbench"
)

// full says that the notebooks run in their default size, which takes some ten
// minutes; otherwise UG_FAST=1 makes them small.
var full = os.Getenv("UG_FULL") == "1"

// TestNotebooks runs the notebooks from an empty store and checks what they
// display; then it runs them again, which must build nothing.
func TestNotebooks(t *testing.T) {
	if testing.Short() {
		t.Skip("runs all notebooks")
	}
	home := t.TempDir()
	env := []string{"UG_HOME=" + home, "UG_FAST=1"}
	if full {
		env[1] = "UG_FAST=0"
	}
	files, err := filepath.Glob("*.ipynb")
	if err != nil || len(files) != 3 {
		t.Fatalf("notebooks: %v, %v; want three", files, err)
	}
	run := func() map[string]*lab.Notebook {
		results, err := labtest.Execute(t, lab.Options{Notebooks: files, Env: env})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]*lab.Notebook{}
		for _, r := range results {
			out[filepath.Base(r.Path)] = r.Notebook
		}
		return out
	}
	first := run()
	checkData(t, first["01-ugdata.ipynb"])
	checkTraining(t, first["02-training.ipynb"])
	checkBench(t, first["03-ugbench.ipynb"])
	checkResults(t, home)
	if t.Failed() {
		return
	}
	before := artefacts(t, home)
	run()
	for key, created := range artefacts(t, home) {
		if was, ok := before[key]; !ok || was != created {
			t.Errorf("the second run built %s", key)
		}
	}
}

// artefacts are the artefacts of a store with the time of their making.
func artefacts(t *testing.T, home string) map[string]string {
	t.Helper()
	list, err := store.At(home).List()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, a := range list {
		out[a.Ref().String()] = a.Manifest.Created.String()
	}
	if len(out) < 8 { // cities, views, dataset, tokenizer, two runs, bench, results
		t.Fatalf("the store holds %d artefacts: %v", len(out), out)
	}
	return out
}

// shown returns all that a notebook displayed of a MIME type.
func shown(n *lab.Notebook, mime string) (all []string) {
	for _, c := range n.Cells {
		all = append(all, c.Displayed(mime)...)
	}
	return all
}

func text(n *lab.Notebook) string {
	var b strings.Builder
	for _, c := range n.Cells {
		b.WriteString(c.Stdout())
	}
	return b.String() + strings.Join(shown(n, "text/plain"), "\n")
}

// maps counts the interactive maps that carry their still twin, and need no
// network.
func maps(n *lab.Notebook) (count int) {
	for _, html := range shown(n, "text/html") {
		if strings.Contains(html, "<iframe sandbox=\"allow-scripts\"") && strings.Contains(html, "data:image/png;base64,") && strings.Contains(html, "L.map") {
			count++
		}
	}
	return count
}

func checkData(t *testing.T, n *lab.Notebook) {
	if got := maps(n); got != 6 {
		t.Errorf("01-ugdata shows %d maps, want 6: city, views, coverage, density, inspector, splits", got)
	}
	if got := len(shown(n, "image/png")); got < 6+5 {
		t.Errorf("01-ugdata shows %d still pictures, want 6 maps, node classes and 4 histograms at least", got)
	}
	out := text(n)
	for _, want := range []string{
		"Nodes and edges of Wilmington", "United States", "Street with a view", "0 without one",
		"caption:", "Facing ", "path:", ", nearest, ", "You can reach ", "effective kinds of destination",
		"cities held out and trained on", `"pair_type":"stage2_image_graph"`, "## Licence", "ODbL",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("01-ugdata does not say %q", want)
		}
	}
	if html := strings.Join(shown(n, "text/html"), ""); !strings.Contains(html, "rendered, not photographs") {
		t.Error("01-ugdata does not say that the views are rendered")
	} else if !strings.Contains(html, "ug-inspect") || !strings.Contains(html, "Path 1 (SRP)") {
		t.Error("01-ugdata does not show the inspector with its paths")
	}
}

func checkTraining(t *testing.T, n *lab.Notebook) {
	curves := 0
	for _, plain := range shown(n, "text/plain") {
		if strings.Contains(plain, "loss") && strings.Contains(plain, "validation MRR") {
			curves++
		}
	}
	if curves < 2 {
		t.Errorf("02-training shows %d training curves, want one a stage", curves)
	}
	out := text(n)
	for _, want := range []string{"model.safetensors", "graph_encoder.safetensors", "adapter_model.safetensors", "Stage 1", "Stage 2"} {
		if !strings.Contains(out, want) {
			t.Errorf("02-training does not say %q", want)
		}
	}
}

var hitWithInterval = regexp.MustCompile(`(\d+\.\d) \[(\d+\.\d), (\d+\.\d)\]`)

// checkBench reads the numbers of the displayed table.
func checkBench(t *testing.T, n *lab.Notebook) {
	if got := maps(n); got != 1 {
		t.Errorf("03-ugbench shows %d maps, want 1", got)
	}
	rows := 0
	for _, line := range strings.Split(text(n), "\n") {
		cells := hitWithInterval.FindAllStringSubmatch(line, -1)
		if len(cells) < 4 {
			continue
		}
		rows++
		for _, c := range cells {
			value, low, high := number(c[1]), number(c[2]), number(c[3])
			if !(0 <= low && low <= value && value <= high && high <= 100) {
				t.Errorf("03-ugbench: %s is no percentage with its interval", c[0])
			}
		}
	}
	if want := 3 * 2 * 3; rows < want { // tasks, regions, models
		t.Errorf("03-ugbench shows %d rows of numbers, want %d", rows, want)
	}
	if out := text(n); !strings.Contains(out, "chance") || !strings.Contains(out, "McNemar p") {
		t.Error("03-ugbench lacks the chance row or the paired tests")
	}
}

func number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return -1
	}
	return v
}

// checkResults reads the results behind the table. In full size they must show
// that the model has learnt: stage 1 beats chance with its whole interval, and
// the graph helps geolocation.
func checkResults(t *testing.T, home string) {
	t.Helper()
	list, err := store.At(home).List()
	if err != nil {
		t.Fatal(err)
	}
	byModel := map[string]*ugbench.Report{}
	for _, a := range list {
		if a.Manifest.Kind != "result" {
			continue
		}
		r, err := ugbench.ReadReport(a.Path("results.json"))
		if err != nil {
			t.Fatal(err)
		}
		byModel[r.Results[0].Model] = r
	}
	first, second := byModel["stage 1, image"], byModel["stage 2, graph and image"]
	if first == nil || second == nil {
		t.Fatalf("the store holds results of %d models", len(byModel))
	}
	for i, r := range first.Results {
		name := fmt.Sprintf("%s, %s", r.Task, r.Region)
		c, err := ugbench.Compare(second.Results[i], r, r.Seed)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: n %d, Hit@5 stage 1 %.3f, stage 2 with graph %+.3f, p %.2g", name, r.N, r.Metrics[ugbench.Hit5].Value, c.Hit5, c.McNemar)
		if !full || r.Region != ugbench.TrainingCities || r.Task == ugbench.GeolocationNames {
			continue
		}
		if r.N < 260 {
			t.Errorf("%s: %d queries, want 260 at least", name, r.N)
		}
		if chance := r.Chance[ugbench.Hit5].Value; r.Metrics[ugbench.Hit5].Low <= chance {
			t.Errorf("%s: stage 1 Hit@5 %+v is not above chance %.3f", name, r.Metrics[ugbench.Hit5], chance)
		}
		if r.Task == ugbench.Geolocation && (c.Hit5 <= 0 || c.McNemar >= 0.01) {
			t.Errorf("%s: stage 2 with the graph against stage 1: %+.3f, p %.2g", name, c.Hit5, c.McNemar)
		}
	}
}
