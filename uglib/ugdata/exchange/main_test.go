package exchange

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

var home string

func TestMain(m *testing.M) {
	var err error
	if home, err = os.MkdirTemp("", "exchange"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(home)
	os.Exit(code)
}

// spec is a dataset of small drawn views of a made-up town.
func spec() (ugdata.Spec, error) {
	town, err := city.FromFile("../../ugbench/testdata/grid.osm", "", nil)
	if err != nil {
		return ugdata.Spec{}, err
	}
	views := streetview.Render(town, 60)
	views.Width, views.Height = 64, 48
	return ugdata.Spec{Train: []streetview.Spec{views}, Seed: 3, Options: ugdata.Options{Nodes: 12}}, nil
}

var once = sync.OnceValues(func() (*ugdata.Dataset, error) {
	s, err := spec()
	if err != nil {
		return nil, err
	}
	return ugdata.Open(store.With(context.Background(), store.At(home)), s)
})

// dataset is that of spec; a test may change its places and samples.
func dataset(t testing.TB) *ugdata.Dataset {
	t.Helper()
	d, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return &ugdata.Dataset{Cities: maps.Clone(d.Cities), Places: slices.Clone(d.Places), Samples: slices.Clone(d.Samples)}
}

func openSpec(t testing.TB, s ugdata.Spec) *ugdata.Dataset {
	t.Helper()
	d, err := ugdata.Open(store.With(context.Background(), store.At(home)), s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
