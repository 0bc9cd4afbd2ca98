package ugdata

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func composedGrid(t *testing.T) *Dataset {
	t.Helper()
	o := gridOptions
	o.PathText = textComposed
	return makeGrid(t, o)
}

func TestWriteComposed(t *testing.T) {
	d := composedGrid(t)
	var b bytes.Buffer
	n, err := WriteComposed(context.Background(), &b, d)
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for i := range d.Places {
		want += len(d.Places[i].Paths)
	}
	if n != want || n == 0 {
		t.Fatalf("wrote %d rows, want %d", n, want)
	}
	lines := bufio.NewScanner(&b)
	lines.Buffer(nil, 1<<20)
	rows := 0
	for lines.Scan() {
		var row ComposedRow
		dec := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		user := row.Messages[0].Content
		for _, part := range []string{
			"<graph><image>The spatial reasoning path", " Spatial Reasoning Path: (" + row.Node + ", nearest, ",
			"). Based on the spatial context represented in graph and the spatial reasoning path,You can reach ",
			" image with id " + row.Node + " at " + row.Coordinates + ". Facing ", "\nHere are relevant place entities informations: {'",
			"'coordinates': 'LINE(", "'coordinates': 'POINT(",
		} {
			if !strings.Contains(user, part) {
				t.Fatalf("the user says %q, without %q", user, part)
			}
		}
		if row.Messages[1].Content != row.Summarization || row.Messages[0].Role != "user" || row.Messages[1].Role != "assistant" || row.Graphs != "graphs/"+row.Node+".json" || !strings.HasSuffix(row.Images, row.Node+".jpg") {
			t.Fatalf("row %+v", row)
		}
		rows++
	}
	if rows != n {
		t.Errorf("%d lines for %d rows", rows, n)
	}
	b.Reset()
	if some, err := WriteComposed(context.Background(), &b, d, Test, Val); err != nil || some == 0 || some >= n {
		t.Errorf("%d rows of test and val (%v), %d of all", some, err, n)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := WriteComposed(stopped, &b, d); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped context still writes: %v", err)
	}
}

// A path sample of a composed dataset says path, summary and entities.
func TestComposedSamples(t *testing.T) {
	d := composedGrid(t)
	seen := false
	for _, s := range d.Samples {
		if s.Kind == SRP {
			seen = true
			if !strings.Contains(s.Positive, ", nearest, ") || !strings.Contains(s.Positive, " Facing ") || !strings.Contains(s.Positive, entityHead+"{'") {
				t.Fatalf("path sample says %q", s.Positive)
			}
		}
	}
	if !seen {
		t.Fatal("no path samples")
	}
}

func TestComposedRefuses(t *testing.T) {
	d := gridData(t)
	p := find(d, Train)
	if len(p.Paths) == 0 {
		t.Skip("the first training place has no path")
	}
	if _, err := Composed(p, 0, "g"); err == nil || !strings.Contains(err.Error(), `PathText "composed"`) {
		t.Errorf("paths without entities: %v", err)
	}
	if _, err := Composed(p, 99, "g"); err == nil || !strings.Contains(err.Error(), "no path 99") {
		t.Errorf("path 99: %v", err)
	}
}
