package graphenc

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/paulmach/orb"

	ugbackend "urbangraph/uglib/backend"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/nn"
)

// backend gives the backend that the environment names, pure Go by default.
func backend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := ugbackend.Default()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const vocabulary = 40

func config() Config {
	c := Default(16)
	c.SpatialFrequencyNum, c.TokenNorm = 4, 1.5
	return c
}

// randomGraph is a made-up neighbourhood: the image, and places within 300 m.
func randomGraph(rng *rand.Rand, nodes, edges int) Graph {
	origin := geo.Frame{Origin: orb.Point{-75.5466, 39.7459}}
	g := Graph{Nodes: make([]Node, nodes), Edges: make([]Edge, edges)}
	for i := range g.Nodes {
		n := Node{At: origin.LonLat(orb.Point{600*rng.Float64() - 300, 600*rng.Float64() - 300}), Kind: 1 + rng.IntN(4)}
		if i == 0 {
			n.Kind = ImageKind
		}
		for range rng.IntN(6) {
			n.Tokens = append(n.Tokens, rng.Int32N(vocabulary))
		}
		g.Nodes[i] = n
	}
	for i := range g.Edges {
		from, to := rng.IntN(nodes), rng.IntN(nodes)
		a, b := g.Nodes[from].At, g.Nodes[to].At
		g.Edges[i] = Edge{From: from, To: to, Type: rng.IntN(5), Distance: geo.Distance(a, b), Bearing: geo.BearingTo(a, b)}
	}
	return g
}

// encoder runs a configuration with fixed weights.
type encoder struct {
	t     testing.TB
	c     Config
	store *model.Store
	exec  *model.Exec
}

func newEncoder(t testing.TB, c Config) *encoder {
	t.Helper()
	s := model.NewStore()
	if err := s.SetRNGStateFromSeed(11); err != nil {
		t.Fatal(err)
	}
	exec, err := model.NewExec(backend(t), s, func(s *model.Scope, in []*graph.Node) []*graph.Node {
		emb := s.At("embed_tokens")
		emb = emb.WithInitializer(nn.Normal(emb, 0.5))
		table := nn.EmbeddingTable(emb, in[0].Graph(), dtypes.Float32, vocabulary, c.HiddenDim)
		tokens, mask := Forward(s.At("graph_encoder"), c, Unpack(in, table))
		return []*graph.Node{tokens, mask}
	})
	if err != nil {
		t.Fatal(err)
	}
	return &encoder{t, c, s, exec}
}

func (e *encoder) batch(size Size, graphs ...Graph) *Batch {
	e.t.Helper()
	b, err := e.c.Batch(graphs, size)
	if err != nil {
		e.t.Fatal(err)
	}
	return b
}

// tokens returns the tokens of each graph's own nodes.
func (e *encoder) tokens(size Size, graphs ...Graph) [][][]float32 {
	e.t.Helper()
	out, err := e.exec.Call(e.batch(size, graphs...).args()...)
	if err != nil {
		e.t.Fatal(err)
	}
	flat, mask := tensors.MustCopyFlatData[float32](out[0]), tensors.MustCopyFlatData[bool](out[1])
	n, h := out[0].Shape().Dim(1), e.c.OutputDim
	all := make([][][]float32, len(graphs))
	for i, g := range graphs {
		for j := range n {
			row := flat[(i*n+j)*h : (i*n+j+1)*h]
			if mask[i*n+j] != (j < len(g.Nodes)) {
				e.t.Fatalf("graph %d: mask of node %d of %d is %v", i, j, len(g.Nodes), mask[i*n+j])
			}
			if j < len(g.Nodes) {
				all[i] = append(all[i], row)
			} else if slices.ContainsFunc(row, func(x float32) bool { return x != 0 }) {
				e.t.Fatalf("graph %d: padding token %d is not zero", i, j)
			}
		}
	}
	return all
}

func (b *Batch) args() []any {
	var all []any
	for _, x := range b.Tensors() {
		all = append(all, x)
	}
	return all
}

