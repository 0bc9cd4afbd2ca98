package main

import (
	"strings"
	"testing"

	"urbangraph/uglib/store"
)

const (
	village = "../../streetview/render/testdata/village.osm"
	folder  = "../../streetview/testdata/photos"
)

// TestPhotoFolder reads a folder of real photographs with a sidecar, and checks
// that what is said of it accounts for each file.
func TestPhotoFolder(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	all := func(args ...string) viewsResult {
		return mustJSON[viewsResult](t, append([]string{"views", "--osm", village, "--photos", folder}, args...)...)
	}
	r := all("--list")
	if r.Views != 8 || r.Anchored != 7 || len(r.Report.Streetless) != 1 || r.Report.Headings.Magnetic != 2 || r.Report.Sidecar == nil || r.Report.Sidecar.Used != 2 || len(r.List) != 8 {
		t.Errorf("views = %+v", r)
	}
	skipped := 0
	for _, n := range r.Skipped {
		skipped += n
	}
	if skipped+r.Views != r.Report.Images {
		t.Errorf("%d views and %d skipped of %d files", r.Views, skipped, r.Report.Images)
	}
	for _, l := range r.List {
		switch l.File {
		case "north/bare.jpg":
			if l.ID != 9007199254740993 || l.Street != "High Street" || l.Sees == nil || l.Sees.What != "Savings Bank" || l.Sees.Kind != "poi" || l.Sees.Side != "ahead on the right" {
				t.Errorf("%+v sees %+v", l, l.Sees)
			}
		case "f-elsewhere.jpg":
			if l.Sees == nil || !l.Sees.Along || l.Sees.What != "High Street" {
				t.Errorf("%+v sees %+v", l, l.Sees)
			}
		case "meadow.jpg":
			if l.Street != "" || l.Distance == nil || *l.Distance < 99 {
				t.Errorf("%+v", l)
			}
		}
	}
	if r := all("--reach", "120"); r.Anchored != 8 {
		t.Errorf("within 120 m %d views are anchored", r.Anchored)
	}
	if r := all("--near-skip"); r.Skipped["near duplicate"] != 1 || r.Views != 7 {
		t.Errorf("without near duplicates: %+v", r)
	}
	if r := all("--no-hashes"); len(r.Report.Near) != 0 {
		t.Errorf("without hashes: %+v", r.Report.Near)
	}
	if r := all("--sidecar", "none"); r.Views != 7 || r.Report.Sidecar != nil {
		t.Errorf("without the table: %+v", r)
	}
	if r := all("--sidecar", folder+"/positions.csv", "--sidecar-first"); !r.Report.Sidecar.First || r.Report.Headings.Sidecar != 2 {
		t.Errorf("the table first: %+v", r.Report)
	}
	code, out, errOut := ug(t, "views", "--osm", village, "--photos", folder, "--list")
	for _, want := range []string{
		"meadow.jpg (the nearest is 100.0 m away)", "2 of them magnetic", "1 without a time", "nowhere.jpg (line 5)", "and 7 more in", "line 3: latitude 150",
		"e-sideways.jpg like a-true.jpg", "1 duplicate", "along High Street", "9007199254740993",
	} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("status %d, no %q in\n%s%s", code, want, out, errOut)
		}
	}
	for _, tt := range []struct{ flags, want string }{
		{"--sidecar nowhere.csv", "nowhere.csv"},
		{"--sidecar none --sidecar-first", "--sidecar FILE"},
		{"--reach 0", "try 50"},
		{"--near-bits 0", "try 6"},
		{"--near-within 5000", "try 10"},
		{"--near-skip --no-hashes", "give --near-skip or --no-hashes"},
	} {
		code, _, errOut := ug(t, append([]string{"views", "--osm", village, "--photos", folder}, strings.Fields(tt.flags)...)...)
		if code == 0 || !strings.Contains(errOut, tt.want) {
			t.Errorf("%s: status %d: %s", tt.flags, code, errOut)
		}
	}
	if code, _, errOut := ug(t, "views", "--osm", village, "--sidecar", "x.csv"); code == 0 || !strings.Contains(errOut, "give --photos DIR") {
		t.Errorf("a table of drawn views: status %d: %s", code, errOut)
	}
}
