package qwen2vl_test

import (
	"fmt"
	"log"

	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/qwen2vl"
	"urbangraph/uglib/vision"
)

// A random small model embeds a picture with a word of text, and a text alone.
func Example() {
	cfg := qwen2vl.Tiny(100, 32, 1, 1)
	cfg.ImageTokenID = 99
	store := model.NewStore()
	if err := cfg.Init(store, 1); err != nil {
		log.Fatal(err)
	}
	picture := vision.Patches{Grid: [3]int{1, 2, 4}, Data: make([]float32, 8*cfg.Vision.PatchDim())}
	rows := []qwen2vl.Row{
		{IDs: []int32{1, 99, 99, 2}, Images: []vision.Patches{picture}}, // 8 patches are 2 image tokens
		{IDs: []int32{1, 2, 3}},
	}
	batch, err := cfg.Layout(rows, qwen2vl.Sizes{Tokens: 8})
	if err != nil {
		log.Fatal(err)
	}
	backend, err := gobackend.New("ops_sequential")
	if err != nil {
		log.Fatal(err)
	}
	exec, err := model.NewExec(backend, store, func(s *model.Scope, nodes []*graph.Node) *graph.Node {
		return graph.L2Normalize(cfg.LastHidden(s, qwen2vl.NewInputs(nodes), qwen2vl.Options{}), -1)
	})
	if err != nil {
		log.Fatal(err)
	}
	var args []any
	for _, t := range batch.Tensors() {
		args = append(args, t)
	}
	embeddings, err := exec.Call1(args...)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(embeddings.Shape())
	// Output: (Float32)[2, 32]
}
