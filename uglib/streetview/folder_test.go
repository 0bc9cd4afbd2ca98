package streetview

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview/exif"
	"urbangraph/uglib/streetview/imagehash"
	"urbangraph/uglib/streetview/sidecar"
)

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	when := time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)
	photo(t, filepath.Join(dir, "a", "10.JPG"), exif.Meta{Pos: at(-150, -3), HasPos: true, Heading: 90, HasHeading: true, Taken: when})
	photo(t, filepath.Join(dir, "b", "10.jpg"), exif.Meta{Pos: at(2, 60), HasPos: true})
	photo(t, filepath.Join(dir, "123456789012345.jpg"), exif.Meta{Pos: at(100, 2), HasPos: true, Heading: 270, HasHeading: true})
	photo(t, filepath.Join(dir, "drawn.jpg"), exif.Meta{Pos: at(50, 2), HasPos: true, Software: software})
	photo(t, filepath.Join(dir, "far.jpg"), exif.Meta{Pos: orb.Point{11, 50}, HasPos: true})
	photo(t, filepath.Join(dir, "lost.jpg"), exif.Meta{Software: "camera"})
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "bare.png"), buf.Bytes())
	write(t, filepath.Join(dir, "broken.jpg"), []byte("this is no picture"))
	write(t, filepath.Join(dir, "notes.txt"), []byte("of no interest"))
	write(t, filepath.Join(dir, ".hidden.jpg"), []byte("of no interest"))

	ctx := inStore(t)
	spec, err := Folder(village(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	c, set, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	byFile := map[string]View{}
	for _, v := range set.Views {
		byFile[v.File] = v
	}
	if len(set.Views) != 4 {
		t.Fatalf("views %v, want 4", byFile)
	}
	if v := byFile["a/10.JPG"]; v.Origin != Photo || v.Heading != 90 || !v.Taken.Equal(when) || c.DisplayName(v.Street) != "High Street" {
		t.Errorf("a/10.JPG: %+v", v)
	}
	if v := byFile["b/10.jpg"]; v.HasHeading || v.Heading != 0 || !v.Taken.IsZero() || c.DisplayName(v.Street) != "Elm Lane" {
		t.Errorf("b/10.jpg: %+v", v)
	}
	if byFile["a/10.JPG"].ID == byFile["b/10.jpg"].ID {
		t.Error("two files of the same name in two folders have one id")
	}
	if v := byFile["123456789012345.jpg"]; v.ID != 123456789012345 {
		t.Errorf("a file named by 15 digits has id %d", v.ID)
	}
	if v := byFile["drawn.jpg"]; v.Origin != Rendered {
		t.Errorf("a drawn view in a photo folder is taken for a %s", v.Origin)
	}
	want := map[string]Reason{"bare.png": NoPosition, "broken.jpg": Unreadable, "far.jpg": Outside, "lost.jpg": NoPosition}
	if len(set.Skipped) != len(want) {
		t.Errorf("skipped %+v, want %v", set.Skipped, want)
	}
	for _, s := range set.Skipped {
		if want[s.File] != s.Reason {
			t.Errorf("%s is skipped as %q, want %q", s.File, s.Reason, want[s.File])
		}
	}
	a, err := store.Get(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	sum := a.Manifest.Summary
	if sum["views"] != 4.0 || sum["files no position"] != 2.0 || sum["files outside the city"] != 1.0 || sum["files unreadable"] != 1.0 {
		t.Errorf("summary %v", sum)
	}

	// A spec read back from its artefact finds the folder.
	spec.Dir = ""
	if _, set, err = Open(ctx, spec); err != nil || set.Dir != dir {
		t.Errorf("without its folder the set opens at %v, %v", set, err)
	}
}

// TestFolderKey checks that a set is known by what the folder holds, not by
// where it lies.
func TestFolderKey(t *testing.T) {
	key := func(meta exif.Meta, name string) string {
		dir := t.TempDir()
		photo(t, filepath.Join(dir, name), meta)
		spec, err := Folder(village(t), dir)
		if err != nil {
			t.Fatal(err)
		}
		k, err := store.Key(spec)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	here := exif.Meta{Pos: at(1, 1), HasPos: true}
	same, copied := key(here, "a.jpg"), key(here, "a.jpg")
	if same != copied {
		t.Error("the same files in another folder are another set")
	}
	here.Heading, here.HasHeading = 3, true
	if key(here, "a.jpg") == same || key(exif.Meta{Pos: at(1, 1), HasPos: true}, "b.jpg") == same {
		t.Error("other files are the same set")
	}
}

func TestWrongFolders(t *testing.T) {
	spec := village(t)
	empty, file := t.TempDir(), filepath.Join(t.TempDir(), "x.jpg")
	photo(t, file, exif.Meta{})
	bare := filepath.Dir(file)
	far := t.TempDir()
	photo(t, filepath.Join(far, "f.jpg"), exif.Meta{Pos: orb.Point{-75, 39}, HasPos: true})
	for _, c := range []struct {
		dir  string
		want []string
	}{
		{filepath.Join(empty, "nowhere"), []string{"nowhere", "give the folder"}},
		{file, []string{file, "is a file"}},
		{empty, []string{empty, "no image file"}},
		{bare, []string{bare, "none of 1 image files has an EXIF position", "GPSLatitude"}},
		{far, []string{far, "of 1 image files 1 have a position", "none of them in village"}},
	} {
		s, err := Folder(spec, c.dir)
		ctx := inStore(t)
		if err == nil {
			_, _, err = Open(ctx, s)
		}
		for _, want := range c.want {
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) {
				t.Errorf("%s: error %v, want one with %q", c.dir, err, want)
			}
		}
		st, err := store.From(ctx)
		if err != nil {
			t.Fatal(err)
		}
		arts, err := st.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range arts {
			if a.Manifest.Kind == "views" {
				t.Errorf("%s: a failed build leaves artefact %s behind", c.dir, a.Ref())
			}
		}
	}
}

// byFile opens the folder that testdata/photos.py wrote.
func byFile(t *testing.T, change func(*Spec)) (*city.City, *Set, map[string]View, *store.Artefact) {
	t.Helper()
	spec, err := Folder(village(t), "testdata/photos")
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&spec)
	}
	ctx := inStore(t)
	c, set, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	a, err := store.Get(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	views := map[string]View{}
	for _, v := range set.Views {
		views[v.File] = v
	}
	return c, set, views, a
}

// TestPhotographs reads real JPEG, PNG and WebP files with EXIF, XMP and a
// sidecar.
func TestPhotographs(t *testing.T) {
	c, set, views, art := byFile(t, nil)
	day := time.Date(2024, 5, 17, 10, 0, 0, 0, time.UTC)
	declination := func(file string) float64 {
		h, err := TrueNorth(0, views[file].Pos, views[file].Taken)
		if err != nil {
			t.Fatal(err)
		}
		return geo.Bearing(0).Diff(h)
	}
	if d := declination("b-magnetic.jpg"); d < 3 || d > 6 { // in Thuringia in 2024
		t.Fatalf("declination %v", d)
	}
	for _, tt := range []struct {
		file    string
		x, y    float64
		heading float64 // negative: none
		taken   time.Time
		street  string
	}{
		{"a-true.jpg", -150, -3, 90, day, "High Street"},
		{"b-magnetic.jpg", 100, 2, 270 + declination("b-magnetic.jpg"), day, "High Street"},
		{"c-magnetic-undated.png", 50, 2, 270 + declination("c-magnetic-undated.png"), time.Time{}, "High Street"},
		{"d-panorama.webp", 2, 60, 45, time.Time{}, "Elm Lane"},
		{"e-sideways.jpg", -148, -3, 92, day, "High Street"},
		{"f-elsewhere.jpg", 150, -3, 90, time.Time{}, "High Street"},
		{"meadow.jpg", -150, 160, 0, time.Time{}, ""},
		{"north/bare.jpg", 85.8, 11.1, 10, time.UnixMilli(1715940000000), "High Street"},
	} {
		v, ok := views[tt.file]
		if !ok {
			t.Errorf("%s is no view", tt.file)
			continue
		}
		if d := geo.Distance(v.Pos, at(tt.x, tt.y)); d > 0.5 {
			t.Errorf("%s stands %v from its place", tt.file, d)
		}
		if v.HasHeading != (tt.heading >= 0) || math.Abs(v.Heading.Diff(geo.NormalBearing(tt.heading))) > 0.01 {
			t.Errorf("%s looks to %v (%v), want %v", tt.file, v.Heading, v.HasHeading, tt.heading)
		}
		if !v.Taken.Equal(tt.taken) {
			t.Errorf("%s was taken at %v, want %v", tt.file, v.Taken, tt.taken)
		}
		name := ""
		if v.Street != city.None {
			name = c.DisplayName(v.Street)
		}
		if name != tt.street {
			t.Errorf("%s stands on %q, want %q", tt.file, name, tt.street)
		}
		if len(v.SHA256) != 64 || v.Hash == 0 || v.Origin != Photo {
			t.Errorf("%s: %+v", tt.file, v)
		}
	}
	if len(set.Views) != 8 {
		t.Errorf("%d views, want 8", len(set.Views))
	}
	if id := views["north/bare.jpg"].ID; id != 9007199254740993 {
		t.Errorf("the id 9007199254740993 of the sidecar is read as %d", id)
	}
	// A picture that lies on its side is the same once upright.
	if d := views["a-true.jpg"].Hash.Distance(views["e-sideways.jpg"].Hash); d > 6 {
		t.Errorf("upright, e-sideways.jpg is %d bits away from a-true.jpg", d)
	}
	img, err := set.Image(views["e-sideways.jpg"])
	if err != nil || img.Bounds() != image.Rect(0, 0, 60, 45) || imagehash.Of(img).Distance(views["e-sideways.jpg"].Hash) > 2 {
		t.Errorf("e-sideways.jpg: %v, %v", img, err)
	}

	wantSkipped := map[string]struct {
		reason Reason
		detail string
	}{
		"north/twin.JPG":    {Duplicate, "a-true.jpg"},
		"north/zug 8.png":   {BadRow, "positions.csv, line 3: latitude 150 is not within -90 to 90, but the longitude 10.001 would be; the two are swapped"},
		"north/no-row.webp": {NoPosition, ""},
		"pole.jpg":          {NoPosition, "GPSLatitude 95 is not within -90 to 90 degrees; correct the tag"},
		"cut-off.jpg":       {Unreadable, "invalid JPEG format"},
	}
	for _, s := range set.Skipped {
		w, ok := wantSkipped[s.File]
		if !ok || s.Reason != w.reason || !strings.Contains(s.Detail, w.detail) {
			t.Errorf("skipped %+v, want %+v", s, w)
		}
	}
	if len(set.Skipped) != len(wantSkipped) {
		t.Errorf("skipped %+v", set.Skipped)
	}

	r := set.Report()
	if r.Images != 13 || r.Views != 8 || r.Anchored != 7 || r.Origins[Photo] != 8 || r.Reach != AnchorReach ||
		r.Headings != (Headings{Known: 8, Magnetic: 2, Undated: 1, Pano: 1, Sidecar: 1}) {
		t.Errorf("report %+v", r)
	}
	if r.Images != r.Views+len(set.Skipped) {
		t.Errorf("of %d images %d are views and %d skipped", r.Images, r.Views, len(set.Skipped))
	}
	if len(r.Streetless) != 1 || r.Streetless[0].File != "meadow.jpg" || math.Abs(float64(r.Streetless[0].Nearest)-100) > 1 || r.Streetless[0].ID != views["meadow.jpg"].ID {
		t.Errorf("without a street: %+v", r.Streetless)
	}
	if len(r.Near) != 1 || r.Near[0].File != "e-sideways.jpg" || r.Near[0].Of != "a-true.jpg" || math.Abs(float64(r.Near[0].Distance)-2) > 0.1 {
		t.Errorf("near duplicates: %+v", r.Near)
	}
	use := r.Sidecar
	if use == nil || use.Rows != 4 || use.Used != 2 || use.First ||
		!slices.Equal(use.NoFile, []SidecarRow{{5, "nowhere.jpg"}}) || len(use.NoRow) != 10 || !slices.Contains(use.NoRow, "pole.jpg") ||
		len(use.Problems) != 2 || use.Problems[0].Line != 3 || !strings.Contains(use.Problems[1].Text, "line 6: a-true.jpg has a row already, in line 4") {
		t.Errorf("sidecar: %+v", use)
	}
	data, err := os.ReadFile(art.Path("report.json"))
	var stored Report
	if err == nil {
		err = json.Unmarshal(data, &stored)
	}
	if again, _ := json.Marshal(stored); err != nil || string(again) != string(must(json.Marshal(r))) {
		t.Errorf("report.json says %s, %v", data, err)
	}
	if !strings.Contains(string(data), fmt.Sprintf(`"id": "%d"`, views["meadow.jpg"].ID)) {
		t.Error("report.json writes ids as numbers, which JavaScript rounds")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestSidecarGoesFirst(t *testing.T) {
	_, set, views, _ := byFile(t, func(s *Spec) {
		with, err := s.WithSidecar("testdata/photos/positions.csv", true)
		if err != nil {
			t.Fatal(err)
		}
		*s = with
	})
	// Line 4 moves a-true.jpg and turns it round; its time stays that of EXIF.
	if v := views["a-true.jpg"]; v.Heading != 180 || v.Pos != (orb.Point{9.9986, 50}) || v.Taken.IsZero() {
		t.Errorf("a-true.jpg: %+v", v)
	}
	if u := set.Reading.Sidecar; !u.First || set.Reading.Headings.Sidecar != 2 {
		t.Errorf("%+v, %+v", u, set.Reading.Headings)
	}
}

func TestWithoutSidecar(t *testing.T) {
	var folder, bare string
	_, set, views, _ := byFile(t, func(s *Spec) {
		without, err := s.WithSidecar("", false)
		if err != nil {
			t.Fatal(err)
		}
		folder, bare = must(store.Key(*s)), must(store.Key(without))
		*s = without
	})
	if _, ok := views["north/bare.jpg"]; ok || set.Reading.Sidecar != nil {
		t.Error("a sidecar that is not to count counts")
	}
	if folder == bare {
		t.Error("with and without a sidecar the set is the same")
	}
	if _, err := Render(village(t), 3).WithSidecar("testdata/photos/positions.csv", false); err == nil {
		t.Error("drawn views take a sidecar")
	}
	if _, err := must(Folder(village(t), "testdata/photos")).WithSidecar("nowhere.csv", false); err == nil || !strings.Contains(err.Error(), "nowhere.csv") {
		t.Errorf("a sidecar that is not there: %v", err)
	}
}

func TestNearRules(t *testing.T) {
	_, set, views, _ := byFile(t, func(s *Spec) { s.Near.Skip = true })
	i := slices.IndexFunc(set.Skipped, func(s Skipped) bool { return s.Reason == NearTwin })
	if _, ok := views["e-sideways.jpg"]; ok || i < 0 || set.Skipped[i].File != "e-sideways.jpg" || !strings.HasPrefix(set.Skipped[i].Detail, "a-true.jpg (") {
		t.Errorf("near duplicates left out: %+v", set.Skipped)
	}
	_, set, views, _ = byFile(t, func(s *Spec) { s.Near.Within = 400 })
	if len(set.Reading.Near) != 2 || set.Reading.Near[1].File != "f-elsewhere.jpg" {
		t.Errorf("within 400 m: %+v", set.Reading.Near)
	}
	_, set, views, _ = byFile(t, func(s *Spec) { s.Near.Off = true })
	if len(set.Reading.Near) != 0 || views["a-true.jpg"].Hash != 0 || views["a-true.jpg"].SHA256 == "" {
		t.Errorf("without hashes: %+v", set.Reading.Near)
	}
	for _, bad := range []NearRule{{Bits: -1}, {Bits: 40}, {Within: -1}, {Within: geo.Metres(math.NaN())}, {Off: true, Skip: true}} {
		s := Render(village(t), 3)
		s.Near = bad
		if _, _, err := Open(inStore(t), s); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

// TestNearFinder shows it pictures on a line.
func TestNearFinder(t *testing.T) {
	c := villageCity(t)
	view := func(name string, x float64, h imagehash.Hash) *View { return &View{File: name, Pos: at(x, 0), Hash: h} }
	show := func(rule NearRule, want ...string) {
		t.Helper()
		n := newNearFinder(c, rule)
		var got []string
		for _, v := range []*View{
			view("a", 0, 0b1), view("b", 9, 0b11), view("c", 18.4, 0b111), view("d", 5, 1<<63|0b11111), view("e", 1, 0b1), view("f", -200, 0b1),
		} {
			twin, ok := n.find(v)
			if ok {
				got = append(got, fmt.Sprintf("%s like %s: %d bits, %.0f m", twin.File, twin.Of, twin.Bits, float64(twin.Distance)))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %q, want %q", rule, got, want)
		}
	}
	show(NearRule{}, "b like a: 1 bits, 9 m", "c like b: 1 bits, 9 m", "d like b: 4 bits, 4 m", "e like a: 0 bits, 1 m")
	// Once b is left out, nothing is like c.
	show(NearRule{Skip: true}, "b like a: 1 bits, 9 m", "d like a: 5 bits, 5 m", "e like a: 0 bits, 1 m")
	show(NearRule{Bits: 1, Within: 2}, "e like a: 0 bits, 1 m")
}

// TestOrientedHashes compares the two ways to hash a picture that lies on its
// side: turned as a whole, and turned once it is small.
func TestOrientedHashes(t *testing.T) {
	img, err := DecodeFile("testdata/photos/f-elsewhere.jpg")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[imagehash.Hash]bool{}
	for o := range 10 {
		whole, small := imagehash.Of(upright(img, o)), imagehash.OfOriented(img, o)
		if whole.Distance(small) > 2 {
			t.Errorf("orientation %d: %v and %v", o, whole, small)
		}
		seen[small] = true
	}
	if len(seen) != 8 {
		t.Errorf("8 orientations have %d hashes", len(seen))
	}
}

// TestAcrossTheAntimeridian reads a photograph west of the 180th meridian in a
// city whose places count on beyond it.
func TestAcrossTheAntimeridian(t *testing.T) {
	dir := t.TempDir()
	photo(t, filepath.Join(dir, "a.jpg"), exif.Meta{Pos: orb.Point{-179.999, -16.8}, HasPos: true, Heading: 90, HasHeading: true, Magnetic: true})
	photo(t, filepath.Join(dir, "b.jpg"), exif.Meta{Pos: orb.Point{179.999, -16.8}, HasPos: true})
	frame := geo.Frame{Origin: orb.Point{180, -16.8}}
	c := &city.City{
		Frame: frame, Bound: orb.Bound{Min: orb.Point{179.9, -17}, Max: orb.Point{180.1, -16}},
		Nodes: []city.Node{{Kind: city.Street, Geometry: orb.LineString{{179.998, -16.8001}, {180.002, -16.8001}}}},
	}
	h := &haul{dir: dir, images: []found{{file: "a.jpg", origin: Photo}, {file: "b.jpg", origin: Photo}}}
	set, err := gather(t.Context(), c, h, Spec{Origin: Photo, Reach: 50}, filepath.Join(t.TempDir(), journalFile))
	if err != nil || len(set.Views) != 2 {
		t.Fatalf("%+v, %v", set, err)
	}
	for i, lon := range []float64{180.001, 179.999} {
		if v := set.Views[i]; math.Abs(v.Pos[0]-lon) > 1e-9 || v.Street != 0 || math.Abs(float64(v.Distance)-11.1) > 0.2 {
			t.Errorf("%s: %+v", v.File, v)
		}
	}
}

// TestInterruptedReading stops the reading of a folder in the middle: what was
// read is not read again.
func TestInterruptedReading(t *testing.T) {
	spec := must(Folder(village(t), "testdata/photos"))
	_, want, whole, _ := byFile(t, nil)
	files := must(imageFiles("testdata/photos"))
	h := func() *haul {
		h := &haul{dir: "testdata/photos", images: make([]found, len(files))}
		for i, f := range files {
			h.images[i] = found{file: f, origin: Photo}
		}
		h.sidecar = join(spec.Dir, h.images, must(sidecar.Read(spec.Sidecar)), false)
		return h
	}
	path := filepath.Join(t.TempDir(), journalFile)
	j := must(openJournal(path))
	c := villageCity(t)
	for i, img := range h().images[:6] {
		l := look(c, "testdata/photos", &img, true)
		if l.skip.File == "" {
			Anchor(c, &l.view, AnchorReach)
		}
		if i == 0 {
			l.view.Credit = "read before"
		}
		if err := j.note(img.file, l); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.close(true); err != nil {
		t.Fatal(err)
	}
	data := must(os.ReadFile(path))
	write(t, path, data[:len(data)-9]) // the last line is cut off
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := gather(ctx, c, h(), spec, path); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled reading ends with %v", err)
	}
	set, err := gather(t.Context(), c, h(), spec, path)
	if err != nil {
		t.Fatal(err)
	}
	if set.Views[0].Credit != "read before" {
		t.Error("a file was read again")
	}
	set.Views[0].Credit = ""
	for _, v := range set.Views {
		if w := whole[v.File]; !v.Taken.Equal(w.Taken) || v.Hash != w.Hash || v.Pos != w.Pos || v.Street != w.Street || v.ID != w.ID || v.Heading != w.Heading || v.SHA256 != w.SHA256 || v.Distance != w.Distance {
			t.Errorf("%+v, read at once %+v", v, w)
		}
	}
	if len(set.Views) != len(want.Views) || !slices.Equal(set.Skipped, want.Skipped) && len(set.Skipped) != len(want.Skipped) || set.Reading.Headings != want.Reading.Headings {
		t.Errorf("%+v, read at once %+v", set, want)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the journal is still there: %v", err)
	}
}

// TestJoin gives rows to files by names as people write them.
func TestJoin(t *testing.T) {
	images := []found{{file: "a/one.jpg"}, {file: "b/one.jpg"}, {file: "b/Cafe\u0301 2.JPG"}, {file: "123456789012345.jpg"}, {file: "only.webp"}}
	for _, tt := range []struct {
		row  sidecar.Row
		want int // -1: none, -2: an ambiguity
	}{
		{sidecar.Row{File: "a/one.jpg"}, 0},
		{sidecar.Row{File: "/photos/b/one.jpg"}, 1},
		{sidecar.Row{File: "B/ONE.JPG"}, 1},
		{sidecar.Row{File: "one.jpg"}, -2},
		{sidecar.Row{File: "caf\u00e9 2.jpg"}, 2},
		{sidecar.Row{File: "other/only.webp"}, 4},
		{sidecar.Row{File: "only"}, 4},
		{sidecar.Row{ID: 123456789012345}, 3},
		{sidecar.Row{File: "only.png"}, -1},
		{sidecar.Row{File: "../one"}, -2},
	} {
		tt.row.Line, tt.row.HasPos = 7, true
		files := slices.Clone(images)
		use := join("/photos", files, &sidecar.Table{Path: "t.csv", Rows: []sidecar.Row{tt.row}}, false)
		got := slices.IndexFunc(files, func(f found) bool { return f.facts.hasPos })
		switch {
		case tt.want >= 0 && (got != tt.want || use.Used != 1 || len(use.NoRow) != 4),
			tt.want == -1 && (got != -1 || len(use.NoFile) != 1),
			tt.want == -2 && (got != -1 || len(use.Problems) != 1 || !strings.Contains(use.Problems[0].Text, "fits 2 files; write the path")):
			t.Errorf("%+v belongs to %d, want %d: %+v", tt.row, got, tt.want, use)
		}
	}
	// Two rows with one id: the second file gets another.
	files := slices.Clone(images)
	use := join("/photos", files, &sidecar.Table{Rows: []sidecar.Row{{Line: 2, File: "a/one.jpg", ID: 700000000000001}, {Line: 3, File: "b/one.jpg", ID: 700000000000001}, {Line: 4, File: "only", ID: 12}}}, false)
	if files[0].id != 700000000000001 || files[1].id != 0 || files[4].id != 0 || len(use.Problems) != 1 {
		t.Errorf("ids %d, %d and %d, %+v", files[0].id, files[1].id, files[4].id, use.Problems)
	}
}
