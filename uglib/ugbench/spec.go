package ugbench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"urbangraph/uglib/store"
	"urbangraph/uglib/ugdata"
)

// Spec names a benchmark over a dataset. It is the [store.Spec] of kind "bench":
// one JSONL file of rows in the reference's format for each task and region.
type Spec struct {
	Data ugdata.Spec
	Options
}

// For returns the spec of the benchmark with the default options over data,
// paths said as the dataset's samples say them.
func For(data ugdata.Spec) Spec {
	o := DefaultOptions()
	o.Grammar = data.Options.PathText == "grammar"
	return Spec{Data: data, Options: o}
}

// Kind implements [store.Spec].
func (Spec) Kind() string { return "bench" }

// Schema implements [store.Spec].
func (Spec) Schema() int { return 1 }

// Inputs implements [store.Spec].
func (s Spec) Inputs() []store.Spec { return []store.Spec{s.Data} }

// Build implements [store.Spec].
func (s Spec) Build(ctx context.Context, b *store.Build) error {
	data, err := ugdata.Open(ctx, s.Data)
	if err != nil {
		return err
	}
	bench, err := Make(data, s.Options)
	if err != nil {
		return err
	}
	for _, set := range bench.Sets {
		name := fileName(set.Task, set.Region)
		if err := writeSet(b.Path(name), set); err != nil {
			return err
		}
		topped := 0
		for _, q := range set.Queries {
			topped += q.ToppedUp
		}
		b.Summary(fmt.Sprintf("%s, %s", set.Task, set.Region),
			fmt.Sprintf("%d queries, gallery of %d, %d candidates topped up", len(set.Queries), len(set.Gallery), topped))
	}
	return nil
}

func fileName(task Task, region Region) string {
	if region == HeldOutCity {
		return fmt.Sprintf("%s-heldout.jsonl", task)
	}
	return fmt.Sprintf("%s-training.jsonl", task)
}

func writeSet(path string, s *Set) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(s.WriteRows(f), f.Close())
}

// Open returns the benchmark of a spec from the store of ctx, which makes it
// and the dataset if they are absent.
func Open(ctx context.Context, spec Spec) (*Bench, error) {
	a, err := store.Get(ctx, spec)
	if err != nil {
		return nil, err
	}
	data, err := ugdata.Open(ctx, spec.Data)
	if err != nil {
		return nil, err
	}
	b := &Bench{Data: data, Key: a.Manifest.Key, dir: a.Dir}
	for _, region := range Regions {
		for _, task := range Tasks {
			f, err := os.Open(a.Path(fileName(task, region)))
			if errors.Is(err, fs.ErrNotExist) {
				continue // the dataset has no places for it
			}
			if err != nil {
				return nil, fmt.Errorf("ugbench: %w", err)
			}
			rows, err := ReadRows(f)
			if err = errors.Join(err, f.Close()); err != nil {
				return nil, fmt.Errorf("%w (in %s)", err, f.Name())
			}
			set, err := readSet(data, task, region, spec.Options, rows)
			if err != nil {
				return nil, err
			}
			b.Sets = append(b.Sets, set)
		}
	}
	return b, nil
}

// KeptAs returns the reference by which [Bench.Reopen] finds the benchmark
// again, in another cell of a notebook: the folder of its artefact.
func (b *Bench) KeptAs() (reference []byte, err error) {
	if b.dir == "" {
		return nil, errors.New("ugbench: the benchmark was made without the store; open it with Open")
	}
	return []byte(b.dir), nil
}

// Reopen opens the benchmark of a reference. What it needs of the store must
// be there: nothing is made.
func (b *Bench) Reopen(reference []byte) error {
	dir := string(reference)
	s := store.At(filepath.Dir(filepath.Dir(dir)))
	a, err := s.Find(filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir))
	if err != nil {
		return fmt.Errorf("ugbench: %w", err)
	}
	var spec Spec
	if err := json.Unmarshal(a.Manifest.Spec, &spec); err != nil {
		return fmt.Errorf("ugbench: spec of %s: %w", dir, err)
	}
	for _, in := range append(spec.Inputs(), spec) {
		if _, err := s.Lookup(in); err != nil {
			return fmt.Errorf("ugbench: %w; open the benchmark with Open, which makes what is missing", err)
		}
	}
	again, err := Open(store.With(context.Background(), s), spec)
	if err != nil {
		return err
	}
	*b = *again
	return nil
}
