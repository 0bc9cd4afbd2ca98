package plots

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// broken is a figure that fails in the ways that figures may.
type broken struct{ err error }

func (b broken) HTML() (string, error) { return "", b.err }
func (b broken) PNG() ([]byte, error)  { return nil, b.err }
func (b broken) SVG() ([]byte, error)  { return nil, b.err }
func (b broken) Text() string          { return "broken" }

var outside = regexp.MustCompile(`(?i)(\ssrc|<link[^>]*\shref)\s*=\s*["']?(https?:)?//`)

func TestReport(t *testing.T) {
	r := NewReport("Walk & results").Heading("City").Text("First <p>.\n\nSecond.").
		AddCaptioned(CityMap(town()).Size(200, 140), "The town").
		Add(Table([]string{"a"}, [][]string{{"1"}}), falling()).
		AddCaptioned(Table([]string{"b"}, nil), "Numbers").
		Credit("© OpenStreetMap contributors (ODbL)", "", "© OpenStreetMap contributors (ODbL)")
	path := filepath.Join(t.TempDir(), "deep", "report.html")
	if err := r.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, want := range []string{"<!doctype html>", "<title>Walk &amp; results</title>", "<p>First &lt;p&gt;.</p>\n<p>Second.</p>", "Figure 1. The town", "Figure 2. Numbers", "<iframe sandbox", "<table", "</html>"} {
		if !strings.Contains(page, want) {
			t.Errorf("report lacks %q", want)
		}
	}
	if n := strings.Count(page, "<li>"); n != 1 {
		t.Errorf("%d credits, want 1", n)
	}
	if m := outside.FindString(page); m != "" {
		t.Errorf("report loads from outside: %s", m)
	}
	wellFormed(t, page[strings.Index(page, "<body>"):strings.LastIndex(page, "</html>")])
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("folder holds %v (%v), want the report alone", left, err)
	}
}

// falling is a small chart.
func falling() Figure { return Lines(Steps("loss", []float64{3, 2, 1})).Size(200, 120) }

func TestReportKeepsTheError(t *testing.T) {
	want := errors.New("no picture")
	path := filepath.Join(t.TempDir(), "report.html")
	if err := NewReport("r").Add(broken{want}, nil).Text("more").WriteFile(path); !errors.Is(err, want) || !strings.Contains(err.Error(), "nil") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a broken report was written")
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	for ext, head := range map[string]string{".png": "\x89PNG", ".svg": "<?xml", ".html": "<!doctype html>", ".txt": "Chart:"} {
		path := filepath.Join(dir, "f"+ext)
		if err := Save(falling(), path); err != nil {
			t.Error(err)
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(data), head) {
			t.Errorf("%s begins %.20q (%v)", path, data, err)
		}
	}
	if err := Save(falling(), filepath.Join(dir, "f.gif")); err == nil || !strings.Contains(err.Error(), ".png") {
		t.Errorf("unknown extension: %v", err)
	}
	if err := Save(Table(nil, nil), filepath.Join(dir, "t.png")); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a table as PNG: %v", err)
	}
	// A folder that is a file cannot be written to, and nothing is left behind.
	if err := Save(falling(), filepath.Join(dir, "f.txt", "g.txt")); err == nil {
		t.Error("no error")
	}
	if err := os.Mkdir(filepath.Join(dir, "taken.txt"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := Save(falling(), filepath.Join(dir, "taken.txt")); err == nil {
		t.Error("no error")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
