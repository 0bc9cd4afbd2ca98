package plots_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/paulmach/orb"

	"urbangraph/plots"
	"urbangraph/uglib/city"
	"urbangraph/uglib/progress"
)

func lane() *city.City {
	return &city.City{
		Name: "lane", Title: "Elm Lane", Credit: plots.DefaultCredit,
		Bound: orb.Bound{Min: orb.Point{-75.552, 39.744}, Max: orb.Point{-75.548, 39.746}},
		Nodes: []city.Node{{Kind: city.Street, Name: "Elm Lane", Type: "residential", Geometry: orb.LineString{{-75.552, 39.745}, {-75.548, 39.745}}}},
	}
}

// A figure is shown in a notebook; elsewhere it goes into a folder, once one is
// named.
func ExampleShow() {
	dir, err := os.MkdirTemp("", "figures")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	plots.SetFolder(dir)
	defer plots.SetFolder("")

	plots.Show(plots.CityMap(lane()).Title("Our street"))

	files, err := os.ReadDir(dir)
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		fmt.Println(f.Name())
	}
	// Output:
	// 01-map-our-street.html
	// 01-map-our-street.png
	// 01-map-our-street.svg
	// 01-map-our-street.txt
}

func ExampleCityMap() {
	fmt.Println(plots.CityMap(lane()).Text())
	// Output:
	// Map: Elm Lane
	// Urban graph: 1 streets, 0 crossings, 0 points of interest, 0 areas, 0 edges
	// © OpenStreetMap contributors (ODbL)
}

func ExampleBars() {
	f := plots.Bars([]string{"Hit@1", "Hit@5"},
		plots.Group{Name: "Stage 1", Values: []plots.Interval{{Value: 0.18, Low: 0.14, High: 0.23}, {Value: 0.51, Low: 0.45, High: 0.57}}},
		plots.Group{Name: "Stage 2", Values: []plots.Interval{{Value: 0.37, Low: 0.31, High: 0.43}, {Value: 0.73, Low: 0.67, High: 0.78}}},
	).Chance(0.05, 0.25).Percent().Title("Geolocation")
	fmt.Println(f.Text())
	// Output:
	// Chart: Geolocation
	//   Stage 1: Hit@1 18% [14, 23], Hit@5 51% [45, 57]
	//   Stage 2: Hit@1 37% [31, 43], Hit@5 73% [67, 78]
	//   chance: 5%, 25%
}

func ExampleTable() {
	fmt.Println(plots.Table([]string{"System", "Hit@5"}, [][]string{{"Chance", "25%"}, {"Stage 1", "51%"}}).Text())
	// Output:
	// System   Hit@5
	// --------------
	// Chance     25%
	// Stage 1    51%
}

func ExampleHistogram() {
	fmt.Println(plots.Histogram("Degree", []float64{1, 2, 2, 3, 7}, 0).Text())
	// Output:
	// Histogram: Degree
	//   5 values, median 2, mean 3, from 1 to 7
}

func ExampleLines() {
	fmt.Println(plots.Lines(plots.Steps("loss", []float64{3.5, 2, 1.25})).Title("Training").Text())
	// Output:
	// Chart: Training
	//   loss: 3.5 at 0 to 1.25 at 2 (3 values)
}

func ExampleNewReport() {
	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	err = plots.NewReport("A walk").
		Heading("City").Text("What the map shows.").
		AddCaptioned(plots.CityMap(lane()), "The street").
		Credit(plots.DefaultCredit).
		WriteFile(filepath.Join(dir, "report.html"))
	fmt.Println(err)
	// Output: <nil>
}

// Library code reports to whatever the context carries; a notebook shows bars.
func ExampleContext() {
	ctx := plots.Context()
	t := progress.Start(ctx, "count", 3)
	defer t.Done()
	for i := range 3 {
		t.Plot("loss", i, 1/float64(i+1))
		t.Add(1)
	}
	// Output:
}
