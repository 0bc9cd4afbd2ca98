package uge_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/backbone/qwen2vl"
	"urbangraph/uglib/backend"
	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/uge"
	"urbangraph/uglib/vision"
)

// A model of random weights embeds two texts; unit vectors compare by their
// dot product.
func Example() {
	texts := []string{"A residential street near a bakery.", "A residential street near a school."}
	tok, err := tokenizer.TrainBPE(slices.Values(texts), 300, tokenizer.QwenSpecial())
	if err != nil {
		log.Fatal(err)
	}
	m, err := uge.New(uge.Config{MaxTokens: 64}, backbone.OfQwen2VL(qwen2vl.Tiny(tok.VocabSize(), 32, 1, 1)), tok, vision.Default(), 1)
	if err != nil {
		log.Fatal(err)
	}
	b, err := backend.Default()
	if err != nil {
		log.Fatal(err)
	}
	e := uge.NewEncoder(m, b)
	defer e.Close()
	vectors, err := e.Encode(context.Background(), "texts", len(texts), func(i int) (uge.Input, error) {
		return uge.Input{Text: texts[i]}, nil
	})
	if err != nil {
		log.Fatal(err)
	}
	var self, other float64
	for i, x := range vectors[0] {
		self += float64(x) * float64(x)
		other += float64(x) * float64(vectors[1][i])
	}
	fmt.Printf("%d components, self %.3f, other less: %v\n", len(vectors[0]), self, other < self)
	// Output: 32 components, self 1.000, other less: true
}
