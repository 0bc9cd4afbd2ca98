package train

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
)

// TestWrongSpecs: each is refused before anything is made.
func TestWrongSpecs(t *testing.T) {
	change := func(s Spec, f func(*Spec)) Spec { f(&s); return s }
	one, two := first(t), second(t)
	for _, c := range []struct {
		name string
		spec Spec
		want []string
	}{
		{"stage 3", change(one, func(s *Spec) { s.Stage = 3 }), []string{"stage 3", "1 and 2"}},
		{"stage 0", Spec{}, []string{"stage 0"}},
		{"no Init", change(two, func(s *Spec) { s.Init = nil }), []string{"stage 2 needs", "set Init"}},
		{"stage 2 after stage 2", change(two, func(s *Spec) { s.Init = &two }), []string{"Init", "stage 2"}},
		{"wrong Init", change(two, func(s *Spec) { bad := change(one, func(s *Spec) { s.Steps = 0 }); s.Init = &bad }), []string{"0 steps"}},
		{"no steps", change(one, func(s *Spec) { s.Steps = 0 }), []string{"0 steps", "at least 1"}},
		{"batch of one", change(one, func(s *Spec) { s.Batch = 1 }), []string{"1 pairs", "2"}},
		{"never validated", change(one, func(s *Spec) { s.Validate = 0 }), []string{"every 0"}},
		{"learning rate", change(one, func(s *Spec) { s.LearningRate = 0 }), []string{"learning rate 0"}},
		{"temperature", change(one, func(s *Spec) { s.Temperature = -1 }), []string{"temperature -1"}},
		{"near", change(one, func(s *Spec) { s.Near = 1.5 }), []string{"Near 1.5"}},
		{"warmup", change(one, func(s *Spec) { s.Warmup = -0.1 }), []string{"Warmup -0.1"}},
		{"weight decay", change(one, func(s *Spec) { s.WeightDecay = -1 }), []string{"WeightDecay -1"}},
		{"size", change(one, func(s *Spec) { s.Size.Layers = 0 }), []string{"Layers:0"}},
		{"rank", change(two, func(s *Spec) { s.Rank = 0 }), []string{"Rank 0"}},
		{"alpha", change(two, func(s *Spec) { s.Alpha = -1 }), []string{"Alpha -1"}},
		{"dropout", change(two, func(s *Spec) { one := 1.0; s.Dropout = &one }), []string{"Dropout 1"}},
		{"base scale", change(two, func(s *Spec) { s.BaseScale = -1 }), []string{"BaseScale -1"}},
		{"target", change(two, func(s *Spec) { s.Target = "(" }), []string{`Target "("`, "try"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "store")
			_, err := Open(store.With(context.Background(), store.At(root)), c.spec)
			wantError(t, err, append(c.want, "train: ")...)
			if _, err := os.Stat(root); err == nil {
				t.Error("something was made")
			}
		})
	}
}

// TestSpecsThatTheDataRefuse: these show only once the data are there.
func TestSpecsThatTheDataRefuse(t *testing.T) {
	big := first(t)
	big.Batch = 1000
	lost := second(t)
	lost.Target = "nothing_like_this"
	vocabulary := first(t)
	vocabulary.Size.Vocabulary = 100
	width := first(t)
	width.Size.Hidden = 7
	cramped := first(t)
	cramped.Size.MaxTokens = 8
	for _, c := range []struct {
		spec Spec
		want []string
	}{
		{big, []string{"training samples of stage 1", "batch of 1000", "smaller Batch"}},
		{lost, []string{"nothing_like_this", "matches no layer", "try"}},
		{vocabulary, []string{"vocabulary of 100", "at least"}},
		{width, []string{"qwen2vl"}},
		{cramped, []string{"max_tokens"}},
	} {
		ctx, st := tempStore(t)
		_, err := Open(ctx, c.spec)
		wantError(t, err, c.want...)
		if _, err := st.Lookup(c.spec); !errors.Is(err, store.ErrAbsent) {
			t.Errorf("%v: the run is there, %v", c.want, err)
		}
	}
}

