package exif_test

import (
	"fmt"
	"os"

	"urbangraph/uglib/streetview/exif"
)

func ExampleRead() {
	f, err := os.Open("testdata/photo.jpg")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	m, err := exif.Read(f)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f %.4f, looking %v degrees, %s\n", m.Pos[0], m.Pos[1], m.Heading, m.Taken.Format("2006-01-02 15:04 MST"))
	// Output: -151.2153 -33.8571, looking 271.5 degrees, 2024-05-17 11:45 UTC
}