// differ returns the largest difference of two sets of rows.
func differ(a, b [][]float32) float64 {
	worst := 0.0
	for i := range a {
		for j := range a[i] {
			worst = math.Max(worst, math.Abs(float64(a[i][j]-b[i][j])))
		}
	}
	return worst
}

func configs() map[string]Config {
	plain := config()
	bottleneck := config()
	bottleneck.Bottleneck, bottleneck.NumLayers = 12, 3
	bare := config()
	bare.UseSpatialEncoding, bare.UseEdgeFeatures = false, false
	reference := config()
	reference.Reference = true
	return map[string]Config{"default": plain, "bottleneck": bottleneck, "bare": bare, "reference": reference}
}

func TestPermutationAndPadding(t *testing.T) {
	for name, c := range configs() {
		rng := rand.New(rand.NewPCG(1, 2))
		e := newEncoder(t, c)
		g, other := randomGraph(rng, 9, 14), randomGraph(rng, 5, 6)
		want := e.tokens(Size{}, g)[0]

		perm := rng.Perm(len(g.Nodes)) // node i moves to perm[i]
		p := Graph{Nodes: make([]Node, len(g.Nodes)), Center: perm[0]}
		for i, n := range g.Nodes {
			p.Nodes[perm[i]] = n
		}
		for _, k := range rng.Perm(len(g.Edges)) {
			edge := g.Edges[k]
			edge.From, edge.To = perm[edge.From], perm[edge.To]
			p.Edges = append(p.Edges, edge)
		}
		moved := e.tokens(Size{}, p)[0]
		back := make([][]float32, len(moved))
		for i := range back {
			back[i] = moved[perm[i]]
		}
		if d := differ(want, back); d > 1e-5 {
			t.Errorf("%s: permuted nodes give tokens off by %g", name, d)
		}
		if d := differ(want, e.tokens(Size{Nodes: 30, Edges: 77, Tokens: 20}, g)[0]); d > 1e-5 {
			t.Errorf("%s: more padding changes tokens by %g", name, d)
		}
		// Each row of a batch has its own graph.
		both := e.tokens(Size{}, other, g)
		if d := differ(want, both[1]); d > 1e-5 {
			t.Errorf("%s: another graph in the batch changes tokens by %g", name, d)
		}
		if d := differ(e.tokens(Size{}, other)[0], both[0]); d > 1e-5 {
			t.Errorf("%s: the first row is off by %g", name, d)
		}
		if empty := e.tokens(Size{}, g, Graph{}); differ(want, empty[0]) > 1e-5 || len(empty[1]) != 0 {
			t.Errorf("%s: a row without a graph disturbs", name)
		}
	}
}

// TestBothWays changes one end of a single edge and looks at the other.
func TestBothWays(t *testing.T) {
	for _, reference := range []bool{false, true} {
		c := config()
		c.NumLayers, c.Reference = 1, reference
		e := newEncoder(t, c)
		g := randomGraph(rand.New(rand.NewPCG(4, 4)), 3, 0)
		g.Edges = []Edge{{From: 1, To: 2, Distance: 20, Bearing: 30}}
		before := e.tokens(Size{}, g)[0]
		moves := func(changed, seen int) bool {
			h := Graph{Nodes: slices.Clone(g.Nodes), Edges: g.Edges}
			h.Nodes[changed].Tokens = []int32{17, 3, 5}
			return differ(before[seen:seen+1], e.tokens(Size{}, h)[0][seen:seen+1]) > 1e-6
		}
		if !moves(1, 2) {
			t.Errorf("reference %v: nothing flows along the edge", reference)
		}
		if moves(2, 1) == reference {
			t.Errorf("reference %v: flow against the edge is %v", reference, !reference)
		}
		if moves(0, 1) || moves(0, 2) {
			t.Errorf("reference %v: an unconnected node has influence", reference)
		}
	}
}

