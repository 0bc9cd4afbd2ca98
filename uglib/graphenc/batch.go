package graphenc

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/nn"
)

// MaxTokens is how many tokens of a node's text count (UGE reference, node
// encoder); further ones are left out.
const MaxTokens = 128

// ImageKind is the kind of nodes that are images; the kinds of the city's
// nodes follow it.
const ImageKind = 0

// Node is one node of the graph around an image.
type Node struct {
	At     orb.Point // longitude, latitude in degrees
	Kind   int       // ImageKind, or 1 + the city's kind
	Tokens []int32   // of the node's text, by the language model's tokenizer
}

// Edge is one undirected edge; distance and bearing lead from From to To.
type Edge struct {
	From, To int // indices of Nodes
	Type     int // the city's edge type
	Distance geo.Metres
	Bearing  geo.Bearing
}

// Graph is the graph around one image.
type Graph struct {
	Nodes []Node
	Edges []Edge
	// Center is the index of the image's own node, the origin of the local
	// frame. With -1 there is none, and the origin is the mean of the nodes.
	Center int
}

// Batch holds padded graphs as tensors on the host, ready to be fed.
type Batch struct {
	Tokens   *tensors.Tensor // int32 [B, N, T]: tokens of the node texts, -1 for padding
	Spatial  *tensors.Tensor // float32 [B, N, 4·bands]
	Kind     *tensors.Tensor // int32 [B, N]: -1 for padding
	Center   *tensors.Tensor // int32 [B]: the image's own node, or -1
	Source   *tensors.Tensor // int32 [B, E]: -1 for padding
	Target   *tensors.Tensor // int32 [B, E]
	Features *tensors.Tensor // float32 [B, E, columns]
}

// NumInputs is the number of tensors of a [Batch].
const NumInputs = 7

// Size is a padded size: nodes per graph, directed edges per graph, tokens per
// node text. Each new one compiles a new graph, so callers use few.
type Size struct{ Nodes, Edges, Tokens int }

// Max returns the larger of each.
func (s Size) Max(o Size) Size {
	return Size{max(s.Nodes, o.Nodes), max(s.Edges, o.Edges), max(s.Tokens, o.Tokens)}
}

// Need returns the size that the graphs need, without rounding.
func (c Config) Need(graphs []Graph) Size {
	need := Size{1, 1, 1}
	ways := 2
	if c.Reference {
		ways = 1
	}
	for _, g := range graphs {
		need = need.Max(Size{Nodes: len(g.Nodes), Edges: ways * len(g.Edges)})
		for _, n := range g.Nodes {
			need.Tokens = max(need.Tokens, min(len(n.Tokens), MaxTokens))
		}
	}
	return need
}

// Bucket rounds a size up to one of few: each part to 2ᵏ or 3·2ᵏ⁻¹, of 8 or
// more.
func (s Size) Bucket() Size {
	return Size{nn.Bucket(s.Nodes), nn.Bucket(s.Edges), nn.Bucket(s.Tokens)}
}

