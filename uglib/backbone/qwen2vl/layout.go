package qwen2vl

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/vision"
)

// Row is one input: a sequence of tokens, the pictures and the graph vectors that stand in for some of them.
type Row struct {
	// IDs are the tokens: text, image tokens (as many in one run as the picture has merged blocks) and graph tokens.
	IDs []int32
	// Images are the pictures in the order of their runs.
	Images []vision.Patches
	// Graph has, for every graph token in order, the index of its vector among the graph vectors flattened to [G, H].
	Graph []int
}

// Sizes are the padded sizes of a batch. Every new combination is a new graph to compile, so callers round them up to a
// few. Zero means the smallest that fits.
type Sizes struct {
	Rows         int // B
	Tokens       int // S, tokens a row
	Images       int // I, pictures in the batch
	Patches      int // P, patches a picture, a multiple of [VisionConfig.PatchUnit]
	GraphVectors int // G; Zero keeps graph vectors out unless rows name some
	PadLeft      bool
}

// Batch is a batch laid out on the host. Slices are row-major; d is the decoder's head dimension and e that of the
// vision tower.
type Batch struct {
	Sizes
	IDs       []int32    // [B, S] tokens; padding is the pad token
	Index     []int32    // [B, S] into the text embeddings [B·S], image features [I·P/merge²], graph vectors [G], joined
	Mask      []float32  // [B, S] one where a token is, zero in the padding
	Cos, Sin  []float32  // [B, S, d] of the M-RoPE angles
	Last      []int32    // [B] index into [B·S] of each row's last token
	Positions [3][]int32 // [B, S] M-RoPE positions in time, height, width; zero in the padding

	// Pixels are [I, P, patch dim] or, when every picture is a still, whose frames are all alike, [I, P, patch dim/frames]
	// with the first frame alone; the graph then adds up the weights of the frames, which is the same in half the work.
	Pixels               []float32
	PatchMask            []float32 // [I, P]
	VisionCos, VisionSin []float32 // [I, P, e] of the 2-D rotary angles

	headDim, visionHeadDim, patchDim int // patchDim is the width of a patch in Pixels
}

// Layout lays rows out as a batch. Rows shorter than the batch are padded on the right, or on the left if asked.
// Image tokens that do not match the pictures, tokens outside the vocabulary, or rows that exceed the sizes are an error
// that names the row.
func (c *Config) Layout(rows []Row, sizes Sizes) (*Batch, error) {
	if len(rows) == 0 {
		return nil, fmt.Errorf("qwen2vl: layout of no rows")
	}
	need := Sizes{Rows: len(rows), Tokens: 1, PadLeft: sizes.PadLeft}
	for r, row := range rows {
		if len(row.IDs) == 0 {
			return nil, fmt.Errorf("qwen2vl: row %d has no tokens", r)
		}
		need.Tokens = max(need.Tokens, len(row.IDs))
		need.Images += len(row.Images)
		for i, img := range row.Images {
			if err := c.checkImage(img); err != nil {
				return nil, fmt.Errorf("qwen2vl: row %d, picture %d: %w", r, i, err)
			}
			need.Patches = max(need.Patches, c.Vision.Places(img.Grid))
		}
		for _, g := range row.Graph {
			if g < 0 {
				return nil, fmt.Errorf("qwen2vl: row %d names graph vector %d", r, g)
			}
			need.GraphVectors = max(need.GraphVectors, g+1)
		}
	}
	for _, s := range []struct {
		name       string
		need, give *int
	}{
		{"rows", &need.Rows, &sizes.Rows}, {"tokens a row", &need.Tokens, &sizes.Tokens}, {"pictures", &need.Images, &sizes.Images},
		{"patches a picture", &need.Patches, &sizes.Patches}, {"graph vectors", &need.GraphVectors, &sizes.GraphVectors},
	} {
		if *s.give != 0 && *s.need > *s.give {
			return nil, fmt.Errorf("qwen2vl: the batch has %d %s and the size asked for is %d", *s.need, s.name, *s.give)
		}
		*s.need = max(*s.need, *s.give)
	}
	if need.Tokens > c.MaxPositions {
		return nil, fmt.Errorf("qwen2vl: %d tokens a row, the model has positions for %d", need.Tokens, c.MaxPositions)
	}
	if unit := c.Vision.PatchUnit(); need.Patches%unit != 0 {
		return nil, fmt.Errorf("qwen2vl: %d patches a picture, want a multiple of %d", need.Patches, unit)
	}
	if need.Images > 0 && need.Patches == 0 {
		return nil, fmt.Errorf("qwen2vl: %d pictures of no patches", need.Images)
	}
	if need.Images == 0 {
		need.Patches = 0
	}
	b := c.newBatch(need, c.pixelDim(rows))
	picture := 0
	for r, row := range rows {
		if err := c.layoutRow(b, r, row, picture); err != nil {
			return nil, fmt.Errorf("qwen2vl: row %d: %w", r, err)
		}
		for _, img := range row.Images {
			c.layoutImage(b, picture, img)
			picture++
		}
	}
	c.layoutAngles(b)
	return b, nil
}

