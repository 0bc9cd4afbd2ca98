package streetview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/internal/streetserver"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview/kartaview"
	"urbangraph/uglib/streetview/mapillary"
)

// childVariable makes the test binary open the set of a service, as a process
// of its own that can be killed.
const childVariable = "UG_STREETVIEW_TEST_CHILD"

func TestMain(m *testing.M) {
	if extract := os.Getenv(childVariable); extract != "" {
		c, err := city.FromFile(extract, "village", nil)
		if err == nil {
			ctx := mapillary.With(context.Background(), mapillary.Options{Rate: 200, Parallel: 2, ImageRate: 500, ImageParallel: 2})
			_, _, err = Open(ctx, Mapillary(c, mapillary.Query{}))
		}
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const onlineToken = "MLY|1|notforeyes"

// street starts a service that has n photographs of the village.
func street(t *testing.T, n int, first int64) *streetserver.Server {
	t.Helper()
	b := villageCity(t).Bound
	r := rand.New(rand.NewPCG(5, 5))
	s := &streetserver.Server{}
	for i := range n {
		s.Photos = append(s.Photos, streetserver.Photo{
			ID: first + int64(i), Lon: b.Min[0] + r.Float64()*(b.Max[0]-b.Min[0]), Lat: b.Min[1] + r.Float64()*(b.Max[1]-b.Min[1]),
			Heading: float64(i), Taken: time.Date(2022, 6, 1, 12, i, 0, 0, time.UTC), Creator: "zoë",
		})
	}
	base := s.Start(t)
	t.Setenv(mapillary.URLVariable, base)
	t.Setenv(kartaview.URLVariable, base)
	t.Setenv(mapillary.TokenVariable, onlineToken)
	t.Setenv(kartaview.TokenVariable, "")
	return s
}

func quick(ctx context.Context) context.Context {
	return kartaview.With(mapillary.With(ctx, mapillary.Options{Rate: 200, ImageRate: 500}), kartaview.Options{Rate: 200, ImageRate: 500})
}

func TestMapillarySet(t *testing.T) {
	s := street(t, 40, 123456789012345678)
	s.Token = onlineToken
	s.Photos[7].Withdrawn = true
	s.Photos[8].Heading = -1 // unknown
	ctx := quick(inStore(t))
	spec := Mapillary(village(t), mapillary.Query{})
	c, set, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Views) != 39 || len(set.Skipped) != 1 || set.Skipped[0].Reason != NotFetched || set.Skipped[0].File != strconv.FormatInt(s.Photos[7].ID, 10) {
		t.Fatalf("%d views, skipped %v", len(set.Views), set.Skipped)
	}
	for i, v := range set.Views {
		p := s.Photos[v.ID-123456789012345678]
		if v.Origin != FromMapillary || v.Credit != "zoë on Mapillary, CC BY-SA 4.0" || v.Pos != (orb.Point{p.Lon, p.Lat}) || v.HasHeading != (p.Heading >= 0) || !v.Taken.Equal(p.Taken) {
			t.Errorf("view %d = %+v", i, v)
		}
		if img, err := set.Image(v); err != nil || img.Bounds().Dx() != 96 {
			t.Errorf("image of %d: %v", v.ID, err)
		}
		if v.Street != city.None && v.Distance > spec.Reach || int(v.Street) >= len(c.Nodes) {
			t.Errorf("view %d is anchored to %d at %v", v.ID, v.Street, v.Distance)
		}
	}
	a, err := store.Get(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if sum := a.Manifest.Summary; sum["licence"] != mapillary.Licence || sum["credit"] != "1 contributors to Mapillary, CC BY-SA 4.0" || sum["photographs found"] != 40.0 || sum["retrieved"] == nil {
		t.Errorf("summary %v", sum)
	}
	asked := len(s.Calls(""))
	if _, again, err := Open(ctx, spec); err != nil || len(again.Views) != 39 || len(s.Calls("")) != asked {
		t.Errorf("opened again: %v, %d requests", err, len(s.Calls(""))-asked)
	}
	data, err := json.Marshal(spec)
	if err != nil || strings.Contains(string(data), "notforeyes") {
		t.Errorf("spec %s, %v", data, err)
	}
	noTokenIn(t, a.Dir)
}

// noTokenIn checks that no file holds the token.
func noTokenIn(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "notforeyes") {
			t.Errorf("the token is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestKartaViewSet(t *testing.T) {
	s := street(t, 20, 1000001)
	_, set, err := Open(quick(inStore(t)), KartaView(village(t), kartaview.Query{}))
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Views) != 20 {
		t.Fatalf("%d views, skipped %v", len(set.Views), set.Skipped)
	}
	for _, v := range set.Views {
		if v.ID < 8e15+1000001 || v.ID > 9e15 || v.Origin != FromKartaView || !strings.HasSuffix(v.Credit, "on KartaView, CC BY-SA 4.0") || v.File != strconv.FormatInt(v.ID, 10)+".jpg" {
			t.Errorf("view %+v", v)
		}
	}
	if n := len(s.Calls("details")); n != 1 {
		t.Errorf("%d requests for details", n)
	}
}

// TestKilledFetch kills a process with SIGKILL while it searches and while it
// fetches files; the next one goes on, and the set is whole.
func TestKilledFetch(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	s := street(t, 40, 123456789012345678)
	s.Token = onlineToken
	root := store.At(t.TempDir())
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, stop := range []struct {
		kind string
		n    int
	}{{"images", 1}, {"file", 6}, {"file", 9}} {
		reached := make(chan struct{})
		n := 0
		s.Lock(func() {
			s.Fault = func(c streetserver.Call) *streetserver.Fault {
				if c.Kind != stop.kind {
					return nil
				}
				if n++; n == stop.n {
					close(reached)
				}
				if n >= stop.n {
					return &streetserver.Fault{Delay: time.Hour}
				}
				return nil
			}
		})
		cmd := exec.CommandContext(t.Context(), exe)
		cmd.Env = append(os.Environ(), childVariable+"=render/testdata/village.osm", store.HomeVariable+"="+root.Root())
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-reached:
		case err := <-ended:
			t.Fatalf("the process ended by itself: %v: %s", err, said.String())
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-ended
	}
	s.Lock(func() { s.Fault = nil })
	before := len(s.Calls("file"))
	_, set, err := Open(quick(store.With(t.Context(), root)), Mapillary(village(t), mapillary.Query{}))
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Views) != 40 {
		t.Errorf("%d views", len(set.Views))
	}
	// 5 and 8 files were fetched by the processes that were killed, but for
	// those on their way.
	if n := len(s.Calls("file")) - before; n > 40-5-8+4 {
		t.Errorf("%d files were fetched again", n)
	}
	noTokenIn(t, root.Root())
}

// TestMapillaryFile reads what was fetched, and what others fetched, without
// network.
func TestMapillaryFile(t *testing.T) {
	street(t, 30, 123456789012345678)
	ctx := quick(inStore(t))
	_, first, err := Open(ctx, Mapillary(village(t), mapillary.Query{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(mapillary.URLVariable, "https://127.0.0.1:1")
	rows := filepath.Join(filepath.Dir(first.Dir), mapillary.PhotosFile)
	spec, err := MapillaryFile(village(t), rows, "", mapillary.Query{})
	if err != nil {
		t.Fatal(err)
	}
	_, again, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Views) != len(first.Views) || again.Dir != first.Dir {
		t.Fatalf("%d views of %s, want %d of %s", len(again.Views), again.Dir, len(first.Views), first.Dir)
	}
	for i, v := range again.Views {
		if v != first.Views[i] {
			t.Errorf("view %+v, want %+v", v, first.Views[i])
		}
	}

	// The form of the reference: ids as strings or numbers, rows without files,
	// outside of the city, damaged, and twice.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "images"), 0o755); err != nil {
		t.Fatal(err)
	}
	place := at(3, 4)
	row := func(id string, p orb.Point) string {
		return fmt.Sprintf(`{"mapillary_id": %s, "geometry": {"type": "Point", "coordinates": [%.7f, %.7f]}, "url": "https://x/y.jpg", "city": "village", "compass_angle": 45.5}`, id, p[0], p[1])
	}
	for _, id := range []int64{100000000000001, 9007199254740993, 42, 100000000000003} {
		write(t, filepath.Join(dir, "images", strconv.FormatInt(id, 10)+".jpg"), streetserver.Picture(id))
	}
	table := strings.Join([]string{
		row(`"100000000000001"`, place), row(`9007199254740993`, at(10, 10)), row(`"42"`, at(-20, 5)),
		row(`"100000000000002"`, place), row(`"100000000000003"`, orb.Point{1, 1}), row(`"100000000000001"`, at(5, 5)), "damaged",
	}, "\n")
	path := filepath.Join(dir, "mapillary_results_cleaned.jsonl")
	write(t, path, []byte(table))
	spec, err = MapillaryFile(village(t), path, "", mapillary.Query{})
	if err != nil {
		t.Fatal(err)
	}
	_, set, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range set.Views {
		got = append(got, fmt.Sprintf("%d %s %.1f", v.ID, v.File, float64(v.Heading)))
	}
	if want := "42 42.jpg 45.5, 100000000000001 100000000000001.jpg 45.5, 9007199254740993 9007199254740993.jpg 45.5"; strings.Join(got, ", ") != want {
		t.Errorf("views %v, want %s", got, want)
	}
	var skipped []string
	for _, x := range set.Skipped {
		skipped = append(skipped, x.File+" "+string(x.Reason))
	}
	if want := "line 7 bad metadata, 100000000000002 no file"; strings.Join(skipped, ", ") != want {
		t.Errorf("skipped %v, want %s", skipped, want)
	}

	write(t, path, []byte(table+"\n"))
	if other, err := MapillaryFile(village(t), path, "", mapillary.Query{}); err != nil || other.Content == spec.Content {
		t.Errorf("other rows are the same set: %v", err)
	}
	for want, call := range map[string]func() (Spec, error){
		"none.jsonl":       func() (Spec, error) { return MapillaryFile(village(t), "none.jsonl", "", mapillary.Query{}) },
		"nowhere":          func() (Spec, error) { return MapillaryFile(village(t), path, "nowhere", mapillary.Query{}) },
		"holds no image f": func() (Spec, error) { return MapillaryFile(village(t), path, t.TempDir(), mapillary.Query{}) },
	} {
		if _, err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	far := spec
	far.Mapillary = &mapillary.Query{Limits: mapillary.Limits{Creator: "nobody"}}
	if _, _, err := Open(ctx, far); err == nil || !strings.Contains(err.Error(), "by another creator") {
		t.Errorf("error %v", err)
	}
}

// TestServiceErrors says that what goes wrong is told with its cure, and that
// nothing of it stays in the store as a set.
func TestServiceErrors(t *testing.T) {
	s := street(t, 10, 123456789012345678)
	s.Token = "another"
	ctx := quick(inStore(t))
	spec := Mapillary(village(t), mapillary.Query{})
	_, _, err := Open(ctx, spec)
	if err == nil || !strings.Contains(err.Error(), mapillary.TokenVariable) || strings.Contains(err.Error(), "notforeyes") {
		t.Errorf("error %v", err)
	}
	from, _ := store.From(ctx)
	if _, err := from.Lookup(spec); !errors.Is(err, store.ErrAbsent) {
		t.Errorf("the store holds a set: %v", err)
	}
	for want, spec := range map[string]Spec{
		"no query": {City: village(t), Origin: FromMapillary, Reach: 50},
		"have no query; make the spec with streetview.KartaView": {City: village(t), Origin: FromKartaView, Reach: 50},
		"512 pixels": Mapillary(village(t), mapillary.Query{Size: 512}),
		"at most -1": KartaView(village(t), kartaview.Query{Limits: kartaview.Limits{Max: -1}}),
	} {
		if _, _, err := Open(ctx, spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestOnlineSpecReadBack says that a spec that is read back from its JSON is
// the same set.
func TestOnlineSpecReadBack(t *testing.T) {
	limits := mapillary.Limits{
		Bound: orb.Bound{Min: orb.Point{1, 2}, Max: orb.Point{3, 4}}, Since: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), Creator: "zoë",
		Panoramas: mapillary.WithPanoramas, Max: 5, PerCell: 2, CellLevel: 14, Spacing: 7.5, Seed: 1 << 60, Original: true,
	}
	for _, spec := range []Spec{
		Mapillary(village(t), mapillary.Query{}),
		Mapillary(village(t), mapillary.Query{Limits: limits, Organization: 9007199254740993, Sequences: []string{"a"}, Size: -1}),
		KartaView(village(t), kartaview.Query{Limits: limits}),
	} {
		data, err := json.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		var again Spec
		if err := json.Unmarshal(data, &again); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		a, err := store.Key(spec)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := store.Key(again); err != nil || a != b {
			t.Errorf("%s has the key %s, read back %s, %v", data, a, b, err)
		}
	}
	if a, b := must(store.Key(Mapillary(village(t), mapillary.Query{}))), must(store.Key(KartaView(village(t), kartaview.Query{}))); a == b {
		t.Error("both services have the same set")
	}
}
