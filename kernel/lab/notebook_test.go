package lab

import (
	"encoding/json"
	"testing"
)

func TestNotebookForms(t *testing.T) {
	var n Notebook
	err := json.Unmarshal([]byte(`{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
		{"cell_type": "markdown", "source": "one string", "metadata": {}},
		{"cell_type": "code", "source": ["two\n", "lines"], "execution_count": 3, "metadata": {}, "outputs": [
			{"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]},
			{"output_type": "stream", "name": "stderr", "text": "e"},
			{"output_type": "stream", "name": "stdout", "text": "c"},
			{"output_type": "display_data", "data": {"text/html": ["<b>", "x</b>"], "application/json": {"k": [1]}}, "metadata": {}},
			{"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]}
		]}]}`), &n)
	if err != nil {
		t.Fatal(err)
	}
	c := n.Cells[1]
	for _, x := range []struct{ what, got, want string }{
		{"source", string(n.Cells[0].Source), "one string"},
		{"source in lines", string(c.Source), "two\nlines"},
		{"stdout", c.Stdout(), "a\nb\nc"},
		{"stderr", c.Stderr(), "e"},
		{"html", c.Displayed("text/html")[0], "<b>x</b>"},
		{"json", c.Displayed("application/json")[0], `{"k": [1]}`},
		{"error", c.Outputs[4].ErrorName + c.Outputs[4].ErrorValue, "Ev"},
	} {
		if x.got != x.want {
			t.Errorf("%s: %q, want %q", x.what, x.got, x.want)
		}
	}
	if n.Clean() {
		t.Error("a notebook with outputs counts as clean")
	}
	n.Cells[1].Outputs = nil
	if n.Clean() {
		t.Error("a notebook with execution counts counts as clean")
	}
	n.Cells[1].ExecutionCount = nil
	if !n.Clean() {
		t.Error("a notebook without results does not count as clean")
	}
	if err := json.Unmarshal([]byte(`{"cells": [{"source": 7}]}`), &n); err == nil {
		t.Error("a number was taken for a text")
	}
}

func FuzzNotebook(f *testing.F) {
	f.Add([]byte(`{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["a"], "outputs": [{"output_type": "stream", "text": "x"}]}]}`))
	f.Add([]byte(`{"cells": [{"outputs": [{"data": {"image/png": null, "a": {}}}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var n Notebook
		if json.Unmarshal(data, &n) != nil {
			return
		}
		for _, c := range n.Cells {
			c.Stdout()
			c.Displayed("image/png")
		}
		n.Clean()
	})
}