// checkImage says whether a picture's grid and data fit the model.
func (c *Config) checkImage(img vision.Patches) error {
	g, m := img.Grid, c.Vision.MergeSize
	for _, n := range g {
		if n < 1 || n > 1<<14 {
			return fmt.Errorf("grid %v has a side outside 1 to %d", g, 1<<14)
		}
	}
	if g[1]%m != 0 || g[2]%m != 0 {
		return fmt.Errorf("grid %v: height and width must be multiples of merge_size %d", g, m)
	}
	if len(img.Data) != img.Count()*c.Vision.PatchDim() {
		return fmt.Errorf("grid %v of patches of %d values needs %d values, there are %d", g, c.Vision.PatchDim(), img.Count()*c.Vision.PatchDim(), len(img.Data))
	}
	return nil
}

// pixelDim gives the number of values that the batch needs of a patch: one frame if all pictures are stills.
func (c *Config) pixelDim(rows []Row) int {
	v := &c.Vision
	for _, row := range rows {
		for _, img := range row.Images {
			if !v.still(img) {
				return v.PatchDim()
			}
		}
	}
	return v.PatchDim() / v.TemporalPatchSize
}

// still reports whether all frames of each patch are equal.
func (v *VisionConfig) still(img vision.Patches) bool {
	frame := v.PatchSize * v.PatchSize
	for channel := range slices.Chunk(img.Data, v.TemporalPatchSize*frame) {
		for t := frame; t < len(channel); t += frame {
			if !slices.Equal(channel[t:t+frame], channel[:frame]) {
				return false
			}
		}
	}
	return true
}

// newBatch allocates a batch in which everything is padding.
func (c *Config) newBatch(s Sizes, patchDim int) *Batch {
	n, p := s.Rows*s.Tokens, s.Images*s.Patches
	b := &Batch{Sizes: s, headDim: c.HeadDim(), visionHeadDim: c.Vision.HeadDim(), patchDim: patchDim}
	b.IDs, b.Index, b.Mask, b.Last = make([]int32, n), make([]int32, n), make([]float32, n), make([]int32, s.Rows)
	b.Cos, b.Sin = make([]float32, n*b.headDim), make([]float32, n*b.headDim)
	for i := range b.Positions {
		b.Positions[i] = make([]int32, n)
	}
	for i := range b.IDs {
		b.IDs[i] = int32(c.padID())
		b.Index[i] = int32(i)
	}
	for r := range b.Last { // rows that are all padding: any token will do
		b.Last[r] = int32(r * s.Tokens)
	}
	if s.Images > 0 {
		b.Pixels, b.PatchMask = make([]float32, p*b.patchDim), make([]float32, p)
		b.VisionCos, b.VisionSin = make([]float32, p*b.visionHeadDim), make([]float32, p*b.visionHeadDim)
		for i := range b.VisionCos {
			b.VisionCos[i] = 1
		}
	}
	return b
}

