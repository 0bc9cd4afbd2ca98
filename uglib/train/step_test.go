package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/backend"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/store"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
)

// TestLossFalls trains each stage on few samples, which it must come to know.
func TestLossFalls(t *testing.T) {
	for _, spec := range []Spec{first(t), second(t)} {
		r := begin(t, sharedContext(), spec)
		r.sampler.samples = r.sampler.samples[:24] // three batches again and again
		const steps = 45
		var losses []float64
		for range steps {
			losses = append(losses, r.do(t, spec.LearningRate).loss)
		}
		mean := func(x []float64) (sum float64) {
			for _, v := range x {
				sum += v
			}
			return sum / float64(len(x))
		}
		if before, after := mean(losses[:6]), mean(losses[steps-6:]); after > before-0.2 {
			t.Errorf("stage %d: the mean loss of 6 steps goes from %.3f to %.3f", spec.Stage, before, after)
		}
	}
}

// TestWhatLearns: stage 1 moves every tensor, stage 2 the graph encoder and the
// low-rank terms, each of them, and leaves the base as it is to the bit.
func TestWhatLearns(t *testing.T) {
	for _, spec := range []Spec{first(t), second(t)} {
		spec.WeightDecay = 0 // moves weights without a gradient too
		r := begin(t, sharedContext(), spec)
		start := r.weights(t)
		for range 2 { // lora_A has a gradient once lora_B is not zero
			r.do(t, spec.LearningRate)
		}
		before := r.weights(t)
		for range 4 {
			r.do(t, spec.LearningRate)
		}
		after := r.weights(t)
		counts := map[string]int{}
		for _, key := range slices.Sorted(maps.Keys(after)) {
			part := "base"
			switch {
			case strings.HasPrefix(key, "graph_encoder."):
				part = "graph"
			case strings.Contains(key, ".lora_"):
				part = "lora"
			}
			counts[part]++
			moved := !slices.Equal(before[key], after[key])
			if want := spec.Stage == 1 || part != "base"; moved != want {
				t.Errorf("stage %d: %s moved: %v, want %v", spec.Stage, key, moved, want)
			}
			if from, ok := start[key]; spec.Stage == 2 && ok && !slices.Equal(from, after[key]) {
				t.Errorf("stage 2: %s differs from the run that it began with", key)
			}
		}
		if spec.Stage == 2 && (counts["graph"] < 10 || counts["lora"] != 2*7) || counts["base"] < 20 {
			t.Errorf("stage %d: tensors by part %v", spec.Stage, counts)
		}
	}
}

