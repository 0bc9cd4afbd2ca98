package mapillary_test

import (
	"fmt"
	"log"

	"github.com/paulmach/orb"

	"urbangraph/uglib/streetview/mapillary"
)

// Rows of the UGE reference are read with their ids intact, and those that are
// damaged are listed.
func ExampleReadMetadata() {
	photos, bad, err := mapillary.ReadMetadata("testdata/mapillary_results_cleaned.jsonl")
	if err != nil {
		log.Fatal(err)
	}
	limits := mapillary.Limits{Max: 2, Spacing: 10}
	chosen, _ := limits.Choose(photos, orb.Bound{Min: orb.Point{103.6, 1.2}, Max: orb.Point{104, 1.5}})
	for _, p := range chosen {
		pos, _ := p.Pos(false)
		fmt.Println(p.ID(), pos, p.Attribution)
	}
	fmt.Println(len(photos), "photographs, bad line", bad[0].Line)
	// Output:
	// 8 [103.84 1.355] Mapillary, CC BY-SA 4.0
	// 1933525276802129 [103.8198 1.3521] Mapillary, CC BY-SA 4.0
	// 4 photographs, bad line 5
}
