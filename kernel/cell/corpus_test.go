package cell

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sample is a cell of the corpus.
type sample struct {
	name, code string
	with       []string // variables of earlier cells that it needs: name and type
	maybe      []string // names that Uses lists though they are fields
}

// corpus reads testdata/cells.txt: "== name | variables || names that may be fields", then the cell.
func corpus(t testing.TB) []sample {
	t.Helper()
	data, err := os.ReadFile("testdata/cells.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []sample
	for _, part := range strings.Split("\n"+string(data), "\n== ")[1:] {
		head, code, _ := strings.Cut(part, "\n")
		head, maybe, _ := strings.Cut(head, "||")
		name, with, _ := strings.Cut(head, "|")
		s := sample{name: strings.TrimSpace(name), code: code, maybe: strings.Fields(maybe)}
		for _, w := range strings.Split(with, ", ") {
			if w = strings.TrimSpace(w); w != "" {
				s.with = append(s.with, w)
			}
		}
		out = append(out, s)
	}
	return out
}

// notebookCells reads the code cells of the repository's notebooks.
func notebookCells(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../../notebooks/*.ipynb")
	if err != nil || len(files) == 0 {
		t.Fatal("no notebooks found", err)
	}
	var out []string
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var nb struct {
			Cells []struct {
				CellType string          `json:"cell_type"`
				Source   json.RawMessage `json:"source"`
			} `json:"cells"`
		}
		if err := json.Unmarshal(data, &nb); err != nil {
			t.Fatal(f, err)
		}
		for _, c := range nb.Cells {
			if c.CellType != "code" {
				continue
			}
			var lines []string
			var text string
			if json.Unmarshal(c.Source, &lines) == nil {
				text = strings.Join(lines, "")
			} else if err := json.Unmarshal(c.Source, &text); err != nil {
				t.Fatal(f, err)
			}
			out = append(out, text)
		}
	}
	return out
}

// all lists the texts of both.
func all(t testing.TB) []string {
	var out []string
	for _, s := range corpus(t) {
		out = append(out, s.code)
	}
	return append(out, notebookCells(t)...)
}
