package qwen2vl

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/internal/golden"
	"urbangraph/uglib/nn"
)

// goldenAdapter is a PEFT adapter of the reference model, with gradients and
// five steps of torch's AdamW (gen_lora.py beside package nn).
const goldenAdapter = "../../nn/testdata/lora_qwen2_vl"

// TestGoldenLoRA loads PEFT's adapter and compares embedding, loss and
// gradients, then trains five steps, and at last merges.
func TestGoldenLoRA(t *testing.T) {
	g := loadGolden(t, "testdata")
	g.cfg.GraphTokenID = 0 // the reference run embeds the graph tokens as any other
	for i := range g.rows {
		g.rows[i].Graph = nil
	}
	acts, err := nn.LoadTensors(filepath.Join(goldenAdapter, "acts.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	grads, err := nn.LoadTensors(filepath.Join(goldenAdapter, "grads.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	store := g.store(t)
	lora, err := nn.LoadAdapter(goldenAdapter, store, nn.AdapterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var args []any
	for _, x := range g.layout(t, Sizes{}).Tensors() {
		args = append(args, x)
	}
	forward := func(s *model.Scope, nodes []*Node, lora *nn.LoRA) (embedding, loss *Node) {
		embedding = L2Normalize(g.cfg.LastHidden(s, NewInputs(nodes), Options{LoRA: lora}), -1)
		pairs := Reshape(embedding, 2, 2, 64)
		side := func(i int) *Node { return Reshape(Slice(pairs, AxisRange(), AxisElem(i)), 2, 64) }
		return embedding, nn.InfoNCE{Temperature: 0.05}.Loss(side(0), side(1), nil)
	}

	var keys []string
	out := golden.Run(t, store, args, func(s *model.Scope, nodes []*Node) []*Node {
		embedding, loss := forward(s, nodes, lora)
		nn.SetTrainable(store, func(key string) bool { return strings.Contains(key, ".lora_") })
		vars, d := nn.Gradients(store, loss)
		for _, v := range vars {
			keys = append(keys, nn.Key(v.Path()))
		}
		return append([]*Node{embedding, loss}, d...)
	})
	golden.Near(t, "embedding", golden.Floats(t, out[0]), golden.Floats(t, acts["embedding"]), 1e-5, nil)
	golden.Near(t, "loss", golden.Floats(t, out[1]), golden.Floats(t, acts["loss"]), 1e-5, nil)
	if len(keys) != 8 {
		t.Errorf("gradients of %v", keys)
	}
	for i, key := range keys {
		name := strings.Replace(key, "model.layers", "model.language_model.layers", 1)
		name = "d_base_model.model." + strings.TrimSuffix(name, ".weight")
		want, ok := grads[name+".default.weight"]
		if !ok {
			t.Fatalf("the reference has no gradient of %s", key)
		}
		golden.Near(t, key, golden.Floats(t, out[2+i]), golden.Floats(t, want), 1e-5, nil)
	}

	optimizer := nn.NewAdamW()
	step, err := model.NewExec(golden.Backend(), store, func(s *model.Scope, nodes []*Node) []*Node {
		_, loss := forward(s, nodes, lora)
		return []*Node{optimizer.Update(store, loss, Scalar(loss.Graph(), dtypes.Float64, 5e-5))}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		norm, err := step.Call(args...)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want := golden.Floats(t, acts["grad_norm_step1"])
			golden.Near(t, "gradient norm", golden.Floats(t, norm[0]), want, 1e-6*float64(want[0]), nil)
		}
	}
	evaluate := func(lora *nn.LoRA) func(s *model.Scope, nodes []*Node) []*Node {
		return func(s *model.Scope, nodes []*Node) []*Node {
			embedding, loss := forward(s, nodes, lora)
			return []*Node{embedding, loss}
		}
	}
	trained := golden.Run(t, store, args, evaluate(lora))
	golden.Near(t, "embedding after 5 steps", golden.Floats(t, trained[0]), golden.Floats(t, acts["embedding_after5"]), 2e-5, nil)
	golden.Near(t, "loss after 5 steps", golden.Floats(t, trained[1]), golden.Floats(t, acts["loss_after5"]), 2e-5, nil)

	if _, err := lora.Merge(store); err != nil {
		t.Fatal(err)
	}
	merged := golden.Run(t, store, args, evaluate(nil))
	golden.Near(t, "merged embedding", golden.Floats(t, merged[0]), golden.Floats(t, trained[0]), 1e-5, nil)
}
