package clip

import (
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"

	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/vision"
)

// Row is one input: a sequence of tokens, the pictures and the graph vectors that stand in for some of them.
type Row struct {
	// IDs are the tokens: text, image tokens (as many in one run as the picture has features) and graph tokens.
	IDs []int32
	// Images are the pictures in the order of their runs.
	Images []vision.Tiles
	// Graph has, for every graph token in order, the index of its vector among the graph vectors flattened to [G, H].
	Graph []int
}

// Sizes are the padded sizes of a batch. Every new combination is a new graph to compile, so callers round them up to a
// few. Zero means the smallest that fits.
type Sizes struct {
	Rows         int // B
	Tokens       int // S, tokens a row
	Tiles        int // T, tiles of all pictures in the batch
	GraphVectors int // G
	PadLeft      bool
}

// Rules are what a backbone says of its rows.
type Rules struct {
	Name                     string // of the backbone, for errors
	Tower                    *Tower
	VocabSize, MaxPositions  int
	Image, Graph, Pad        int // token ids; 0 for Graph is none
	HeadDim                  int // of the decoder
	FeaturesOfTile, Features int // F, features of a tile; and how many rows stand behind those of all tiles (separators)
	// Order gives, for each image token of a picture, which feature it is: tile·F + feature, or -1 - n for the n-th of
	// the separators. It is an error if the tiles do not fit the picture.
	Order func(vision.Tiles) ([]int, error)
	// Angle gives the frequencies of the rotary positions of a row of n tokens, and a factor of cosine and sine.
	Angle func(n int) (frequencies []float32, scale float32)
}

// Batch is a batch laid out on the host. Slices are row-major; d is the decoder's head dimension.
type Batch struct {
	Sizes
	IDs, Index []int32   // [B, S] tokens; index into the text embeddings [B·S], features [T·F + separators], graph vectors, joined
	Mask       []float32 // [B, S] one where a token is, zero in the padding
	Cos, Sin   []float32 // [B, S, d]
	Last       []int32   // [B] index into [B·S] of each row's last token
	Pixels     []float32 // [T, P, 3·patch_size²]

	rules *Rules
}

// Layout lays rows out as a batch. Rows shorter than the batch are padded on the right, or on the left if asked. Image
// tokens that do not match the pictures, tokens outside the vocabulary, or rows that exceed the sizes are an error that
// names the row.
func (r *Rules) Layout(rows []Row, sizes Sizes) (*Batch, error) {
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: layout of no rows", r.Name)
	}
	need := Sizes{Rows: len(rows), Tokens: 1, PadLeft: sizes.PadLeft}
	for i, row := range rows {
		if len(row.IDs) == 0 {
			return nil, fmt.Errorf("%s: row %d has no tokens", r.Name, i)
		}
		need.Tokens = max(need.Tokens, len(row.IDs))
		for k, img := range row.Images {
			if err := r.checkImage(img); err != nil {
				return nil, fmt.Errorf("%s: row %d, picture %d: %w", r.Name, i, k, err)
			}
			need.Tiles += img.Count
		}
		for _, g := range row.Graph {
			if g < 0 {
				return nil, fmt.Errorf("%s: row %d names graph vector %d", r.Name, i, g)
			}
			need.GraphVectors = max(need.GraphVectors, g+1)
		}
	}
	for _, s := range []struct {
		name       string
		need, give *int
	}{
		{"rows", &need.Rows, &sizes.Rows}, {"tokens a row", &need.Tokens, &sizes.Tokens},
		{"tiles", &need.Tiles, &sizes.Tiles}, {"graph vectors", &need.GraphVectors, &sizes.GraphVectors},
	} {
		if *s.give != 0 && *s.need > *s.give {
			return nil, fmt.Errorf("%s: the batch has %d %s and the size asked for is %d", r.Name, *s.need, s.name, *s.give)
		}
		*s.need = max(*s.need, *s.give)
	}
	if need.Tokens > r.MaxPositions {
		return nil, fmt.Errorf("%s: %d tokens a row, the model has positions for %d", r.Name, need.Tokens, r.MaxPositions)
	}
	b := r.newBatch(need)
	tile := 0
	for i, row := range rows {
		if err := b.row(i, row, tile); err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", r.Name, i, err)
		}
		for _, img := range row.Images {
			b.tiles(tile, img)
			tile += img.Count
		}
	}
	return b, nil
}

func (r *Rules) checkImage(img vision.Tiles) error {
	t := r.Tower
	switch {
	case img.Count < 1 || img.Side != t.Side:
		return fmt.Errorf("%d tiles of %d pixels, the vision tower reads tiles of %d", img.Count, img.Side, t.Side)
	case len(img.Data) != img.Count*3*t.Side*t.Side:
		return fmt.Errorf("%d tiles of %d pixels need %d values, there are %d", img.Count, img.Side, img.Count*3*t.Side*t.Side, len(img.Data))
	}
	return nil
}

