package train

import (
	"context"
	"iter"
	"path/filepath"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
)

// TokenizerSpec is a small byte-level BPE tokenizer, with Qwen2-VL's special
// tokens and the graph's, trained on the texts of a dataset's training places.
type TokenizerSpec struct {
	Data       ugdata.Spec
	Vocabulary int
}

// Kind implements [store.Spec].
func (TokenizerSpec) Kind() string { return "tokenizer" }

// Schema implements [store.Spec].
func (TokenizerSpec) Schema() int { return 1 }

// Inputs implements [store.Spec].
func (s TokenizerSpec) Inputs() []store.Spec { return []store.Spec{s.Data} }

// Build implements [store.Spec].
func (s TokenizerSpec) Build(ctx context.Context, b *store.Build) error {
	ds, err := ugdata.Open(ctx, s.Data)
	if err != nil {
		return err
	}
	tok, err := tokenizer.TrainBPE(trainingTexts(ds), s.Vocabulary, tokenizer.QwenSpecial())
	if err != nil {
		return err
	}
	b.Summary("tokens", tok.VocabSize())
	return tok.Save(filepath.Join(b.Dir, uge.TokenizerName))
}

// trainingTexts are all texts that a training sample shows the model: queries,
// positives and the node texts of its graphs.
func trainingTexts(ds *ugdata.Dataset) iter.Seq[string] {
	return func(yield func(string) bool) {
		type node struct {
			city string
			id   city.NodeID
		}
		seen := map[node]bool{}
		for _, s := range ds.Samples {
			p := &ds.Places[s.Place]
			if p.Split != ugdata.Train {
				continue
			}
			if !yield(s.Query) || !yield(s.Positive) {
				return
			}
			for _, id := range p.Graph.Nodes {
				if n := (node{p.City, id}); id != city.None && !seen[n] {
					seen[n] = true
					if !yield(ugdata.NodeText(ds.Cities[p.City], id)) {
						return
					}
				}
			}
		}
	}
}
