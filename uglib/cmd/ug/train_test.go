package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"urbangraph/uglib/store"
	"urbangraph/uglib/train"
)

func TestTrain(t *testing.T) {
	with := inSharedHome(t)
	runs := mustJSON[[]trainResult](t, with("train")...)
	if len(runs) != 2 || runs[0].Stage != 1 || runs[1].Stage != 2 || runs[0].Steps != 6 || runs[1].Steps != 4 {
		t.Fatalf("runs = %+v", runs)
	}
	for _, r := range runs {
		switch {
		case !(r.LossFirst > 0 && r.LossLast > 0 && r.LossFirst < 20 && r.LossLast < 20),
			!(math.Abs(r.MarginOne) <= 2 && math.Abs(r.MarginEnd) <= 2):
			t.Errorf("stage %d: loss or margin out of bounds: %+v", r.Stage, r)
		case r.Best == nil || r.Best.Places < 2 || !(r.Best.MRR > 0 && r.Best.MRR <= 1) || r.BestStep < 1:
			t.Errorf("stage %d: validation %+v at step %d", r.Stage, r.Best, r.BestStep)
		case r.Artefact.Kind != "run" || !strings.Contains(r.Backend, "processors"):
			t.Errorf("stage %d: %+v by %q", r.Stage, r.Artefact, r.Backend)
		}
		if _, err := os.Stat(filepath.Join(r.Dir, "manifest.json")); err != nil {
			t.Error(err)
		}
	}
	one := mustJSON[[]trainResult](t, with("train", "--stage", "1")...)
	if len(one) != 1 || !one[0].Opened || one[0].Artefact != runs[0].Artefact || one[0].LossLast != runs[0].LossLast {
		t.Errorf("stage 1 again = %+v", one)
	}
	code, out, errOut := ug(t, with("train", "--stage", "2")...)
	for _, want := range []string{"stage 2", "loss", "MRR", "was there", runs[1].Dir, "ug embed --model run/"} {
		if code != 0 || !strings.Contains(out, want) || strings.Contains(out, "stage 1") {
			t.Errorf("status %d, want %q in\n%s%s", code, want, out, errOut)
		}
	}
}

func TestDescribeRun(t *testing.T) {
	log := []train.Entry{
		{Step: 1, Loss: 4, Margin: -1}, {Step: 2, Loss: 3}, {Step: 2, Validation: &train.Validation{Places: 9, MRR: 0.4}},
		{Step: 3, Loss: 2}, {Step: 4, Loss: 1, Margin: 1}, {Step: 4, Validation: &train.Validation{Places: 9, MRR: 0.3}},
	}
	r := describeRun(log)
	if r.Steps != 4 || r.Window != 1 || r.LossFirst != 4 || r.LossLast != 1 || r.MarginOne != -1 || r.MarginEnd != 1 || r.BestStep != 2 || r.Best.MRR != 0.4 {
		t.Errorf("run = %+v, best %+v", r, r.Best)
	}
	if r := describeRun(nil); r.Steps != 0 || r.Best != nil {
		t.Errorf("empty run = %+v", r)
	}
	var text strings.Builder
	if err := writeTrained(&text, []*trainResult{describeRun(log[:1])}); err != nil || !strings.Contains(text.String(), "too few validation places") {
		t.Errorf("%v in %s", err, &text)
	}
}

// An interrupted training ends with status 130 and a message, and the same
// command goes on from its checkpoint.
func TestInterruptedTraining(t *testing.T) {
	with := inSharedHome(t)
	args := with("train", "--stage", "1", "--run-seed", "7")
	args[slices.Index(args, "--steps")+1] = "120"
	home := os.Getenv(store.HomeVariable)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if found, err := filepath.Glob(filepath.Join(home, "run", ".*", "checkpoint.safetensors")); err != nil || len(found) > 0 {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	var out, errOut strings.Builder
	code := run(ctx, args, &out, &errOut)
	if code != exitInterrupt || out.String() != "" || !strings.Contains(errOut.String(), "resumes") {
		t.Fatalf("status %d, want %d: %s%s", code, exitInterrupt, &out, &errOut)
	}
	runs := mustJSON[[]trainResult](t, args...)
	if len(runs) != 1 || runs[0].Opened || runs[0].Steps != 120 {
		t.Errorf("resumed = %+v", runs)
	}
	if found, err := filepath.Glob(filepath.Join(home, "run", ".*")); err != nil || len(found) > 0 {
		t.Errorf("left behind: %v, %v", found, err)
	}
}