// TestLoRASettings: those of the spec are the model's, and DoRA's magnitudes
// learn. A spec that leaves them alone is the same run as before there were any.
func TestLoRASettings(t *testing.T) {
	spec := second(t)
	none := 0.0
	spec.Alpha, spec.Dropout, spec.RSLoRA, spec.DoRA, spec.Target = 12, &none, true, true, nn.Suffixes("q_proj", "v_proj").String()
	r := begin(t, sharedContext(), spec)
	r.do(t, spec.LearningRate)
	before := r.weights(t)
	r.do(t, spec.LearningRate)
	if l := r.model.LoRA; l.Rank != spec.Rank || l.Alpha != 12 || l.Dropout != 0 || !l.RS || !l.DoRA {
		t.Errorf("%+v", l)
	}
	parts := map[string]int{}
	for key, values := range r.weights(t) {
		if at := strings.Index(key, ".lora_"); at >= 0 {
			parts[key[at:]]++
			if slices.Equal(values, before[key]) {
				t.Errorf("%s did not move", key)
			}
		}
	}
	if want := map[string]int{".lora_A.weight": 2, ".lora_B.weight": 2, ".lora_magnitude_vector.weight": 2}; !maps.Equal(parts, want) {
		t.Errorf("terms %v, want %v", parts, want)
	}
	text, err := json.Marshal(second(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"Alpha", "Dropout", "RSLoRA", "DoRA"} {
		if strings.Contains(string(text), field) {
			t.Errorf("%s is part of a spec that does not set it", field)
		}
	}
}

// TestBaseScale: a scale of 0 keeps the low-rank terms where they start.
func TestBaseScale(t *testing.T) {
	spec := second(t)
	spec.BaseScale, spec.WeightDecay = 0, 0
	r := begin(t, sharedContext(), spec)
	r.do(t, spec.LearningRate)
	before := r.weights(t)
	r.do(t, spec.LearningRate)
	for key, values := range r.weights(t) {
		if strings.Contains(key, ".lora_") && !slices.Equal(values, before[key]) {
			t.Errorf("%s moves at BaseScale 0", key)
		}
	}
}

// TestStepDependsOnSeed: two runs of one seed make the same step, of another
// seed another one.
func TestStepDependsOnSeed(t *testing.T) {
	loss := func(seed uint64) float64 {
		spec := first(t)
		spec.Seed = seed
		r := begin(t, sharedContext(), spec)
		return r.do(t, spec.LearningRate).loss
	}
	a, b, c := loss(1), loss(1), loss(2)
	if a != b || a == c {
		t.Errorf("losses %v and %v of one seed, %v of another", a, b, c)
	}
}

func TestFalseNegatives(t *testing.T) {
	spec := first(t)
	r := begin(t, sharedContext(), spec)
	// Four samples: two of a place, and a third that says the same as the first.
	s := slices.Clone(r.ds.Samples)
	pick := r.sampler.samples[:4]
	for i, at := range pick {
		s[at].PlaceKey, s[at].TextKey = uint64(10+i), uint64(20+i)
	}
	s[pick[1]].PlaceKey = s[pick[0]].PlaceKey
	s[pick[2]].TextKey = s[pick[0]].TextKey
	r.ds.Samples = s
	r.sampler = &sampler{ds: r.ds, samples: pick, batch: 4, batches: [][]int{pick}}
	p, err := r.pairs(0)
	if err != nil {
		t.Fatal(err)
	}
	want := []bool{
		false, true, true, false,
		true, false, false, false,
		true, false, false, false,
		false, false, false, false,
	}
	if p.size != 4 || !slices.Equal(p.falseNegatives, want) {
		t.Errorf("false negatives %v, want %v", p.falseNegatives, want)
	}
}

// TestMaskReachesLoss: a batch of one text alone has no negatives, hence no
// loss.
func TestMaskReachesLoss(t *testing.T) {
	spec := first(t)
	r := begin(t, sharedContext(), spec)
	p, err := r.pairs(0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.falseNegatives {
		p.falseNegatives[i] = i/p.size != i%p.size
	}
	m, err := r.stepper.do(p, spec.LearningRate)
	if err != nil || m.loss > 1e-5 {
		t.Errorf("loss %g without negatives, %v", m.loss, err)
	}
}

func TestDivergence(t *testing.T) {
	spec := first(t)
	spec.LearningRate, spec.Warmup, spec.Validate = 1e30, 0, 12
	ctx, _ := tempStore(t)
	_, err := Open(ctx, spec)
	wantError(t, err, "train: the loss is NaN at step", "smaller LearningRate than 1e+30")
}

// TestDropout: in stage 2 the same batch gives another loss each time, since
// the random state goes on; stage 1 has no dropout.
func TestDropout(t *testing.T) {
	for _, spec := range []Spec{first(t), second(t)} {
		r := begin(t, sharedContext(), spec)
		r.do(t, spec.LearningRate)
		r.do(t, spec.LearningRate)
		p, err := r.pairs(5)
		if err != nil {
			t.Fatal(err)
		}
		var losses [2]float64
		for i := range losses {
			m, err := r.stepper.do(p, 0) // learns nothing
			if err != nil {
				t.Fatal(err)
			}
			losses[i] = m.loss
		}
		if same := losses[0] == losses[1]; same != (spec.Stage == 1) {
			t.Errorf("stage %d: losses of one batch %v", spec.Stage, losses)
		}
	}
}

// TestBestIsKept: a finished run's model is that of its best validation.
func TestBestIsKept(t *testing.T) {
	spec := first(t)
	spec.Steps, spec.Validate, spec.Warmup = 9, 1, 0
	spec.LearningRate = 0.1 // too large to go on getting better
	ctx, _ := tempStore(t)
	done, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	best := Entry{}
	for _, e := range done.Log {
		if e.Validation != nil && (best.Validation == nil || e.Validation.MRR > best.Validation.MRR) {
			best = e
		}
	}
	if best.Step == spec.Steps {
		t.Fatalf("the last validation is the best, %+v: nothing to see", *best.Validation)
	}
	r := begin(t, ctx, spec)
	m, err := done.Model()
	if err != nil {
		t.Fatal(err)
	}
	r.model, r.source = m, uge.NewSource(m, r.ds)
	be, err := backend.Default()
	if err != nil {
		t.Fatal(err)
	}
	r.encoder = uge.NewEncoder(m, be)
	t.Cleanup(r.encoder.Close)
	v, err := r.validate(ctx)
	if err != nil || *v != *best.Validation {
		t.Errorf("the model's validation is %+v, that of the best step %d %+v; %v", *v, best.Step, *best.Validation, err)
	}
}

// TestBaseIsNotCopied: stage 2 computes with its base where that was loaded, and
// steps change neither it nor its file.
func TestBaseIsNotCopied(t *testing.T) {
	spec := second(t)
	ctx, _ := tempStore(t)
	from, err := store.Get(ctx, spec.Inputs()[1])
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(from.Path(modelFolder), transformer.WeightsName)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := begin(t, ctx, spec)
	base := map[string]*tensors.Tensor{}
	for key := range r.model.Backbone.Shapes() {
		if base[key], err = r.model.Vars.GetVariable(nn.Path(key)).Value(); err != nil {
			t.Fatal(err)
		}
		if base[key].HasLocal() || !base[key].IsOnDevice(0) {
			t.Errorf("%s is loaded into host memory", key)
		}
	}
	for range 2 {
		r.do(t, 1e-2)
	}
	for key, was := range base {
		is, err := r.model.Vars.GetVariable(nn.Path(key)).Value()
		if err != nil {
			t.Fatal(err)
		}
		if is != was || is.HasLocal() {
			t.Errorf("%s: another tensor %v, in host memory %v", key, is != was, is.HasLocal())
		}
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file has changed; %v", err)
	}
}

// TestSamplesOfTheRun: batches hold training samples of the run's stage alone.
func TestSamplesOfTheRun(t *testing.T) {
	ds := &ugdata.Dataset{}
	var want []int
	for i, split := range []ugdata.Split{ugdata.Train, ugdata.Val, ugdata.Test, ugdata.HeldOut, ugdata.Buffer, ugdata.Train} {
		ds.Places = append(ds.Places, ugdata.Place{Split: split})
		for stage := 1; stage <= 2; stage++ {
			if split == ugdata.Train && stage == 2 {
				want = append(want, len(ds.Samples))
			}
			ds.Samples = append(ds.Samples, ugdata.Sample{Place: i, Stage: stage})
		}
	}
	if got := second(t).sampler(ds).samples; !slices.Equal(got, want) {
		t.Errorf("stage 2 learns from samples %v, want %v", got, want)
	}
}

func TestCompare(t *testing.T) {
	// The first query's own caption ranks first, the second's third, the third's first.
	captions := [][]float32{{1, 0}, {0, 1}, {0.6, 0.8}}
	queries := [][]float32{{1, 0}, {1, 0}, {0.6, 0.8}}
	v := compare(queries, captions)
	want := Validation{Places: 3, MRR: (1 + 1.0/3 + 1) / 3, Margin: ((1 - 0.6) + (0 - 1) + (1 - 0.8)) / 3, Hit5: 1}
	if v.Places != 3 || math.Abs(v.MRR-want.MRR) > 1e-6 || math.Abs(v.Margin-want.Margin) > 1e-6 || v.Hit5 != 1 {
		t.Errorf("%+v, want %+v", *v, want)
	}
	for range 5 { // five captions before its own
		captions = append(captions, []float32{0, 1})
		queries = append(queries, []float32{0, 1})
	}
	captions[2], queries[2] = []float32{1, 0}, []float32{0, 1}
	if v := compare(queries, captions); math.Abs(v.Hit5-7.0/8) > 1e-9 {
		t.Errorf("hit rate among five %g, want 0.875", v.Hit5)
	}
}

// TestValidationWithoutPlaces: a dataset without validation places trains, and
// the model is that of the last step.
func TestValidationWithoutPlaces(t *testing.T) {
	spec := first(t)
	ctx := sharedContext()
	r := begin(t, ctx, spec)
	for i := range r.ds.Places {
		if r.ds.Places[i].Split == ugdata.Val {
			r.ds.Places[i].Split = ugdata.Buffer
		}
	}
	v, err := r.validate(ctx)
	if err != nil || *v != (Validation{}) {
		t.Errorf("validation %+v, %v", v, err)
	}
	if !r.isBest(v) {
		t.Error("the first weights are not the best so far")
	}
	r.best = 0
	if !r.isBest(v) {
		t.Error("without places to choose by, later weights are not the best")
	}
	r.best = 0.5
	if r.isBest(&Validation{Places: 5, MRR: 0.5}) || !r.isBest(&Validation{Places: 5, MRR: 0.6}) {
		t.Error("the best is not that of the largest MRR, of equals the first")
	}
}

// TestValidate compares with ranks found one by one.
func TestValidate(t *testing.T) {
	ctx := sharedContext()
	r := begin(t, ctx, first(t))
	v, err := r.validate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range r.ds.Places {
		if p.Split == ugdata.Val {
			seen[p.Caption] = true
		}
	}
	if v.Places != len(seen) || v.MRR < 1/float64(len(seen)) || v.MRR > 1 || v.Hit5 < 0 || v.Margin > 2 || v.Margin < -2 {
		t.Errorf("%+v of %d captions", *v, len(seen))
	}
	again, err := r.validate(ctx)
	if err != nil || *again != *v {
		t.Errorf("measured again: %+v, %v", *again, err)
	}
}

func ExampleStage2() {
	s := Stage2(ugdata.Spec{})
	fmt.Println(s.Stage, s.Init.Stage, s.Kind())
	// Output: 2 1 run
}
