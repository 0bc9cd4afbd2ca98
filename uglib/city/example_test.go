package city_test

import (
	"context"
	"fmt"
	"log"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
)

func ExampleBuild() {
	spec, err := city.FromFile("testdata/town.osm", "Smalltown", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := city.Build(context.Background(), spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	here := orb.Point{0.0031, 0.0007} // longitude, latitude
	for _, id := range c.Within(here, 40) {
		_, d := c.DistanceTo(id, here)
		fmt.Println(c.Nodes[id].Kind, c.DisplayName(id), d)
	}
	hit, ok := c.NearestStreet(here, 100, nil)
	fmt.Println(c.DisplayName(hit.Street), hit.Distance, hit.Bearing.Wind8(), ok)
	// Output:
	// poi Café Pont 15.7 m
	// street Main Street 33.4 m
	// Main Street 33.4 m N true
}

func ExampleCity_ShortestPath() {
	spec, err := city.FromFile("testdata/town.osm", "Smalltown", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := city.Build(context.Background(), spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	find := func(name string) city.NodeID {
		for i := range c.Nodes {
			if c.Nodes[i].Name == name {
				return city.NodeID(i)
			}
		}
		return city.None
	}
	path, hops, ok := c.ShortestPath(find("Golden Crust"), find("Loop Court"), nil)
	for _, id := range path {
		fmt.Println(c.DisplayName(id))
	}
	fmt.Println(hops, "hops", ok)
	// Output:
	// Golden Crust
	// Main Street
	// Main Street
	// Oak Avenue
	// Loop Court
	// 4 hops true
}

func ExampleBuiltin() {
	spec, err := city.Builtin("wilmington")
	fmt.Println(spec.Title, err)
	_, err = city.Builtin("springfield")
	fmt.Println(err)
	// Output:
	// Wilmington, Delaware <nil>
	// no built-in city is called "springfield"; there are wilmington, newark, dover, andorra; for any other, give an extract with --pbf FILE [--bbox W,S,E,N]
}

// A border town: of the two countries the extract holds only the line between
// them.
func ExampleCity_AdminAt() {
	spec, err := city.FromFile("testdata/maps/borders.osm", "", nil)
	if err != nil {
		log.Fatal(err)
	}
	c, err := city.Build(context.Background(), spec)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range []orb.Point{{0.004, 0.005}, {0.006, 0.005}} {
		a := c.AdminAt(p)
		fmt.Println(a.Country, a.State, a.City, a.District)
	}
	// Output:
	// Switzerland West State Westtown Old Town
	// France East State Easttown
}

func ExampleCity_NearestStreets() {
	spec, err := city.FromFile("testdata/town.osm", "", nil)
	if err != nil {
		log.Fatal(err)
	}
	c, err := city.Build(context.Background(), spec)
	if err != nil {
		log.Fatal(err)
	}
	for _, hit := range c.NearestStreets([]orb.Point{{0.003, 0.0008}, {0.5, 0.5}}, 50) {
		if hit.Street == city.None {
			fmt.Println("no street within 50 m")
			continue
		}
		fmt.Println(c.Nodes[hit.Street].Name, hit.Distance, hit.Bearing.Wind8())
	}
	// Output:
	// Main Street 22.2 m N
	// no street within 50 m
}
