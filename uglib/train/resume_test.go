package train

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/progress"
	"urbangraph/uglib/store"
)

// whole opens the run in the shared store, trained without a break.
func whole(t testing.TB, s Spec) *Run {
	t.Helper()
	r, err := Open(sharedContext(), s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checkEqual compares the folders of two runs byte by byte.
func checkEqual(t *testing.T, got, want *Run) {
	t.Helper()
	a, b := contents(t, got.Dir), contents(t, want.Dir)
	for name := range a {
		if _, ok := b[name]; !ok {
			t.Errorf("%s is too many", name)
		}
	}
	for name, text := range b {
		if a[name] != text {
			t.Errorf("%s differs from that of an uninterrupted run", name)
		}
	}
}

// withoutRun is a store with what the run needs, but not the run itself.
func withoutRun(t testing.TB, s Spec) (context.Context, *store.Store) {
	t.Helper()
	for _, in := range s.Inputs() {
		if _, err := store.Get(sharedContext(), in); err != nil {
			t.Fatal(err)
		}
	}
	ctx, st := tempStore(t)
	key, err := store.Key(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(st.Root(), s.Kind(), key)); err != nil {
		t.Fatal(err)
	}
	return ctx, st
}

// TestCancelledRunGoesOn: a run that is cancelled and opened again ends with
// the same files as one that was not, dropout and log included.
func TestCancelledRunGoesOn(t *testing.T) {
	for _, c := range []struct {
		name string
		spec Spec
		stop []int // steps at which it is cancelled
		from []int // the first step of each attempt, the last one included
	}{
		{"stage 1", first(t), []int{6, 7}, []int{1, 5, 5}},
		{"stage 2", second(t), []int{3, 4, 9, 12}, []int{1, 1, 1, 9, 9}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := whole(t, c.spec)
			ctx, st := withoutRun(t, c.spec)
			var starts []int
			for _, stop := range append(slices.Clone(c.stop), 0) {
				attempt, cancel := context.WithCancel(ctx)
				begun := false
				attempt = progress.With(attempt, watch(func(step int) {
					if !begun {
						begun = true
						starts = append(starts, step)
					}
					if step == stop {
						cancel()
					}
				}))
				got, err := Open(attempt, c.spec)
				cancel()
				if stop == 0 {
					if err != nil {
						t.Fatal(err)
					}
					checkEqual(t, got, want)
					continue
				}
				if !errors.Is(err, context.Canceled) {
					t.Fatalf("cancelled at step %d: %v", stop, err)
				}
				if _, err := st.Lookup(c.spec); !errors.Is(err, store.ErrAbsent) {
					t.Fatalf("a run cancelled at step %d is there: %v", stop, err)
				}
			}
			if !slices.Equal(starts, c.from) {
				t.Errorf("attempts began at steps %v, want %v", starts, c.from)
			}
		})
	}
}

// TestKilledProcess is the same for a process that is killed at once.
func TestKilledProcess(t *testing.T) {
	spec := second(t)
	want := whole(t, spec)
	ctx, st := withoutRun(t, spec)
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childRoot+"="+st.Root(), childSpec+"="+string(text))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if killErr := child.Process.Kill(); killErr != nil {
		t.Fatal(killErr)
	}
	_ = child.Wait() // it was killed
	if err != nil || strings.TrimSpace(line) != "step 6" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	if _, err := st.Lookup(spec); !errors.Is(err, store.ErrAbsent) {
		t.Fatalf("the run of a killed process is there: %v", err)
	}
	begun := 0
	got, err := Open(progress.With(ctx, watch(func(step int) {
		if begun == 0 {
			begun = step
		}
	})), spec)
	if err != nil {
		t.Fatal(err)
	}
	if begun != 5 {
		t.Errorf("it went on at step %d, want 5", begun)
	}
	checkEqual(t, got, want)
}

// TestDamagedCheckpoint: what is not a checkpoint is an error that names it,
// not a run from the start.
func TestDamagedCheckpoint(t *testing.T) {
	spec := first(t)
	ctx, st := withoutRun(t, spec)
	attempt, cancel := context.WithCancel(ctx)
	defer cancel()
	attempt = progress.With(attempt, watch(func(step int) {
		if step == 6 {
			cancel()
		}
	}))
	if _, err := Open(attempt, spec); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(st.Root(), "run", ".building-*", checkpointFile))
	if err != nil || len(found) != 1 {
		t.Fatalf("checkpoints %v, %v", found, err)
	}
	if err := os.WriteFile(found[0], []byte("no tensors"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Open(ctx, spec)
	wantError(t, err, "resume", checkpointFile)
}

// TestLogBeyondCheckpoint: what the log has of steps after the checkpoint, as
// when the process dies between writing one and the other, comes once.
func TestLogBeyondCheckpoint(t *testing.T) {
	spec := first(t)
	want := whole(t, spec)
	ctx, st := withoutRun(t, spec)
	attempt, cancel := context.WithCancel(ctx)
	defer cancel()
	attempt = progress.With(attempt, watch(func(step int) {
		if step == 6 {
			cancel()
		}
	}))
	if _, err := Open(attempt, spec); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(st.Root(), "run", ".building-*", logFile))
	if err != nil || len(found) != 1 {
		t.Fatalf("logs %v, %v", found, err)
	}
	more, err := encodeLog([]Entry{{Step: 5, Loss: 9}, {Step: 6, Loss: 9}, {Step: 8, Validation: &Validation{MRR: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(found[0], append(text, more...), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, got, want)
}

func TestLogOfARun(t *testing.T) {
	for _, spec := range []Spec{first(t), second(t)} {
		r := whole(t, spec)
		var steps, validations []int
		for _, e := range r.Log {
			if e.Validation != nil {
				validations = append(validations, e.Step)
				if v := e.Validation; v.Places < 5 || v.MRR <= 0 || v.MRR > 1 || v.Hit5 < 0 || v.Hit5 > 1 || e.Loss != 0 {
					t.Errorf("stage %d: validation %+v", spec.Stage, *v)
				}
				continue
			}
			steps = append(steps, e.Step)
			if e.Loss <= 0 || e.GradNorm <= 0 || e.LearningRate < 0 || e.LearningRate > spec.LearningRate*1.0001 {
				t.Errorf("stage %d: entry %+v", spec.Stage, e)
			}
		}
		if want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}; !slices.Equal(steps, want) {
			t.Errorf("stage %d: steps %v", spec.Stage, steps)
		}
		if want := []int{4, 8, 12}; !slices.Equal(validations, want) {
			t.Errorf("stage %d: validations after steps %v", spec.Stage, validations)
		}
		for _, name := range []string{checkpointFile, bestFile} {
			if _, err := os.Stat(filepath.Join(r.Dir, name)); err == nil {
				t.Errorf("stage %d: %s is left", spec.Stage, name)
			}
		}
		m, err := r.Model()
		if err != nil {
			t.Fatal(err)
		}
		if (m.Graph != nil) != (spec.Stage == 2) || (m.LoRA != nil) != (spec.Stage == 2) {
			t.Errorf("stage %d: model with graph encoder %v and adapter %v", spec.Stage, m.Graph != nil, m.LoRA != nil)
		}
	}
}
