package engine

import (
	"context"
	"testing"

	"urbangraph/uglib/uge"
)

// BenchmarkMixed embeds texts, images and both, of mixed sizes: in batches by
// size; in batches of 32 as they come, padded to the largest of each; or one
// after the other. The first pass, which compiles, is not counted.
func BenchmarkMixed(b *testing.B) {
	m := tiny(b)
	items := mixed(400, 21)
	b.Run("engine", func(b *testing.B) {
		e := newEngine(b, m, Options{})
		_, s := embed(b, e, items)
		for b.Loop() {
			embed(b, e, items)
		}
		b.ReportMetric(float64(len(items)*b.N)/b.Elapsed().Seconds(), "items/s")
		b.ReportMetric(float64(s.Graphs), "graphs")
		b.ReportMetric(s.Filled, "filled")
	})
	b.Run("in-order", func(b *testing.B) {
		e := newEngine(b, m, Options{})
		encoder := uge.NewEncoder(m, testBackend(b))
		defer encoder.Close()
		pass := func() {
			_, err := encoder.Encode(context.Background(), "bench", len(items), func(i int) (uge.Input, error) {
				r, _, err := items[i].read(e.o.Instruction)
				if err != nil {
					return uge.Input{}, err
				}
				return r.input(m)
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		pass()
		for b.Loop() {
			pass()
		}
		b.ReportMetric(float64(len(items)*b.N)/b.Elapsed().Seconds(), "items/s")
		b.ReportMetric(float64(encoder.Graphs()), "graphs")
	})
	b.Run("one-by-one", func(b *testing.B) {
		e := newEngine(b, m, Options{})
		encoder := uge.NewEncoder(m, testBackend(b))
		defer encoder.Close()
		pass := func() {
			for i := range items {
				r, _, err := items[i].read(e.o.Instruction)
				if err != nil {
					b.Fatal(err)
				}
				row, err := r.row(m)
				if err != nil {
					b.Fatal(err)
				}
				batch, err := m.BatchOf([]uge.Row{row}, 1, m.Round(row.Size))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := encoder.Run(batch); err != nil {
					b.Fatal(err)
				}
			}
		}
		pass()
		for b.Loop() {
			pass()
		}
		b.ReportMetric(float64(len(items)*b.N)/b.Elapsed().Seconds(), "items/s")
		b.ReportMetric(float64(encoder.Graphs()), "graphs")
	})
}
