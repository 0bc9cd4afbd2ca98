package clip

import (
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/vision"
)

// rules are of a tower with 2 by 2 patches of 2 pixels, whose pictures end with a separator.
func rules() *Rules {
	return &Rules{
		Name: "tiny", Tower: &Tower{Layers: 1, Hidden: 4, Intermediate: 4, Heads: 1, Side: 4, PatchSize: 2, Eps: 1e-5},
		VocabSize: 20, MaxPositions: 16, Image: 10, Graph: 11, Pad: 19, HeadDim: 2, FeaturesOfTile: 4, Features: 1,
		Order: func(img vision.Tiles) ([]int, error) {
			var order []int
			for f := range 4 * img.Count {
				order = append(order, f)
			}
			return append(order, -1), nil
		},
		Angle: func(int) ([]float32, float32) { return []float32{0.5}, 2 },
	}
}

func tile(n int) vision.Tiles {
	img := vision.Tiles{Count: n, Side: 4, Width: 4, Height: 4 * n, Data: make([]float32, n*3*16)}
	for i := range img.Data {
		img.Data[i] = float32(i)
	}
	return img
}

func TestLayout(t *testing.T) {
	r := rules()
	rows := []Row{
		{IDs: []int32{1, 10, 10, 10, 10, 10, 2}, Images: []vision.Tiles{tile(1)}},
		{IDs: []int32{11, 3}, Graph: []int{1}},
	}
	for _, c := range []struct {
		sizes       Sizes
		index, last []int32
	}{
		// 2 rows of 7 tokens: features from 14 on, the separator at 18, graph vectors from 19 on.
		{Sizes{}, []int32{0, 14, 15, 16, 17, 18, 6, 20, 8, 9, 10, 11, 12, 13}, []int32{6, 8}},
		{Sizes{PadLeft: true}, []int32{0, 14, 15, 16, 17, 18, 6, 7, 8, 9, 10, 11, 20, 13}, []int32{6, 13}},
		// One more tile: the separator at 22.
		{Sizes{Tiles: 2}, []int32{0, 14, 15, 16, 17, 22, 6, 24, 8, 9, 10, 11, 12, 13}, []int32{6, 8}},
	} {
		b, err := r.Layout(rows, c.sizes)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.Index, c.index) || !slices.Equal(b.Last, c.last) {
			t.Errorf("%+v: index %v, last %v, want %v, %v", c.sizes, b.Index, b.Last, c.index, c.last)
		}
	}
	b, err := r.Layout(rows, Sizes{})
	if err != nil {
		t.Fatal(err)
	}
	// The second patch of the first row: channel, row, column.
	if got, want := b.Pixels[12:24], []float32{2, 3, 6, 7, 18, 19, 22, 23, 34, 35, 38, 39}; !slices.Equal(got, want) {
		t.Errorf("patch 1 is %v, want %v", got, want)
	}
	if b.Cos[0] != 2 || b.IDs[1] != 19 || b.Mask[9] != 0 {
		t.Errorf("scale of cosines %v, token of a feature %d, mask of padding %v", b.Cos[0], b.IDs[1], b.Mask[9])
	}
}

func TestLayoutErrors(t *testing.T) {
	run := []int32{10, 10, 10, 10, 10}
	wrong := tile(1)
	wrong.Data = wrong.Data[1:]
	for _, c := range []struct {
		row   Row
		sizes Sizes
		want  string
	}{
		{Row{}, Sizes{}, "row 0 has no tokens"},
		{Row{IDs: run}, Sizes{}, "belongs to none of the 0 pictures"},
		{Row{IDs: run[:4], Images: []vision.Tiles{tile(1)}}, Sizes{}, "needs a run of 5 image tokens at position 0, there are 4"},
		{Row{IDs: []int32{1}, Images: []vision.Tiles{tile(1)}}, Sizes{}, "1 pictures and image tokens for only 0"},
		{Row{IDs: run, Images: []vision.Tiles{wrong}}, Sizes{}, "need 48 values, there are 47"},
		{Row{IDs: run, Images: []vision.Tiles{{Count: 1, Side: 6}}}, Sizes{}, "reads tiles of 4"},
		{Row{IDs: []int32{20}}, Sizes{}, "outside the vocabulary"},
		{Row{IDs: []int32{-1}}, Sizes{}, "outside the vocabulary"},
		{Row{IDs: []int32{11}}, Sizes{}, "names only 0 graph vectors"},
		{Row{IDs: []int32{1}, Graph: []int{0}}, Sizes{}, "1 graph vectors and graph tokens for only 0"},
		{Row{IDs: []int32{1}, Graph: []int{-1}}, Sizes{}, "names graph vector -1"},
		{Row{IDs: make([]int32, 17)}, Sizes{}, "positions for 16"},
		{Row{IDs: []int32{1, 2}}, Sizes{Tokens: 1}, "has 2 tokens a row and the size asked for is 1"},
	} {
		if _, err := rules().Layout([]Row{c.row}, c.sizes); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "tiny: ") {
			t.Errorf("%+v: %v, want an error with %q", c.row.IDs, err, c.want)
		}
	}
	if _, err := rules().Layout(nil, Sizes{}); err == nil {
		t.Error("no rows are laid out")
	}
}
