package streetnet_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"urbangraph/uglib/osm"
	"urbangraph/uglib/streetnet"
)

func ExampleRead() {
	src, err := osm.File("testdata/odd.osm")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := streetnet.Read(context.Background(), src, streetnet.Options{Network: streetnet.Drive})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d nodes, %d edges; %d of %d ways left out\n", len(n.Nodes), len(n.Edges), n.Report.LeftOut, n.Report.Ways)
	e := &n.Edges[0]
	fmt.Printf("%v by %v %v\n", e.Length, n.Values(e, "highway"), n.Values(e, "name"))
	// Output:
	// 14 nodes, 28 edges; 7 of 24 ways left out
	// 333.6 m by [residential tertiary] [Rue de l'Été He said "no" \ it's [東京通り]]
}

func ExampleNetwork_WriteGraphML() {
	src, err := osm.File("testdata/odd.osm")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := streetnet.Read(context.Background(), src, streetnet.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	f, err := os.Create(filepath.Join(dir, "network.graphml"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	fmt.Println(n.WriteGraphML(f)) // in Python: osmnx.load_graphml("network.graphml")
	// Output: <nil>
}
