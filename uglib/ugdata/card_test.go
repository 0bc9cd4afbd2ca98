package ugdata

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/uglib/streetview"
)

func TestCard(t *testing.T) {
	d := gridData(t)
	for i := range 10 {
		d.Places[i].Origin = streetview.FromMapillary
	}
	d.Places[10].Origin = "a pipe | of tables\n"
	audit, err := d.Audit()
	if err != nil {
		t.Fatal(err)
	}
	about := About{Title: `Grid: "towns"`, Audit: &audit, Notes: []string{"A note."}}
	dir := t.TempDir()
	if err := Write(dir, d); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".part"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time card and checksums are there
		if err := WriteCard(dir, d, about); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, cardFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`pretty_name: "Grid: \"towns\""`, "- cc-by-sa-4.0\n- odbl\n- other\n", "# Grid: \"towns\"\n", "888 places of alpha, omega", "A note.",
		"| omega | 0 | 0 | 0 | 48 | 0 | 48 |", "`mapillary`", "877 images", "## Audit", "import geopandas", "package main", "- 1K<n<10K",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the card has no %q:\n%s", want, text)
			break
		}
	}
	sums, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(sums)), "\n")
	for _, line := range lines {
		sum, name, _ := strings.Cut(line, "  ")
		b, err := os.ReadFile(filepath.Join(dir, name))
		if got := sha256.Sum256(b); err != nil || hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s: %v", line, err)
		}
		if !strings.Contains(string(text), sum) {
			t.Errorf("the card does not list %s", name)
		}
	}
	if len(lines) < 3 || strings.Contains(string(sums), ".part") || strings.Contains(string(sums), cardFile) {
		t.Errorf("checksums are\n%s", sums)
	}
	if a, b := Card(d, about), Card(d, about); !bytes.Equal(a, b) || bytes.Contains(a, []byte("## Files")) {
		t.Error("two cards of a dataset differ, or list files of no folder")
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 12345: "12,345"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int]string{5: "n<1K", 999: "n<1K", 1000: "1K<n<10K", 1 << 30: "100M<n<1B"} {
		if got := sizeCategory(n); got != want {
			t.Errorf("%d rows are %s, want %s", n, got, want)
		}
	}
}