func TestMarkerKindTypeAndPlaceMatter(t *testing.T) {
	e := newEncoder(t, config())
	g := randomGraph(rand.New(rand.NewPCG(5, 4)), 4, 6)
	before := e.tokens(Size{}, g)[0]
	for name, change := range map[string]func(*Graph){
		"kind":     func(h *Graph) { h.Nodes[1].Kind = h.Nodes[1].Kind%4 + 1 },
		"place":    func(h *Graph) { h.Nodes[1].At[0] += 0.0005 },
		"type":     func(h *Graph) { h.Edges[0].Type = (h.Edges[0].Type + 1) % 5 },
		"bearing":  func(h *Graph) { h.Edges[0].Bearing += 90 },
		"distance": func(h *Graph) { h.Edges[0].Distance += 50 },
	} {
		h := Graph{Nodes: slices.Clone(g.Nodes), Edges: slices.Clone(g.Edges)}
		h.Edges[0].From, h.Edges[0].To = 1, 2
		b := Graph{Nodes: g.Nodes, Edges: slices.Clone(h.Edges)}
		base := e.tokens(Size{}, b)[0]
		change(&h)
		if differ(base, e.tokens(Size{}, h)[0]) < 1e-6 {
			t.Errorf("the %s has no influence", name)
		}
	}
	// The marker tells the image from its neighbours; the frame stays that of a graph with the same origin.
	h := Graph{Nodes: slices.Clone(g.Nodes), Edges: g.Edges, Center: 1}
	h.Nodes[1].At, h.Nodes[0].At = g.Nodes[0].At, g.Nodes[0].At
	i := h
	i.Center = 0
	if differ(e.tokens(Size{}, h)[0], e.tokens(Size{}, i)[0]) < 1e-6 {
		t.Error("the marker has no influence")
	}
	// A graph far away looks the same as here: places are relative to the image.
	j := Graph{Nodes: slices.Clone(g.Nodes), Edges: g.Edges}
	here, there := geo.Frame{Origin: g.Nodes[0].At}, geo.Frame{Origin: orb.Point{1.52, 42.5}}
	for k := range j.Nodes {
		j.Nodes[k].At = there.LonLat(here.Local(g.Nodes[k].At))
	}
	if d := differ(before, e.tokens(Size{}, j)[0]); d > 1e-4 {
		t.Errorf("the same streets in another city differ by %g", d)
	}
}

func TestTokenNorm(t *testing.T) {
	c := config()
	e := newEncoder(t, c)
	for _, row := range e.tokens(Size{}, randomGraph(rand.New(rand.NewPCG(6, 4)), 12, 20))[0] {
		sum := 0.0
		for _, x := range row {
			sum += float64(x) * float64(x)
		}
		if math.Abs(math.Sqrt(sum)-c.TokenNorm) > 0.01 {
			t.Errorf("token of length %g, want %g", math.Sqrt(sum), c.TokenNorm)
		}
	}
	norm, err := MeanNorm(tensors.FromValue([][]float32{{3, 4}, {0, 1}}))
	if err != nil || norm != 3 {
		t.Errorf("MeanNorm %g, %v", norm, err)
	}
}

// TestGradientReachesEveryParameter wants a gradient other than zero in every
// variable, for every configuration.
func TestGradientReachesEveryParameter(t *testing.T) {
	for name, c := range configs() {
		s := model.NewStore()
		if err := s.SetRNGStateFromSeed(3); err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(7, 7))
		batch, err := c.Batch([]Graph{randomGraph(rng, 9, 20), randomGraph(rng, 12, 25)}, Size{})
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		out, err := model.CallOnceN(backend(t), s, func(s *model.Scope, in []*graph.Node) []*graph.Node {
			emb := s.At("embed_tokens")
			emb = emb.WithInitializer(nn.Normal(emb, 0.5))
			table := nn.EmbeddingTable(emb, in[0].Graph(), dtypes.Float32, vocabulary, c.HiddenDim)
			tokens, _ := Forward(s.At("graph_encoder"), c, Unpack(in, table))
			target := graph.Sin(graph.IotaFull(tokens.Graph(), tokens.Shape()))
			vars, grads := nn.Gradients(s.Store(), graph.ReduceAllSum(graph.Mul(tokens, target)))
			for _, v := range vars {
				paths = append(paths, v.Path())
			}
			return grads
		}, batch.args()...)
		if err != nil {
			t.Fatal(err)
		}
		keys := map[string]bool{}
		for i, path := range paths {
			key := strings.TrimPrefix(nn.Key(path), "graph_encoder.")
			keys[key] = true
			grad := tensors.MustCopyFlatData[float32](out[i])
			if !slices.ContainsFunc(grad, func(x float32) bool { return x != 0 }) || slices.ContainsFunc(grad, func(x float32) bool { return x != x }) {
				t.Errorf("%s: no gradient, or a NaN, in %s", name, path)
			}
			if dims, ok := c.Shapes()[key]; path != "/embed_tokens/weight" && (!ok || !slices.Equal(dims, out[i].Shape().Dimensions)) {
				t.Errorf("%s: %s is %s, Shapes has %v", name, key, out[i].Shape(), dims)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(c.Shapes())) {
			if !keys[key] {
				t.Errorf("%s: %s of Shapes is not used", name, key)
			}
		}
	}
}

