package ugdata

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/geo/geoparquet"
)

// smallTables are the tables of three places.
func smallTables(t testing.TB) map[string][]byte {
	t.Helper()
	d := gridData(t)
	d.Places = d.Places[:3]
	d.Samples = []Sample{{Place: 2, Kind: SRP, Stage: 1, Query: "q", Positive: "p", TextKey: 1, PlaceKey: 1 << 63}}
	dir := t.TempDir()
	if err := Write(dir, d); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, name := range []string{placesTable, pathsTable, samplesTable} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = b
	}
	return out
}

// decodeAll reads a file as each of the tables; what one takes must be sound.
func decodeAll(t testing.TB, data []byte) {
	t.Helper()
	places, err := geoparquet.ReadRows[placeRow](data)
	if err == nil {
		for i := range places {
			p, err := places[i].place()
			if err != nil {
				continue
			}
			for _, e := range p.Graph.Edges {
				if int(e.From) >= len(p.Graph.Nodes) || int(e.To) >= len(p.Graph.Nodes) {
					t.Fatalf("edge %+v of %d nodes", e, len(p.Graph.Nodes))
				}
			}
		}
	}
	if paths, err := geoparquet.ReadRows[pathRow](data); err == nil {
		for i := range paths {
			if len(paths[i].Lon) == len(paths[i].Lat) {
				paths[i].path()
			}
		}
	}
	if samples, err := geoparquet.ReadRows[sampleRow](data); err == nil && len(samples) > len(data) {
		t.Fatalf("%d samples of %d bytes", len(samples), len(data))
	}
}

// A table with any byte changed, or cut anywhere, is an error or a table, never a
// panic.
func TestTablesDamaged(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, data := range smallTables(t) {
		for range 100 {
			bad := slices.Clone(data)
			for range 1 + r.IntN(3) {
				bad[r.IntN(len(bad))] ^= byte(1 + r.IntN(255))
			}
			decodeAll(t, bad)
			decodeAll(t, bad[:r.IntN(len(bad))])
		}
		if _, err := geoparquet.ReadRows[sampleRow](data); (err == nil) != (name == samplesTable) {
			t.Errorf("%s as a table of samples: %v", name, err)
		}
	}
	type other struct {
		PlaceID  string `parquet:"place_id"`
		Kind     string `parquet:"kind,dict"`
		Stage    int32  `parquet:"stage"`
		Query    string `parquet:"query"`
		Positive string `parquet:"positive"`
		TextKey  uint64 `parquet:"text_key"`
		PlaceKey uint64 `parquet:"place_key"`
	}
	path := filepath.Join(t.TempDir(), samplesTable)
	if err := writeTable(path, []other{{PlaceID: "5"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := readTable[sampleRow](path); err == nil || !strings.Contains(err.Error(), `column "place_id" holds`) {
		t.Errorf("ids as texts: %v", err)
	}
}

func FuzzTables(f *testing.F) {
	for _, data := range smallTables(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { decodeAll(t, data) })
}
