package train

import (
	"context"

	"urbangraph/uglib/progress"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
)

// validate embeds the captions and the queries of the validation places and
// measures how well each query finds its caption among all of them.
func (r *run) validate(ctx context.Context) (*Validation, error) {
	var places []int
	seen := map[string]bool{}
	for i, p := range r.ds.Places {
		if p.Split == ugdata.Val && !seen[p.Caption] { // equal captions could not be told apart
			seen[p.Caption] = true
			places = append(places, i)
		}
	}
	if len(places) < 2 {
		return &Validation{Places: len(places)}, nil
	}
	ctx = progress.With(ctx, nil) // a bar for each validation would crowd out that of the run
	query := ugdata.Query(r.spec.Stage, ugdata.Instructions(ugdata.SCC, r.spec.Stage)[0])
	queries, err := r.encoder.Encode(ctx, "validate: queries", len(places), func(i int) (uge.Input, error) {
		return r.source.Input(places[i], query)
	})
	if err != nil {
		return nil, err
	}
	captions, err := r.encoder.Encode(ctx, "validate: captions", len(places), func(i int) (uge.Input, error) {
		return uge.Input{Text: r.ds.Places[places[i]].Caption}, nil
	})
	if err != nil {
		return nil, err
	}
	return compare(queries, captions), nil
}

// compare measures how well each query finds the caption of its number.
func compare(queries, captions [][]float32) *Validation {
	v := &Validation{Places: len(queries)}
	for i, q := range queries {
		own, best, rank := uge.Similarity(q, captions[i]), -1.0, 1
		for j, c := range captions {
			if j == i {
				continue
			}
			d := uge.Similarity(q, c)
			best = max(best, d)
			if d > own {
				rank++
			}
		}
		v.Margin += own - best
		v.MRR += 1 / float64(rank)
		if rank <= 5 {
			v.Hit5++
		}
	}
	n := float64(len(queries))
	v.Margin, v.MRR, v.Hit5 = v.Margin/n, v.MRR/n, v.Hit5/n
	return v
}
