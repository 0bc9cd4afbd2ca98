package streetview_test

import (
	"context"
	"fmt"
	"os"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

func ExampleOpen() {
	root, err := os.MkdirTemp("", "views")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	ctx := store.With(context.Background(), store.At(root)) // without it: $UG_HOME

	spec, err := city.FromFile("render/testdata/village.osm", "village", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, set, err := streetview.Open(ctx, streetview.Render(spec, 5))
	if err != nil {
		fmt.Println(err)
		return
	}
	anchored := 0
	for _, v := range set.Views {
		if c.Nodes[v.Street].Kind == city.Street {
			anchored++
		}
	}
	fmt.Println(len(set.Views), "views,", anchored, "anchored,", set.Views[0].Origin)
	// Output: 5 views, 5 anchored, rendered
}
