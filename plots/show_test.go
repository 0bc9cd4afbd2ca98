package plots

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// tape is a screen that keeps what it is sent.
type tape struct {
	mu    sync.Mutex
	sent  []bundle
	syncs int
	err   error
}

func (t *tape) send(b bundle) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent = append(t.sent, b)
	return t.err
}

func (t *tape) sync() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.syncs++
	return t.err
}

// on runs f as if on a screen (nil for none), and returns what went to the
// standard error.
func on(s screen, f func()) string {
	var out bytes.Buffer
	output.Lock()
	oldScreen, oldErrors, oldFolder := output.screen, output.errors, output.folder
	output.screen, output.errors = s, &out
	output.Unlock()
	defer func() {
		output.Lock()
		output.screen, output.errors, output.folder = oldScreen, oldErrors, oldFolder
		output.Unlock()
	}()
	f()
	return out.String()
}

type panics struct{ broken }

func (panics) PNG() ([]byte, error) { panic("boom") }

func TestShowSendsAllForms(t *testing.T) {
	s := &tape{}
	if out := on(s, func() { Show(falling(), Table([]string{"a"}, nil)) }); out != "" {
		t.Errorf("standard error: %s", out)
	}
	if len(s.sent) != 2 || s.syncs != 2 {
		t.Fatalf("%d bundles and %d syncs", len(s.sent), s.syncs)
	}
	chart, table := s.sent[0], s.sent[1]
	if !strings.HasPrefix(string(chart.png), "\x89PNG") || !strings.Contains(chart.html, "<img") || !strings.HasPrefix(chart.text, "Chart") || chart.id != "" {
		t.Errorf("chart %.60q %.60q %q", chart.png, chart.html, chart.text)
	}
	if table.png != nil || !strings.Contains(table.html, "<table") || table.text == "" {
		t.Errorf("table %+v", table)
	}
}

func TestShowNeverPanics(t *testing.T) {
	s := &tape{}
	out := on(s, func() { Show(panics{}, nil, broken{errors.New("no <b> picture")}, falling()) })
	for _, want := range []string{"boom", "nil", "no <b> picture"} {
		if !strings.Contains(out, want) {
			t.Errorf("standard error lacks %q: %s", want, out)
		}
	}
	if len(s.sent) != 4 {
		t.Fatalf("%d bundles, want 4", len(s.sent))
	}
	if !strings.Contains(s.sent[2].html, "no &lt;b&gt; picture") || s.sent[2].text != "no <b> picture" {
		t.Errorf("error is shown as %+v", s.sent[2])
	}
	if s.sent[3].png == nil {
		t.Error("the figure after the errors is not shown")
	}
	lost := &tape{err: errors.New("pipe is gone")}
	if out := on(lost, func() { Show(falling()) }); !strings.Contains(out, "pipe is gone") {
		t.Errorf("standard error: %s", out)
	}
	on(nil, func() { Show(panics{}, nil) }) // shows nothing, asks nothing
}

func TestShowIntoAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "figures")
	out := on(nil, func() {
		SetFolder(dir)
		Show(CityMap(town()).Size(120, 80), Table([]string{"a"}, nil).Caption("Numbers: all"))
	})
	if out != "" {
		t.Errorf("standard error: %s", out)
	}
	var got []string
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		got = append(got, f.Name())
	}
	want := "01-map-elm-town.html 01-map-elm-town.png 01-map-elm-town.svg 01-map-elm-town.txt 02-numbers-all.html 02-numbers-all.txt"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("folder holds %s, want %s", s, want)
	}
}

func TestSlug(t *testing.T) {
	for s, want := range map[string]string{"": "figure", "Map: Elm Town": "map-elm-town", "../../etc/passwd": "etc-passwd", "  --": "figure", "Größe 1": "größe-1"} {
		if got := slug(s); got != want {
			t.Errorf("slug(%q) = %q, want %q", s, got, want)
		}
	}
}
