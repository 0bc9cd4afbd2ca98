package lab_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"urbangraph/kernel/lab"
	"urbangraph/kernel/lab/labtest"
)

// TestExecute runs the three small notebooks of testdata, once for all checks, as a kernel takes most of
// a second to start.
func TestExecute(t *testing.T) {
	if testing.Short() {
		t.Skip("starts kernels")
	}
	out := t.TempDir()
	results, err := labtest.Execute(t, lab.Options{
		Notebooks: []string{"testdata/works.ipynb", "testdata/panics.ipynb", "testdata/wrong.ipynb"},
		Out:       out,
		Env:       []string{"UG_HOME=/somewhere/else"},
	})
	if len(results) != 3 {
		t.Fatalf("%d results, want 3: %v", len(results), err)
	}

	t.Run("works", func(t *testing.T) {
		r := results[0]
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		if len(r.Cells) != 3 || r.Cells[0].Cell != 1 || r.Cells[0].Duration <= 0 || r.Duration < r.Cells[0].Duration {
			t.Errorf("times %v within %v", r.Cells, r.Duration)
		}
		if got := r.Notebook.Cells[1].Stdout(); got != "folder testdata\nhome /somewhere/else\n" {
			t.Errorf("cell 2 printed %q", got)
		}
		if got := r.Notebook.Cells[2].Stdout(); got != "1001\n" {
			t.Errorf("cell 3 printed %q, want metres between two places", got)
		}
		if got := r.Notebook.Cells[2].Displayed("text/html"); len(got) != 1 || !strings.Contains(got[0], `id="shown"`) {
			t.Errorf("cell 3 displayed %q", got)
		}
		if got := r.Notebook.Cells[3].Displayed("image/png"); len(got) != 1 || !strings.HasPrefix(got[0], "iVBOR") {
			t.Errorf("cell 4 displayed %.40q", got)
		}
		html, err := os.ReadFile(filepath.Join(out, "works.html"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`id="shown"`, "A small notebook", "data:image/png;base64,iVBOR", "hl-go"} {
			if !strings.Contains(string(html), want) {
				t.Errorf("the page lacks %q", want)
			}
		}
	})

	t.Run("panics", func(t *testing.T) {
		var ce *lab.CellError
		if !errors.As(results[1].Err, &ce) {
			t.Fatalf("error %v, want a cell's", results[1].Err)
		}
		if ce.Cell != 1 || !strings.Contains(ce.Text, "panic: the bridge is out") || !strings.Contains(ce.Text, "Line 2") {
			t.Errorf("cell %d: %s", ce.Cell, ce.Text)
		}
		if msg := ce.Error(); !strings.Contains(msg, "panics.ipynb, cell 2") || !strings.Contains(msg, `| panic("the bridge is out")`) {
			t.Errorf("message %s", msg)
		}
		if results[1].Notebook == nil || results[1].Notebook.Cells[0].Stdout() != "before\n" || len(results[1].Notebook.Cells[2].Outputs) != 0 {
			t.Error("the executed notebook does not end at the failing cell")
		}
	})

	t.Run("wrong", func(t *testing.T) {
		var ce *lab.CellError
		if !errors.As(results[2].Err, &ce) {
			t.Fatalf("error %v, want a cell's", results[2].Err)
		}
		if ce.Cell != 0 || !strings.Contains(ce.Text, `cannot use "ten"`) {
			t.Errorf("cell %d: %s", ce.Cell, ce.Text)
		}
	})

	if err == nil || !strings.Contains(err.Error(), "panics.ipynb") || !strings.Contains(err.Error(), "wrong.ipynb") || strings.Contains(err.Error(), "works.ipynb") {
		t.Errorf("joined error %v", err)
	}
}

func TestExecuteRefuses(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.ipynb")
	if err := os.WriteFile(broken, []byte(`{"cells": [`), 0o644); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "old.ipynb")
	if err := os.WriteFile(old, []byte(`{"nbformat": 3, "worksheets": []}`), 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		o    lab.Options
		want string
	}{
		{"no such notebook", lab.Options{Notebooks: []string{"no-such"}}, `no notebook is called "no-such"`},
		{"broken file", lab.Options{Notebooks: []string{broken}}, "is no notebook"},
		{"old format", lab.Options{Notebooks: []string{old}}, "notebook format 3"},
		{"not a pattern", lab.Options{Notebooks: []string{"[a"}}, "is no pattern"},
		{"no folder", lab.Options{Notebooks: []string{"testdata/works.ipynb"}, Out: filepath.Join(file, "x")}, "--out"},
	} {
		if c.o.Out == "" {
			c.o.Out = t.TempDir()
		}
		if _, err := lab.Execute(t.Context(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestFindNotebooks(t *testing.T) {
	repo := t.TempDir()
	for _, f := range []string{"notebooks/01-a.ipynb", "notebooks/02-b.ipynb", "notebooks/notes.txt", "other/03-c.ipynb"} {
		p := filepath.Join(repo, f)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args string
		want string
	}{
		{"", "01-a.ipynb 02-b.ipynb"},
		{"01-a", "01-a.ipynb"},
		{"02-b.ipynb 01-a", "02-b.ipynb 01-a.ipynb"},
		{"0*", "01-a.ipynb 02-b.ipynb"},
		{"01-a 0*", "01-a.ipynb 02-b.ipynb"},
		{filepath.Join(repo, "other"), "03-c.ipynb"},
		{filepath.Join(repo, "other", "*.ipynb"), "03-c.ipynb"},
	} {
		got, err := lab.FindNotebooks(lab.Layout{Repo: repo}, strings.Fields(c.args))
		if err != nil {
			t.Errorf("%q: %v", c.args, err)
			continue
		}
		var names []string
		for _, g := range got {
			if !filepath.IsAbs(g) {
				t.Errorf("%q: %s is not absolute", c.args, g)
			}
			names = append(names, filepath.Base(g))
		}
		if s := strings.Join(names, " "); s != c.want {
			t.Errorf("%q: %s, want %s", c.args, s, c.want)
		}
	}
	if _, err := lab.FindNotebooks(lab.Layout{Repo: repo}, []string{"zz"}); err == nil || !strings.Contains(err.Error(), "01-a.ipynb, 02-b.ipynb") {
		t.Errorf("the error does not list what there is: %v", err)
	}
}

// TestCommittedClean holds for the notebooks of this package's tests; those of the project are checked
// beside them.
func TestCommittedClean(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ipynb")
	if err != nil || len(files) == 0 {
		t.Fatal("no notebooks", err)
	}
	for _, f := range files {
		n, err := lab.ReadNotebook(f)
		if err != nil {
			t.Error(err)
		} else if !n.Clean() {
			t.Errorf("%s holds outputs", f)
		}
	}
}

func ExampleExecute() {
	ctx, stop := context.WithTimeout(context.Background(), 15*time.Minute)
	defer stop()
	results, err := lab.Execute(ctx, lab.Options{Notebooks: []string{"01-ugdata"}, Progress: os.Stderr})
	if err != nil {
		fmt.Println(err) // names the notebook and the cell
		return
	}
	for _, r := range results {
		for _, c := range r.Notebook.Cells {
			fmt.Println(c.Stdout())
		}
	}
}