// padID is a token that padding may hold: its embedding is never seen.
func (c *Config) padID() int {
	if c.PadTokenID >= 0 && c.PadTokenID < c.VocabSize {
		return c.PadTokenID
	}
	return 0
}

// layoutRow fills in row r, whose pictures start at index picture in the batch. Positions follow transformers'
// get_rope_index: text counts on by one in all three; a picture takes the three indices of its merged grid after the
// text before it; the text behind goes on at the largest position plus one.
func (c *Config) layoutRow(b *Batch, r int, row Row, picture int) error {
	unit, m := c.Vision.MergeUnit(), c.Vision.MergeSize
	start := r * b.Tokens
	if b.PadLeft {
		start += b.Tokens - len(row.IDs)
	}
	next, graph, images := int32(0), 0, 0
	for i := 0; i < len(row.IDs); {
		id := row.IDs[i]
		at := start + i
		switch {
		case id < 0 || int(id) >= c.VocabSize:
			return fmt.Errorf("token %d at position %d is outside the vocabulary of %d", id, i, c.VocabSize)
		case c.VideoTokenID != 0 && int(id) == c.VideoTokenID:
			return fmt.Errorf("video token %d at position %d: videos are not supported", id, i)
		case c.ImageTokenID != 0 && int(id) == c.ImageTokenID:
			if images >= len(row.Images) {
				return fmt.Errorf("image token %d at position %d belongs to none of the %d pictures", id, i, len(row.Images))
			}
			grid := row.Images[images].Grid
			tokens := row.Images[images].Count() / unit
			if i+tokens > len(row.IDs) {
				return fmt.Errorf("picture %d has %d image tokens at position %d and the row only %d tokens in all", images, tokens, i, len(row.IDs))
			}
			gh, gw := grid[1]/m, grid[2]/m
			for k := range tokens {
				if row.IDs[i+k] != id {
					return fmt.Errorf("picture %d needs a run of %d image tokens at position %d, there are %d", images, tokens, i, k)
				}
				b.IDs[at+k], b.Mask[at+k] = id, 1
				b.Index[at+k] = int32(b.Rows*b.Tokens + (picture+images)*b.Patches/unit + c.Vision.place(grid, k))
				b.Positions[0][at+k] = next + int32(k/(gh*gw))
				b.Positions[1][at+k] = next + int32(k/gw%gh)
				b.Positions[2][at+k] = next + int32(k%gw)
			}
			next += int32(max(grid[0], gh, gw))
			i += tokens
			images++
			continue
		case c.GraphTokenID != 0 && int(id) == c.GraphTokenID:
			if graph >= len(row.Graph) {
				return fmt.Errorf("graph token %d at position %d: the row names only %d graph vectors", id, i, len(row.Graph))
			}
			b.Index[at] = int32(b.Rows*b.Tokens + b.Images*b.Patches/unit + row.Graph[graph])
			graph++
		}
		b.IDs[at], b.Mask[at] = id, 1
		for k := range b.Positions {
			b.Positions[k][at] = next
		}
		next++
		i++
	}
	switch {
	case images < len(row.Images):
		return fmt.Errorf("%d pictures and image tokens for only %d", len(row.Images), images)
	case graph < len(row.Graph):
		return fmt.Errorf("%d graph vectors and graph tokens for only %d", len(row.Graph), graph)
	}
	b.Last[r] = int32(start + len(row.IDs) - 1)
	return nil
}

