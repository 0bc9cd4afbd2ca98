package vision_test

import (
	"fmt"
	"image"
	"log"

	"urbangraph/uglib/vision"
)

func ExampleProcessor_Process() {
	p := vision.Default()
	p.MaxPixels = 112 * 84 // at most 48 patches
	patches, err := p.Process(image.NewGray(image.Rect(0, 0, 448, 336)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("grid", patches.Grid, "values per patch", len(patches.Data)/patches.Count())
	// Output: grid [1 6 8] values per patch 1176
}
