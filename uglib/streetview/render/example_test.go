package render_test

import (
	"context"
	"fmt"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview/render"
)

func ExampleWorld_View() {
	spec, err := city.FromFile("testdata/village.osm", "village", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := city.Build(context.Background(), spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	world := render.New(c)
	img, err := world.View(render.Camera{Pos: orb.Point{10.0001, 49.99996}, Heading: 80}, render.Conditions{Weather: render.Clear, Sun: 150}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(img.Bounds())
	// Output: (0,0)-(448,336)
}