// Batch pads the graphs to the size, or to the bucket of what they need where
// that is larger; Size{} lets the graphs decide alone. A graph without nodes
// is a row of padding.
//
// Graphs are not cut: a caller with a limit on nodes keeps the nearest to the
// image (the reference keeps random ones around the node of the highest
// degree, and can lose the image).
func (c Config) Batch(graphs []Graph, size Size) (*Batch, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if len(graphs) == 0 {
		return nil, fmt.Errorf("graph batch: no graphs")
	}
	for i, g := range graphs {
		if err := c.check(g); err != nil {
			return nil, fmt.Errorf("graph batch: graph %d: %w", i, err)
		}
	}
	need := c.Need(graphs)
	bucket := need.Bucket()
	if need.Nodes > size.Nodes {
		size.Nodes = bucket.Nodes
	}
	if need.Edges > size.Edges {
		size.Edges = bucket.Edges
	}
	if need.Tokens > size.Tokens {
		size.Tokens = bucket.Tokens
	}
	b, n, e, t := len(graphs), size.Nodes, size.Edges, size.Tokens
	bands, columns := 4*c.SpatialFrequencyNum, c.edgeColumns()
	tokens, kind, source := filled(b*n*t, -1), filled(b*n, -1), filled(b*e, -1)
	center, target := filled(b, -1), filled(b*e, 0)
	spatial, features := make([]float32, b*n*bands), make([]float32, b*e*columns)
	tau := c.scales()
	for i, g := range graphs {
		frame := g.frame()
		center[i] = int32(g.Center)
		for j, node := range g.Nodes {
			at := i*n + j
			kind[at] = int32(node.Kind)
			copy(tokens[at*t:(at+1)*t], node.Tokens[:min(len(node.Tokens), MaxTokens)])
			c.spatialFeatures(spatial[at*bands:at*bands], tau, frame, node.At)
		}
		at := i * e
		for _, edge := range g.Edges {
			source[at], target[at] = int32(edge.From), int32(edge.To)
			c.edgeFeatures(features[at*columns:at*columns], frame, g, edge, false)
			at++
			if c.Reference {
				continue
			}
			source[at], target[at] = int32(edge.To), int32(edge.From)
			c.edgeFeatures(features[at*columns:at*columns], frame, g, edge, true)
			at++
		}
	}
	return &Batch{
		Tokens:   tensors.FromFlatDataAndDimensions(tokens, b, n, t),
		Spatial:  tensors.FromFlatDataAndDimensions(spatial, b, n, bands),
		Kind:     tensors.FromFlatDataAndDimensions(kind, b, n),
		Center:   tensors.FromFlatDataAndDimensions(center, b),
		Source:   tensors.FromFlatDataAndDimensions(source, b, e),
		Target:   tensors.FromFlatDataAndDimensions(target, b, e),
		Features: tensors.FromFlatDataAndDimensions(features, b, e, columns),
	}, nil
}

// check reports what does not fit in a graph.
func (c Config) check(g Graph) error {
	if g.Center < -1 || g.Center >= len(g.Nodes) && len(g.Nodes) > 0 {
		return fmt.Errorf("center %d of %d nodes", g.Center, len(g.Nodes))
	}
	for i, n := range g.Nodes {
		if n.Kind < 0 || n.Kind >= c.NodeKinds {
			return fmt.Errorf("node %d: kind %d of %d; try a larger node_kinds", i, n.Kind, c.NodeKinds)
		}
		if !(math.Abs(n.At[0]) <= 360 && math.Abs(n.At[1]) <= 90) { // beyond 180 across that meridian
			return fmt.Errorf("node %d: %v is no longitude and latitude in degrees", i, n.At)
		}
		for _, token := range n.Tokens {
			if token < 0 {
				return fmt.Errorf("node %d: token %d is negative", i, token)
			}
		}
	}
	for i, e := range g.Edges {
		if min(e.From, e.To) < 0 || max(e.From, e.To) >= len(g.Nodes) {
			return fmt.Errorf("edge %d: joins %d and %d of %d nodes", i, e.From, e.To, len(g.Nodes))
		}
		if !c.Reference && (e.Type < 0 || e.Type >= c.EdgeTypes) {
			return fmt.Errorf("edge %d: type %d of %d; try a larger edge_types", i, e.Type, c.EdgeTypes)
		}
		if !(e.Distance >= 0) || math.IsInf(float64(e.Distance), 0) || math.IsNaN(float64(e.Bearing)) || math.IsInf(float64(e.Bearing), 0) {
			return fmt.Errorf("edge %d: distance %g m, bearing %g° are no finite measure", i, float64(e.Distance), float64(e.Bearing))
		}
	}
	return nil
}

// frame is the local metric frame of a graph.
func (g Graph) frame() geo.Frame {
	switch {
	case len(g.Nodes) == 0:
		return geo.Frame{}
	case g.Center >= 0:
		return geo.Frame{Origin: g.Nodes[g.Center].At}
	}
	var mean orb.Point
	for _, n := range g.Nodes {
		mean[0] += n.At[0] / float64(len(g.Nodes))
		mean[1] += n.At[1] / float64(len(g.Nodes))
	}
	return geo.Frame{Origin: mean}
}

func filled(n int, value int32) []int32 {
	v := make([]int32, n)
	for i := range v {
		v[i] = value
	}
	return v
}

// Tensors returns the batch in the order that [Unpack] takes.
func (b *Batch) Tensors() []*tensors.Tensor {
	return []*tensors.Tensor{b.Tokens, b.Spatial, b.Kind, b.Center, b.Source, b.Target, b.Features}
}
