package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	with := inSharedHome(t)
	dir := filepath.Join(t.TempDir(), "out")
	code, out, errOut := ug(t, with("demo", "--out", dir)...)
	if code != 0 {
		t.Fatalf("status %d: %s%s", code, out, errOut)
	}
	steps := []string{"city", "views", "dataset", "tokenizer", "stage 1", "stage 2", "bench", "report"}
	for _, want := range append([]string{"chance", "Paired tests", "peak memory", filepath.Join(dir, "report.html"), "UG_FAST", "rendered"}, steps...) {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r demoResult
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	for i, s := range r.Steps {
		if len(r.Steps) != len(steps) || s.Name != steps[i] || s.Seconds < 0 || s.Seconds > r.Seconds || (len(s.Artefacts) == 0) != (s.Name == "report") {
			t.Errorf("step %d of %d = %+v", i, len(r.Steps), s)
		}
	}
	if r.PeakMemory < 10e6 || r.PeakMemory > 4e9 || !r.Fast || len(r.Training) != 2 || len(r.Findings) != 3 || r.Backend == "" || r.Code == "" {
		t.Errorf("results = %+v", r)
	}
	checkResults(t, r.Results)
	want := []string{"map-grid", "place", "stage-1", "stage-2", "hit5-training-cities"}
	for _, name := range want {
		for _, ext := range []string{".png", ".svg"} {
			file := "figures/" + name + ext
			info, err := os.Stat(filepath.Join(dir, file))
			if err != nil || info.Size() < 1000 || !slices.Contains(r.Figures, file) {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<!doctype html>", "rendered, not photographs", "ODbL", "Figure 6.", "leaflet", "<iframe", "data:image/", "chance",
		"stage 2, graph and image", "McNemar", "Grid", "dataset", "tokenizer", "spatial context caption", "UG_FAST",
	} {
		if !strings.Contains(strings.ToLower(string(page)), strings.ToLower(want)) {
			t.Errorf("report.html has no %q", want)
		}
	}
	for _, line := range strings.Split(string(page), "\n") {
		if strings.Contains(line, "Figure 9.") || strings.Contains(line, `src="http`) {
			t.Errorf("report.html: %.200s", line)
		}
	}

	// A second run opens everything, replaces the report and drops what an
	// earlier one left.
	old := filepath.Join(dir, "figures", "map-elsewhere.png")
	kept := filepath.Join(dir, "notes.txt")
	for _, file := range []string{old, kept} {
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	again := mustJSON[demoResult](t, with("demo", "--out", dir)...)
	for _, s := range again.Steps {
		if s.Built != 0 {
			t.Errorf("step %s built %d artefacts again", s.Name, s.Built)
		}
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the old figure: %v", err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

func TestClaim(t *testing.T) {
	dir := t.TempDir()
	if err := claim(dir, false); err != nil { // empty
		t.Error(err)
	}
	if err := claim(dir, false); err != nil { // a demo's
		t.Error(err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := claim(other, false); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("a folder of something else: %v", err)
	}
	if entries, err := os.ReadDir(other); err != nil || len(entries) != 1 {
		t.Errorf("refused, but wrote: %v, %v", entries, err)
	}
	if err := claim(other, true); err != nil {
		t.Error(err)
	}
	if err := claim(filepath.Join(other, "thesis.tex"), true); err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("a file: %v", err)
	}
	if err := claim(filepath.Join(other, "thesis.tex", "below"), true); err == nil || !strings.Contains(err.Error(), "another folder") {
		t.Errorf("below a file: %v", err)
	}
	code, out, errOut := ug(t, append([]string{"demo", "--home", t.TempDir(), "--out", mustHold(t)}, small...)...)
	if code != exitFailure || out != "" || !strings.Contains(errOut, "--force") {
		t.Errorf("status %d: %s%s", code, out, errOut)
	}
}

// mustHold makes a folder that holds something.
func mustHold(t *testing.T) string { return filepath.Dir(write(t, "something", "")) }

func TestPeakMemory(t *testing.T) {
	if kB, ok := highWater("Name:\tug\nVmPeak:\t  9 kB\nVmHWM:\t  1234 kB\nThreads:\t1\n"); !ok || kB != 1234 {
		t.Errorf("high water = %d, %v", kB, ok)
	}
	for _, text := range []string{"", "VmHWM:", "VmHWM:\tx kB", "VmHWM:\t1 MB"} {
		if kB, ok := highWater(text); ok {
			t.Errorf("high water of %q = %d", text, kB)
		}
	}
	if n := peakMemory(); n < 1e6 || n > 1e12 {
		t.Errorf("peak memory = %d", n)
	}
}
