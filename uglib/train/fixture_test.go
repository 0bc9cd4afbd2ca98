package train

import (
	"testing"

	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// townData is a dataset of small views of a made-up town.
func townData(t testing.TB) ugdata.Spec {
	t.Helper()
	town, err := city.FromFile("../ugbench/testdata/grid.osm", "here", nil)
	if err != nil {
		t.Fatal(err)
	}
	views := streetview.Render(town, 90)
	views.Width, views.Height = 64, 48
	return ugdata.Spec{Train: []streetview.Spec{views}, Seed: 1,
		Options: ugdata.Options{BlockLevel: 15, Radius: 60, Nodes: 8, TestShare: 0.1, ValShare: 0.15}}
}
