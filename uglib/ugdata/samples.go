package ugdata

import (
	"cmp"
	_ "embed"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Tags that a query holds for its image and its graph.
const (
	ImageTag = "<image>"
	GraphTag = "<graph>"
)

//go:embed instructions.txt
var instructionFile string

// instructions of each kind and stage.
var instructions = parseInstructions(instructionFile)

type instructionKey struct {
	kind  PairKind
	stage int
}

// parseInstructions reads lines "kind stage text"; the file is part of the
// program, so that a bad line is a mistake in it.
func parseInstructions(file string) map[instructionKey][]string {
	out := map[instructionKey][]string{}
	for line := range strings.Lines(file) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		kind, rest, _ := strings.Cut(line, " ")
		number, text, ok := strings.Cut(rest, " ")
		stage, err := strconv.Atoi(number)
		if !ok || err != nil {
			panic(fmt.Sprintf("instructions.txt: %q is not a kind, a stage and a text", line))
		}
		k := instructionKey{PairKind(kind), stage}
		out[k] = append(out[k], text)
	}
	return out
}

// Instructions returns the instructions of a kind of text in a stage, without
// the tags.
func Instructions(kind PairKind, stage int) []string {
	return append([]string(nil), instructions[instructionKey{kind, stage}]...)
}

// Query puts the tags of a stage before an instruction.
func Query(stage int, instruction string) string {
	if stage == 2 {
		return GraphTag + ImageTag + " " + instruction
	}
	return ImageTag + " " + instruction
}

// makeSamples makes the training pairs of a place for training or validation,
// which is the one with the given index: a caption (or its summary, or both) in
// both stages, a path in stage 2, and a path in stage 1 for a share of the places; the path of fewest
// hops, whose text is short. They depend on the place and the seed alone.
func makeSamples(p *Place, index int, o Options, seed uint64) []Sample {
	if p.Split != Train && p.Split != Val {
		return nil
	}
	var out []Sample
	r := rand.New(rand.NewPCG(seed, ^uint64(p.ID)))
	add := func(stage int, kind PairKind, positive string) {
		texts := instructions[instructionKey{kind, stage}]
		out = append(out, Sample{
			Place: index, Kind: kind, Stage: stage, Query: Query(stage, texts[r.IntN(len(texts))]),
			Positive: positive, TextKey: TextKey(positive), PlaceKey: PlaceKey(p),
		})
	}
	for _, text := range o.captionTexts(p) {
		add(1, SCC, text)
		add(2, SCC, text)
	}
	if len(p.Paths) == 0 {
		return out
	}
	short := slices.MinFunc(p.Paths, func(a, b Path) int { return cmp.Compare(a.Hops, b.Hops) })
	if r.Float64() < o.PathShare {
		add(1, SRP, o.pathText(short))
	}
	add(2, SRP, o.pathText(short))
	return out
}

// captionTexts are what the caption samples of a place say.
func (o Options) captionTexts(p *Place) []string {
	switch {
	case o.CaptionText == textSummary && p.Summary != "":
		return []string{p.Summary}
	case o.CaptionText == textBoth && p.Summary != "":
		return []string{p.Caption, p.Summary}
	}
	return []string{p.Caption}
}

func (o Options) pathText(p Path) string {
	switch o.PathText {
	case textGrammar:
		return p.Text + " " + p.Summary
	case textComposed:
		return p.Text + " " + p.Summary + entityHead + p.Entities
	}
	return p.Plain
}

// TextKey is equal for texts that say the same, white space and case apart.
func TextKey(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(strings.ToLower(strings.Join(strings.Fields(text), " "))))
	return h.Sum64()
}

// PlaceKey is equal for views that stand at the same spot (to about a metre),
// whichever way they look: their texts share streets, crossings and places.
func PlaceKey(p *Place) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %.5f %.5f", p.City, p.Pos[0], p.Pos[1])
	return h.Sum64()
}