func TestReferenceFeatures(t *testing.T) {
	text, err := os.ReadFile("testdata/reference_features.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Places  map[string]orb.Point
		Spatial map[string][]float64
		Edges   []struct {
			From, To orb.Point
			Features []float64
		}
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	c := Default(64)
	c.Reference = true
	check := func(what string, got []float32, want []float64) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s: %d features, want %d", what, len(got), len(want))
		}
		for i := range got {
			if math.Abs(float64(got[i])-want[i]) > 1e-6*math.Max(1, math.Abs(want[i])) {
				t.Errorf("%s: feature %d is %g, want %g", what, i, got[i], want[i])
			}
		}
	}
	for name, place := range want.Places {
		check(name, c.spatialFeatures(nil, c.scales(), geo.Frame{}, place), want.Spatial[name])
	}
	for _, e := range want.Edges {
		g := Graph{Nodes: []Node{{At: e.From}, {At: e.To}}}
		check("edge", c.edgeFeatures(nil, geo.Frame{}, g, Edge{From: 0, To: 1}, false), e.Features)
	}
}

func TestEdgeFeatures(t *testing.T) {
	c := config()
	frame := geo.Frame{Origin: orb.Point{-75.5466, 39.7459}}
	g := Graph{Nodes: []Node{{At: frame.Origin}, {At: frame.LonLat(orb.Point{30, 40})}}}
	e := Edge{From: 0, To: 1, Type: 2, Distance: 1000, Bearing: 90}
	for _, w := range []struct {
		back bool
		want []float32
	}{
		{false, []float32{1, 1, 0, 0.3, 0.4, 0, 0, 1, 0, 0, 0, 0}},
		{true, []float32{1, -1, 0, -0.3, -0.4, 0, 0, 1, 0, 0, 0, 1}},
	} {
		got := c.edgeFeatures(nil, frame, g, e, w.back)
		if len(got) != c.edgeColumns() || differ([][]float32{got}, [][]float32{w.want}) > 1e-6 {
			t.Errorf("back %v: %v, want %v", w.back, got, w.want)
		}
	}
	f := c.spatialFeatures(nil, c.scales(), frame, frame.LonLat(orb.Point{2000, 0}))
	s := float32(math.Sin(1))
	if len(f) != 16 || math.Abs(float64(f[6]-s)) > 1e-6 || math.Abs(float64(f[8])) > 1e-6 || f[9] != 1 {
		t.Errorf("spatial features 2 km east: %v", f)
	}
}

