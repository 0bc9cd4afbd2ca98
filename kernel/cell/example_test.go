package cell_test

import (
	"fmt"
	"strings"

	"urbangraph/kernel/cell"
)

func ExampleCell_Compose() {
	c := cell.Parse("%cd /tmp\nfunc twice(n int) int { return 2 * n }\nn := strings.Count(text, \"a\")\ntwice(n)")
	fmt.Println(c.Specials[0].Name, c.Uses(), c.Defined()[0].Name, c.Declared()[0].Key)
	p := c.Compose(cell.Plan{
		ID:     "c1",
		Before: []string{`text := keep.Get("text")`},
		After:  func(names []string) []string { return []string{"keep.Put(" + strings.Join(names, ", ") + ")"} },
		Result: "show",
	})
	fmt.Println(strings.TrimSpace(p.Code))
	// Output:
	// cd [strings text] n twice
	// func main() { flag.Parse(); ugCell() }
	//
	// //line /cell/c1:2:1
	// func twice(n int) int { return 2 * n }
	//
	// //line /cell/ug:1:1
	// func ugCell() {
	// text := keep.Get("text")
	// {
	// //line /cell/c1:3:1
	// n := strings.Count(text, "a")
	// show(/*line /cell/c1:4:1*/twice(n))
	// //line /cell/ug:1:1
	// keep.Put(n)
	// }
	// }
}
