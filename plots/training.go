package plots

import (
	"urbangraph/uglib/train"
)

// Training returns the curves of a training run: loss and margin of every
// step, margin and mean reciprocal rank on the validation places.
func Training(log []train.Entry) *CurvesFigure {
	loss, margin := Series{Name: "loss"}, Series{Name: "training margin"}
	validMargin, validMRR := Series{Name: "validation margin"}, Series{Name: "validation MRR"}
	add := func(s *Series, step int, value float64) {
		s.X, s.Y = append(s.X, float64(step)), append(s.Y, value)
	}
	for _, e := range log {
		if v := e.Validation; v != nil {
			add(&validMargin, e.Step, v.Margin)
			add(&validMRR, e.Step, v.MRR)
			continue
		}
		add(&loss, e.Step, e.Loss)
		add(&margin, e.Step, e.Margin)
	}
	return Curves(loss, margin, validMargin, validMRR)
}