// place gives where the k-th merged block of a picture, counted row by row, stands: with windows, these come one after
// the other, row by row, and the blocks in them, those that lie outside of the picture included.
func (v *VisionConfig) place(grid [3]int, k int) int {
	side := v.windowSide()
	if side == 0 {
		return k
	}
	rows, columns := grid[1]/v.MergeSize, grid[2]/v.MergeSize
	t, y, x := k/(rows*columns), k/columns%rows, k%columns
	high, wide := (rows+side-1)/side, (columns+side-1)/side
	window := (t*high+y/side)*wide + x/side
	return (window*side+y%side)*side + x%side
}

// layoutImage copies a picture into place and computes its 2-D rotary angles: half of the frequencies turn with the
// patch's row, half with its column.
func (c *Config) layoutImage(b *Batch, picture int, img vision.Patches) {
	v := &c.Vision
	e, m, unit, frame := b.visionHeadDim, v.MergeSize, v.MergeUnit(), v.PatchSize*v.PatchSize
	freq := transformer.InverseFrequencies(1e4, e/2)
	perFrame := img.Grid[1] * img.Grid[2]
	for k := range img.Count() {
		at := picture*b.Patches + v.place(img.Grid, k/unit)*unit + k%unit
		b.PatchMask[at] = 1
		pixels, patch := b.Pixels[at*b.patchDim:(at+1)*b.patchDim], img.Data[k*v.PatchDim():(k+1)*v.PatchDim()]
		if b.patchDim == v.PatchDim() {
			copy(pixels, patch)
		} else {
			for channel := range slices.Chunk(patch, v.TemporalPatchSize*frame) {
				pixels = pixels[copy(pixels, channel[:frame]):]
			}
		}
		block, in := k%perFrame/unit, k%unit
		y := block/(img.Grid[2]/m)*m + in/m
		x := block%(img.Grid[2]/m)*m + in%m
		cos, sin := b.VisionCos[at*e:(at+1)*e], b.VisionSin[at*e:(at+1)*e]
		for j, f := range freq {
			transformer.SetAngle(cos, sin, j, float32(y)*f)
			transformer.SetAngle(cos, sin, j+len(freq), float32(x)*f)
		}
	}
}

// layoutAngles computes the M-RoPE angles from the positions.
func (c *Config) layoutAngles(b *Batch) {
	d := b.headDim
	freq := transformer.InverseFrequencies(c.RoPETheta, d)
	axis := make([]int, 0, len(freq))
	for a, n := range c.MRoPESection {
		for range n {
			axis = append(axis, a)
		}
	}
	for i := range b.IDs {
		cos, sin := b.Cos[i*d:(i+1)*d], b.Sin[i*d:(i+1)*d]
		for j, f := range freq {
			transformer.SetAngle(cos, sin, j, float32(b.Positions[axis[j]][i])*f)
		}
	}
}

// Tensors gives the batch as the tensors of [NewInputs], in its order.
func (b *Batch) Tensors() []*tensors.Tensor {
	out := []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(b.IDs, b.Rows, b.Tokens),
		tensors.FromFlatDataAndDimensions(b.Index, b.Rows, b.Tokens),
		tensors.FromFlatDataAndDimensions(b.Mask, b.Rows, b.Tokens),
		tensors.FromFlatDataAndDimensions(b.Cos, b.Rows, b.Tokens, b.headDim),
		tensors.FromFlatDataAndDimensions(b.Sin, b.Rows, b.Tokens, b.headDim),
		tensors.FromFlatDataAndDimensions(b.Last, b.Rows),
	}
	if b.Images > 0 {
		out = append(out,
			tensors.FromFlatDataAndDimensions(b.Pixels, b.Images, b.Patches, b.patchDim),
			tensors.FromFlatDataAndDimensions(b.PatchMask, b.Images, b.Patches),
			tensors.FromFlatDataAndDimensions(b.VisionCos, b.Images, b.Patches, b.visionHeadDim),
			tensors.FromFlatDataAndDimensions(b.VisionSin, b.Images, b.Patches, b.visionHeadDim),
		)
	}
	return out
}
