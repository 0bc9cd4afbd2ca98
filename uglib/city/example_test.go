package city_test

import (
	"context"
	"fmt"

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
