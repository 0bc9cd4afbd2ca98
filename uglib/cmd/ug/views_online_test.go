package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/internal/streetserver"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/streetview/kartaview"
	"urbangraph/uglib/streetview/mapillary"
)

const testToken = "MLY|1|notforeyes"

// service starts a street-view service that has n photographs in the area of a
// city.
func service(t *testing.T, city string, n int, first int64) *streetserver.Server {
	t.Helper()
	b, err := geo.ParseBound(mustJSON[cityResult](t, "city", "--pbf", city).Bound)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 7))
	s := &streetserver.Server{Token: testToken}
	for i := range n {
		s.Photos = append(s.Photos, streetserver.Photo{
			ID: first + int64(i), Lon: b.Min[0] + r.Float64()*(b.Max[0]-b.Min[0]), Lat: b.Min[1] + r.Float64()*(b.Max[1]-b.Min[1]),
			Heading: float64(i % 360), Taken: time.Date(2021, 1, 1, 0, i, 0, 0, time.UTC), Creator: "carla", Pano: i%10 == 9,
		})
	}
	base := s.Start(t)
	t.Setenv(mapillary.URLVariable, base)
	t.Setenv(kartaview.URLVariable, base)
	t.Setenv(mapillary.TokenVariable, "")
	t.Setenv(kartaview.TokenVariable, "")
	return s
}

func TestMapillaryViews(t *testing.T) {
	home := t.TempDir()
	t.Setenv(store.HomeVariable, home)
	s := service(t, town, 50, 200000000000000001)
	failed := false
	s.Fault = func(c streetserver.Call) *streetserver.Fault {
		if c.Kind == "images" && !failed {
			failed = true
			return &streetserver.Fault{Half: true}
		}
		return nil
	}
	s.Photos[4].Withdrawn = true
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(testToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"views", "--pbf", town, "--mapillary", "--token-file", file, "--max", "30", "--spacing", "5", "--since", "2021-01-01T00:01:00Z", "--fetch-rate", "100"}
	r := mustJSON[viewsResult](t, args...)
	if r.Views < 20 || r.Views > 30 || r.Origins["mapillary"] != r.Views || r.Anchored == 0 || r.Credit != "1 contributors to Mapillary, CC BY-SA 4.0" {
		t.Fatalf("views = %+v", r)
	}
	asked := len(s.Calls(""))
	for _, c := range s.Calls("") {
		if strings.Contains(c.URL, "notforeyes") {
			t.Errorf("the token is in %s", c.URL)
		}
	}
	// The same again comes from the store, without network and token.
	code, out, errOut := ug(t, "views", "--pbf", town, "--mapillary", "--max", "30", "--spacing", "5", "--since", "2021-01-01T00:01:00Z")
	if code != 0 || !strings.Contains(out, "CC BY-SA 4.0") || len(s.Calls("")) != asked {
		t.Errorf("status %d, %d requests\n%s%s", code, len(s.Calls(""))-asked, out, errOut)
	}
	// What was fetched is metadata that can be read elsewhere.
	again := mustJSON[viewsResult](t, "views", "--pbf", town, "--mapillary-file", filepath.Join(r.Dir, mapillary.PhotosFile), "--photos", r.Images)
	if again.Views != r.Views || again.Origins["mapillary"] != r.Views || again.Images != r.Images {
		t.Errorf("read again = %+v", again)
	}
	part := mustJSON[viewsResult](t, "views", "--pbf", town, "--mapillary-file", filepath.Join(r.Dir, mapillary.PhotosFile), "--max", "3")
	if part.Views != 3 {
		t.Errorf("three of them = %+v", part)
	}
}

func TestMapillaryWithoutToken(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	s := service(t, town, 5, 200000000000000001)
	if code, _, errOut := ug(t, "views", "--pbf", town, "--mapillary"); code != exitFailure || !strings.Contains(errOut, mapillary.TokenVariable) {
		t.Errorf("status %d: %s", code, errOut)
	}
	t.Setenv(mapillary.TokenVariable, "MLY|wrong|notforeyes")
	if code, _, errOut := ug(t, "views", "--pbf", town, "--mapillary"); code != exitFailure || !strings.Contains(errOut, "not valid") || strings.Contains(errOut, "notforeyes") {
		t.Errorf("status %d: %s", code, errOut)
	}
	if n := len(s.Calls("")); n == 0 || n > 8 {
		t.Errorf("%d requests", n)
	}
}

func TestKartaViewViews(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	s := service(t, town, 20, 1000001)
	s.Token = ""
	r := mustJSON[viewsResult](t, "views", "--pbf", town, "--kartaview", "--max", "12", "--fetch-rate", "100", "--panoramas", "with")
	if r.Views != 12 || r.Origins["kartaview"] != 12 || !strings.Contains(r.Credit, "KartaView, CC BY-SA 4.0") {
		t.Errorf("views = %+v", r)
	}
}

// TestMapillaryDataset builds a dataset from fetched photographs.
func TestMapillaryDataset(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	service(t, grid, 120, 300000000000000001)
	t.Setenv(mapillary.TokenVariable, testToken)
	built := mustJSON[dataResult](t, "data", "build", "--pbf", grid, "--mapillary", "--max", "80", "--fetch-rate", "100")
	n := 0
	for _, x := range built.Places["grid"] {
		n += x
	}
	if n < 20 || built.Origins[string(streetview.FromMapillary)] != n {
		t.Errorf("data = %+v", built)
	}
}

func TestOnlineFlags(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	for want, flags := range map[string]string{
		"give one":                     "--mapillary --kartaview",
		"are different photographs":    "--mapillary --photos x",
		"--max is for":                 "--max 3",
		"--since is for photographs":   "--since 2020-01-01",
		"--count is for drawn views":   "--mapillary --count 3",
		"--organization is for":        "--kartaview --organization 3",
		"--token-file is for a":        "--mapillary-file x --token-file y",
		"is no date":                   "--mapillary --since yesterday",
		"none of skip, with and only":  "--mapillary --panoramas some",
		"no level 40":                  "--mapillary --spread-level 40",
		"512 pixels":                   "--mapillary --image-size 512",
		"must be positive":             "--mapillary --fetch-rate -1",
		"at most -3":                   "--kartaview --max -3",
		"no photograph is taken from ": "--kartaview --since 2020-01-02 --until 2020-01-01",
	} {
		code, _, errOut := ug(t, append([]string{"views", "--pbf", town}, strings.Fields(flags)...)...)
		if code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%s: status %d: %s, want %q", flags, code, errOut, want)
		}
	}
	if code, _, errOut := ug(t, "views", "--pbf", town, "--mapillary-file", "nowhere.jsonl"); code != exitFailure || !strings.Contains(errOut, "nowhere.jsonl") {
		t.Errorf("status %d: %s", code, errOut)
	}
	if code, _, errOut := ug(t, "views", "--pbf", town, "--mapillary", "--token-file", "nowhere"); code != exitFailure || !strings.Contains(errOut, "nowhere") {
		t.Errorf("status %d: %s", code, errOut)
	}
}