// newBatch allocates a batch in which everything is padding.
func (r *Rules) newBatch(s Sizes) *Batch {
	n, d := s.Rows*s.Tokens, r.HeadDim
	b := &Batch{Sizes: s, rules: r}
	b.IDs, b.Index, b.Mask, b.Last = make([]int32, n), make([]int32, n), make([]float32, n), make([]int32, s.Rows)
	b.Cos, b.Sin = make([]float32, n*d), make([]float32, n*d)
	pad := r.Pad
	if pad < 0 || pad >= r.VocabSize { // its embedding is never seen
		pad = 0
	}
	for i := range b.IDs {
		b.IDs[i], b.Index[i] = int32(pad), int32(i)
	}
	for i := range b.Cos {
		b.Cos[i] = 1
	}
	for i := range b.Last { // rows that are all padding: any token will do
		b.Last[i] = int32(i * s.Tokens)
	}
	b.Pixels = make([]float32, s.Tiles*3*r.Tower.Side*r.Tower.Side)
	return b
}

// row fills in row i, whose first tile has the given index in the batch.
func (b *Batch) row(i int, row Row, tile int) error {
	r := b.rules
	start := i * b.Tokens
	if b.PadLeft {
		start += b.Tokens - len(row.IDs)
	}
	features, graph, images := b.Rows*b.Tokens, 0, 0
	separators := features + b.Tiles*r.FeaturesOfTile
	frequencies, scale := r.Angle(len(row.IDs))
	for k := 0; k < len(row.IDs); k++ {
		id, at := row.IDs[k], start+k
		b.Last[i] = int32(at)
		switch {
		case int(id) == r.Image:
			if images == len(row.Images) {
				return fmt.Errorf("image token %d at position %d belongs to none of the %d pictures", id, k, images)
			}
			img := row.Images[images]
			order, err := r.Order(img)
			if err != nil {
				return fmt.Errorf("picture %d: %w", images, err)
			}
			for j, f := range order {
				if k+j >= len(row.IDs) || row.IDs[k+j] != id {
					return fmt.Errorf("picture %d needs a run of %d image tokens at position %d, there are %d", images, len(order), k, j)
				}
				if f < 0 {
					b.Index[at+j] = int32(separators - 1 - f)
				} else {
					b.Index[at+j] = int32(features + tile*r.FeaturesOfTile + f)
				}
				b.token(at+j, k+j, frequencies, scale)
			}
			images++
			tile += img.Count
			k += len(order) - 1
			b.Last[i] = int32(start + k)
			continue
		case id < 0 || int(id) >= r.VocabSize:
			return fmt.Errorf("token %d at position %d is outside the vocabulary of %d", id, k, r.VocabSize)
		case r.Graph != 0 && int(id) == r.Graph:
			if graph == len(row.Graph) {
				return fmt.Errorf("graph token %d at position %d: the row names only %d graph vectors", id, k, graph)
			}
			b.Index[at] = int32(separators + r.Features + row.Graph[graph])
			graph++
		}
		b.IDs[at] = id
		b.token(at, k, frequencies, scale)
	}
	switch {
	case images < len(row.Images):
		return fmt.Errorf("%d pictures and image tokens for only %d", len(row.Images), images)
	case graph < len(row.Graph):
		return fmt.Errorf("%d graph vectors and graph tokens for only %d", len(row.Graph), graph)
	}
	return nil
}

// token marks a token and sets the angles of its position.
func (b *Batch) token(at, position int, frequencies []float32, scale float32) {
	d := b.rules.HeadDim
	b.Mask[at] = 1
	cos, sin := b.Cos[at*d:(at+1)*d], b.Sin[at*d:(at+1)*d]
	for j, f := range frequencies {
		transformer.SetAngle(cos, sin, j, float32(position)*f)
	}
	if scale != 1 {
		for j := range cos {
			cos[j] *= scale
			sin[j] *= scale
		}
	}
}

// tiles copies a picture's tiles into place, patch by patch: channel, row, column within a patch.
func (b *Batch) tiles(first int, img vision.Tiles) {
	t := b.rules.Tower
	side, p, g := t.Side, t.PatchSize, t.Grid()
	dst := b.Pixels[first*3*side*side:]
	for n := range img.Count {
		tile := img.Data[n*3*side*side:]
		for y := range g {
			for x := range g {
				for c := range 3 {
					for row := range p {
						line := tile[(c*side+y*p+row)*side+x*p:][:p]
						dst = dst[copy(dst, line):]
					}
				}
			}
		}
	}
}

// Tensors gives the batch as the tensors of [NewInputs], in its order.
func (b *Batch) Tensors() []*tensors.Tensor {
	d, t := b.rules.HeadDim, b.rules.Tower
	out := []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(b.IDs, b.Rows, b.Tokens),
		tensors.FromFlatDataAndDimensions(b.Index, b.Rows, b.Tokens),
		tensors.FromFlatDataAndDimensions(b.Mask, b.Rows, b.Tokens),
		tensors.FromFlatDataAndDimensions(b.Cos, b.Rows, b.Tokens, d),
		tensors.FromFlatDataAndDimensions(b.Sin, b.Rows, b.Tokens, d),
		tensors.FromFlatDataAndDimensions(b.Last, b.Rows),
	}
	if b.Tiles > 0 {
		out = append(out, tensors.FromFlatDataAndDimensions(b.Pixels, b.Tiles, t.Grid()*t.Grid(), t.PatchDim()))
	}
	return out
}