func TestSpecIsJSON(t *testing.T) {
	for _, s := range []Spec{first(t), second(t), Stage1(townData(t)), Stage2(townData(t))} {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Spec
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		a, err := store.Key(s)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := store.Key(back); err != nil || a != b {
			t.Errorf("key %s became %s after JSON, %v", a, b, err)
		}
		if err := s.check(); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// TestKeyTellsSpecsApart changes every field, those of the structs inside too.
func TestKeyTellsSpecsApart(t *testing.T) {
	base := second(t)
	base.Size = first(t).Size
	key := func(s Spec) string {
		k, err := store.Key(s)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	seen := map[string]string{key(base): "the spec itself"}
	note := func(field string, s Spec) {
		if other, ok := seen[key(s)]; ok {
			t.Errorf("a change of %s gives the key of %s", field, other)
		}
		seen[key(s)] = field
	}
	bump := func(v reflect.Value) bool {
		switch v.Kind() {
		case reflect.Int:
			v.SetInt(v.Int() + 1)
		case reflect.Uint64:
			v.SetUint(v.Uint() + 1)
		case reflect.Float64:
			v.SetFloat(v.Float() + 0.015625)
		case reflect.String:
			v.SetString(v.String() + "x")
		default:
			return false
		}
		return true
	}
	for i := range reflect.TypeFor[Spec]().NumField() {
		s := base
		if field := reflect.ValueOf(&s).Elem().Field(i); bump(field) {
			note(reflect.TypeFor[Spec]().Field(i).Name, s)
		}
	}
	for i := range reflect.TypeFor[Size]().NumField() {
		s := base
		bump(reflect.ValueOf(&s.Size).Elem().Field(i))
		note("Size."+reflect.TypeFor[Size]().Field(i).Name, s)
	}
	s := base
	s.Data.Seed++
	note("Data.Seed", s)
	s, one := base, *base.Init
	one.Seed++
	s.Init = &one
	note("Init.Seed", s)
	same := base
	copied := *base.Init
	same.Init = &copied
	if key(same) != key(base) {
		t.Error("a copy of Init gives another key")
	}
}

func TestFastDefaults(t *testing.T) {
	t.Setenv("UG_FAST", "0")
	one, two := Stage1(ugdata.Spec{}), Stage2(ugdata.Spec{})
	t.Setenv("UG_FAST", "1")
	fastOne, fastTwo := Stage1(ugdata.Spec{}), Stage2(ugdata.Spec{})
	if fastOne.Steps*fastOne.Batch*10 > one.Steps*one.Batch || fastTwo.Steps*fastTwo.Batch*10 > two.Steps*two.Batch {
		t.Error("UG_FAST makes the defaults hardly smaller")
	}
	if !reflect.DeepEqual(*two.Init, one) || !reflect.DeepEqual(*fastTwo.Init, fastOne) {
		t.Error("stage 2 does not go on from the default stage 1")
	}
}

// TestTokenizerOfTrainingPlaces: no text of another split comes into the
// tokenizer.
func TestTokenizerOfTrainingPlaces(t *testing.T) {
	spec := TokenizerSpec{Data: townData(t), Vocabulary: 400}
	artefact, err := store.Get(sharedContext(), spec)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(artefact.Path(uge.TokenizerName))
	if err != nil {
		t.Fatal(err)
	}
	if tok.VocabSize() > 400 || tok.VocabSize() < 300 {
		t.Errorf("%d tokens", tok.VocabSize())
	}
	for _, special := range tokenizer.QwenSpecial() {
		if _, ok := tok.TokenID(special); !ok {
			t.Errorf("no token %s", special)
		}
	}
	ds, err := ugdata.Open(sharedContext(), spec.Data)
	if err != nil {
		t.Fatal(err)
	}
	train := func() string {
		tok, err := tokenizer.TrainBPE(trainingTexts(ds), spec.Vocabulary, tokenizer.QwenSpecial())
		if err != nil {
			t.Fatal(err)
		}
		text, err := tok.JSON()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	plain := train()
	if saved, err := tok.JSON(); err != nil || string(saved) != plain {
		t.Errorf("the artefact is another tokenizer, %v", err)
	}
	// A word that only texts and map of one split know, a hundred times.
	word := strings.Repeat("Zyzzyva ", 100)
	for _, split := range []ugdata.Split{ugdata.Test, ugdata.Val, ugdata.Buffer, ugdata.HeldOut, ugdata.Train} {
		place := -1
		for i, p := range ds.Places {
			if p.Split == split || split == ugdata.HeldOut && p.Split == ugdata.Test {
				place = i
				break
			}
		}
		if place < 0 {
			t.Fatalf("no place of split %s", split)
		}
		before, samples := ds.Places[place], ds.Samples
		p := before
		p.Split, p.Caption, p.NamesOnly = split, word, word
		p.Graph = ugdata.Subgraph{Nodes: []city.NodeID{city.None}}
		ds.Places[place] = p
		ds.Samples = append(samples[:len(samples):len(samples)], ugdata.Sample{Place: place, Stage: 1, Query: word, Positive: word})
		if changed := train() != plain; changed != (split == ugdata.Train) {
			t.Errorf("a word of split %s changes the tokenizer: %v", split, changed)
		}
		ds.Places[place], ds.Samples = before, samples
	}
}

// TestNodeTexts: the texts of the nodes around training places are learnt,
// each once.
func TestNodeTexts(t *testing.T) {
	ds, err := ugdata.Open(sharedContext(), townData(t))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for text := range trainingTexts(ds) {
		count[text]++
	}
	here := map[string]bool{}
	for _, p := range ds.Places {
		for _, id := range p.Graph.Nodes {
			if id != city.None && p.Split == ugdata.Train {
				here[ugdata.NodeText(ds.Cities[p.City], id)] = true
			}
		}
	}
	if len(here) == 0 {
		t.Fatal("no nodes around training places")
	}
	for text := range here {
		if count[text] != 1 {
			t.Errorf("node text %q comes %d times", text, count[text])
		}
	}
	for range trainingTexts(ds) {
		break // a loop that stops early does not panic
	}
}
