package ugbench

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// towns returns a dataset of n test places in "north", n/4 in "south" and n
// held-out ones in "abroad", spread over about 2 km, some with the same texts.
func towns(n int) *ugdata.Dataset {
	rng := rand.New(rand.NewPCG(7, 7))
	d := &ugdata.Dataset{}
	add := func(name string, centre orb.Point, split ugdata.Split, n int) {
		for range n {
			i := len(d.Places)
			pos := orb.Point{centre[0] + 0.02*(rng.Float64()-0.5), centre[1] + 0.02*(rng.Float64()-0.5)}
			p := ugdata.Place{
				ID: int64(100000000000000 + i), City: name, Split: split, Pos: pos,
				Image: fmt.Sprintf("/views/%s/%d.jpg", name, i), Origin: streetview.Rendered,
				Caption:   fmt.Sprintf("Street %d of %s, a residential street.", i%37, name),
				NamesOnly: fmt.Sprintf("Street %d", i%11),
			}
			for k := range i % 3 {
				dest := city.NodeID(rng.IntN(40))
				p.Paths = append(p.Paths, ugdata.Path{
					Text:  fmt.Sprintf("(%d, nearest, Street %d) -> (Street %d, near, Shop %d)", p.ID, i%37, i%37, dest),
					Plain: fmt.Sprintf("Walk along Street %d to Shop %d, way %d.", i%37, dest, k), Destination: dest,
				})
			}
			d.Places = append(d.Places, p)
		}
	}
	add("north", orb.Point{-75.55, 39.74}, ugdata.Train, 10)
	add("north", orb.Point{-75.55, 39.74}, ugdata.Test, n)
	add("south", orb.Point{-75.52, 39.16}, ugdata.Test, n/4)
	add("abroad", orb.Point{1.52, 42.51}, ugdata.HeldOut, n)
	return d
}

// vectors returns n random unit vectors of length dim.
func vectors(rng *rand.Rand, n, dim int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		out[i] = make([]float32, dim)
		var sum float64
		for j := range out[i] {
			x := rng.NormFloat64()
			out[i][j] = float32(x)
			sum += x * x
		}
		for j := range out[i] {
			out[i][j] /= float32(math.Sqrt(sum))
		}
	}
	return out
}
