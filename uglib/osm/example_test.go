package osm_test

import (
	"context"
	"fmt"

	"github.com/paulmach/orb"

	"urbangraph/uglib/osm"
)

func ExampleRead() {
	src, err := osm.File("testdata/block.osm")
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := osm.Read(context.Background(), src, &orb.Bound{Max: orb.Point{0.01, 0.01}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, w := range m.Ways {
		if osm.IsStreet(w.Tags) {
			category, _ := osm.StreetClass(w.Tags)
			fmt.Printf("%q %s, %d nodes\n", osm.StreetName(w.Tags), category, len(w.Nodes))
		}
	}
	// Output:
	// "Long Street" residential, 4 nodes
	// "" service_road, 2 nodes
	// "" residential, 4 nodes
}

func ExampleBuiltin() {
	src, err := osm.Builtin("andorra")
	fmt.Println(src.File, src.Size, err)
	_, err = osm.Builtin("monaco")
	fmt.Println(err)
	// Output:
	// andorra-latest.osm.bz2 2973951 <nil>
	// no built-in extract is called "monaco", only delaware and andorra; for any other, give the path of an .osm.pbf file
}
