package geo_test

import (
	"fmt"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

func ExampleDistance() {
	rodney, station := orb.Point{-75.5466, 39.7459}, orb.Point{-75.5511, 39.7367}
	b := geo.BearingTo(rodney, station)
	fmt.Println(geo.Distance(rodney, station), b.Wind8(), b.Word8())
	// Output: 1.09 km S south
}

func ExampleFrame() {
	f := geo.Frame{Origin: orb.Point{1.5218, 42.5063}}
	xy := f.Local(orb.Point{1.5228, 42.5063})
	fmt.Printf("%.1f m east, %.1f m north\n", xy[0], xy[1])
	// Output: 82.0 m east, 0.0 m north
}

func ExampleParseBound() {
	b, err := geo.ParseBound("-75.60,39.72,-75.51,39.78")
	fmt.Println(geo.FormatBound(b), err)
	_, err = geo.ParseBound("39.72,-75.60,39.78")
	fmt.Println(err)
	// Output:
	// -75.6,39.72,-75.51,39.78 <nil>
	// bounding box "39.72,-75.60,39.78": 3 numbers where 4 are expected; give west,south,east,north in degrees, such as -75.60,39.72,-75.51,39.78
}

func ExampleCell() {
	block := geo.Cell(orb.Point{1.5218, 42.5063}, 15)
	near := geo.Cell(orb.Point{1.5219, 42.5063}, 15)
	fmt.Println(block == near, geo.CellWidth(15))
	// Output: true 281.4 m
}