func TestBatchRefuses(t *testing.T) {
	good := func() Graph { return randomGraph(rand.New(rand.NewPCG(8, 8)), 3, 2) }
	for name, spoil := range map[string]func(*Graph){
		"center":    func(g *Graph) { g.Center = 3 },
		"kind":      func(g *Graph) { g.Nodes[1].Kind = 5 },
		"latitude":  func(g *Graph) { g.Nodes[1].At[1] = 91 },
		"longitude": func(g *Graph) { g.Nodes[1].At[0] = math.NaN() },
		"negative":  func(g *Graph) { g.Nodes[1].Tokens = []int32{-4} },
		"joins":     func(g *Graph) { g.Edges[1].To = 3 },
		"type":      func(g *Graph) { g.Edges[1].Type = -1 },
		"finite":    func(g *Graph) { g.Edges[1].Distance = geo.Metres(math.Inf(1)) },
	} {
		g := good()
		spoil(&g)
		if _, err := config().Batch([]Graph{good(), g}, Size{}); err == nil || !strings.Contains(err.Error(), name) && !strings.Contains(err.Error(), "longitude") || !strings.Contains(err.Error(), "graph 1") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := config().Batch(nil, Size{}); err == nil {
		t.Error("no graphs: no error")
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct{ need, want int }{{1, 8}, {8, 8}, {9, 12}, {12, 12}, {13, 16}, {17, 24}, {33, 48}, {48, 48}, {49, 64}, {200, 256}} {
		if got := (Size{c.need, c.need, c.need}).Bucket(); got != (Size{c.want, c.want, c.want}) {
			t.Errorf("bucket of %d is %v, want %d", c.need, got, c.want)
		}
	}
	c := config()
	g := randomGraph(rand.New(rand.NewPCG(8, 9)), 10, 7)
	g.Nodes[3].Tokens = make([]int32, 500)
	if need := c.Need([]Graph{g}); need != (Size{10, 14, MaxTokens}) {
		t.Errorf("need %v", need)
	}
	c.Reference = true
	if need := c.Need([]Graph{g}); need.Edges != 7 {
		t.Errorf("reference needs %v", need)
	}
}

func TestSaveLoad(t *testing.T) {
	for name, c := range configs() {
		e := newEncoder(t, c)
		g := randomGraph(rand.New(rand.NewPCG(9, 9)), 6, 8)
		want := e.tokens(Size{}, g)[0]
		dir := t.TempDir()
		if err := Save(dir, e.store, "/graph_encoder", c); err != nil {
			t.Fatal(err)
		}
		f := newEncoder(t, c)
		got, err := Load(dir, f.store, "/graph_encoder", dtypes.Float32)
		if err != nil {
			t.Fatal(err)
		}
		if got != c {
			t.Errorf("%s: config %+v, want %+v", name, got, c)
		}
		table, err := e.store.GetVariable("/embed_tokens/weight").MustValue().Clone()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.store.CreateVariable("/embed_tokens/weight", table); err != nil {
			t.Fatal(err)
		}
		if d := differ(want, f.tokens(Size{}, g)[0]); d != 0 {
			t.Errorf("%s: loaded encoder differs by %g", name, d)
		}
		if err := os.Remove(dir + "/graph_encoder.safetensors"); err != nil {
			t.Fatal(err)
		}
		broken := c
		broken.NumLayers++
		if err := Save(dir, e.store, "/graph_encoder", broken); err == nil || !strings.Contains(err.Error(), "convs.") {
			t.Errorf("%s: a layer too many: error %v", name, err)
		}
	}
}

func TestParseConfig(t *testing.T) {
	// The reference's file lacks the heads and all of our fields.
	c, err := ParseConfig([]byte(`{"hidden_dim": 3584, "output_dim": 3584, "num_layers": 2, "edge_dim": 64, "use_spatial_encoding": true, "use_edge_features": true,
		"use_gat": true, "use_spatial_auxiliary": false, "spatial_embed_dim": 64, "spatial_frequency_num": 16}`))
	if err != nil || c.GATHeads != 4 || c.MaxScale != 2000 || c.HiddenDim != 3584 {
		t.Errorf("%+v, %v", c, err)
	}
	for text, want := range map[string]string{
		`{`: "unexpected", `{}`: "hidden_dim", `{"hidden_dim":64,"use_gat":false}`: "use_gat", `{"hidden_dim":64,"num_layers":0}`: "num_layers",
		`{"hidden_dim":64,"dropout":1}`: "dropout", `{"hidden_dim":64,"spatial_min_scale":9999}`: "scales", `{"hidden_dim":64,"token_norm":0}`: "token_norm",
		`{"hidden_dim":64,"reference":true,"bottleneck":32}`: "bottleneck",
	} {
		if _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	text, err := json.Marshal(config())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"hidden_dim":64}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseConfig(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := ParseConfig(again); err != nil || d != c {
			t.Fatalf("%+v came back as %+v, %v", c, d, err)
		}
	})
}
