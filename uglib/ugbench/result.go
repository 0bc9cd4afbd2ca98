package ugbench

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/google/renameio/v2"

	"urbangraph/uglib/store"
	"urbangraph/uglib/uge"
)

// Result is how one model ranks one set.
type Result struct {
	Model      string      `json:"model"`
	Task       Task        `json:"task"`
	Region     Region      `json:"region"`
	Images     string      `json:"images"`     // "rendered", "photographed" or both
	N          int         `json:"n"`          // queries
	Candidates [2]int      `json:"candidates"` // fewest and most of a query
	ToppedUp   int         `json:"topped_up"`  // candidates from beyond the distances, over all queries
	Metrics    Metrics     `json:"metrics"`
	Chance     Metrics     `json:"chance"`
	QueryIDs   []string    `json:"query_ids"`
	Ranks      []float64   `json:"ranks"`   // one per query
	Margins    []float64   `json:"margins"` // one per query
	Checksum   string      `json:"queries_sha256"`
	Seed       uint64      `json:"seed"` // of the intervals
	Seconds    float64     `json:"seconds,omitempty"`
	PerSecond  float64     `json:"queries_per_second,omitempty"`
	Artefacts  []store.Ref `json:"artefacts,omitempty"` // that the result comes from
	Backend    string      `json:"backend,omitempty"`
	Code       string      `json:"code,omitempty"` // version of the code
}

// Took notes the wall time of embedding and ranking all queries.
func (r *Result) Took(seconds float64) {
	r.Seconds = seconds
	if seconds > 0 {
		r.PerSecond = float64(r.N) / seconds
	}
}

// Evaluate ranks the candidates of every query by the dot product of unit
// vectors. queries holds one vector for each of s.Queries, gallery one for each
// of s.Gallery, all of the same length. A vector that is not finite or not of
// length 1 (within 1e-3) is an error that names the query or item.
func (s *Set) Evaluate(model string, queries, gallery [][]float32) (*Result, error) {
	if len(queries) != len(s.Queries) || len(gallery) != len(s.Gallery) {
		return nil, fmt.Errorf("ugbench: %d and %d vectors for %d queries and a gallery of %d", len(queries), len(gallery), len(s.Queries), len(s.Gallery))
	}
	if len(queries) == 0 {
		return nil, fmt.Errorf("ugbench: %s in %s has no queries", s.Task, s.Region)
	}
	dim := len(queries[0])
	for i, v := range queries {
		if err := checkUnit(v, dim); err != nil {
			return nil, fmt.Errorf("ugbench: query %s: %w", s.Queries[i].ID, err)
		}
	}
	for i, v := range gallery {
		if err := checkUnit(v, dim); err != nil {
			return nil, fmt.Errorf("ugbench: gallery item %d (place %s): %w", i, placeName(&s.data.Places[s.Gallery[i].Place]), err)
		}
	}
	return s.Score(model, func(q int, scores []float64) error {
		for i, c := range s.Queries[q].Candidates {
			scores[i] = uge.Similarity(queries[q], gallery[c])
		}
		return nil
	})
}

// Score is Evaluate for any scorer: score fills scores with one value for each
// candidate of query number q, greater being better.
func (s *Set) Score(model string, score func(q int, scores []float64) error) (*Result, error) {
	r := &Result{
		Model: model, Task: s.Task, Region: s.Region, Images: s.origin(),
		N: len(s.Queries), Seed: s.Options.Seed, Code: store.CodeVersion(),
		Candidates: [2]int{math.MaxInt, 0},
	}
	var pool []int
	for i := range s.Queries {
		q := &s.Queries[i]
		scores := make([]float64, len(q.Candidates))
		err := score(i, scores)
		if err != nil {
			return nil, fmt.Errorf("ugbench: query %s: %w", q.ID, err)
		}
		rank, err := Rank(scores, q.Truth)
		if err != nil {
			return nil, fmt.Errorf("query %s: %w", q.ID, err)
		}
		n := len(scores)
		pool = append(pool, n)
		r.Candidates = [2]int{min(r.Candidates[0], n), max(r.Candidates[1], n)}
		r.ToppedUp += q.ToppedUp
		r.QueryIDs = append(r.QueryIDs, q.ID)
		r.Ranks = append(r.Ranks, rank)
		r.Margins = append(r.Margins, margin(scores, q.Truth))
	}
	var err error
	if r.Metrics, err = Summarize(r.Ranks, r.Margins, r.Seed); err != nil {
		return nil, err
	}
	if r.Chance, err = Chance(pool...); err != nil {
		return nil, err
	}
	if r.Checksum, err = s.Checksum(); err != nil {
		return nil, err
	}
	return r, nil
}

func checkUnit(v []float32, dim int) error {
	if len(v) != dim {
		return fmt.Errorf("vector of %d values beside one of %d", len(v), dim)
	}
	norm := math.Sqrt(uge.Similarity(v, v))
	if !(math.Abs(norm-1) <= 1e-3) {
		return fmt.Errorf("vector has length %v, not 1", norm)
	}
	return nil
}

// Report is what results.json holds.
type Report struct {
	Results     []*Result    `json:"results"`
	Comparisons []Comparison `json:"comparisons,omitempty"`
}

// Write writes the report to the file path as JSON, whole or not at all.
func (r *Report) Write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("ugbench: %s: %w", path, err)
	}
	if err := renameio.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("ugbench: write %s: %w", path, err)
	}
	return nil
}

// ReadReport reads what [Report.Write] wrote, and refuses numbers that cannot be.
func ReadReport(path string) (*Report, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("ugbench: %w", err)
	}
	r, err := parseReport(data)
	if err != nil {
		return nil, fmt.Errorf("ugbench: %s: %w", path, err)
	}
	return r, nil
}

func parseReport(data []byte) (*Report, error) {
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, err
	}
	for i, res := range r.Results {
		switch {
		case res == nil:
			return nil, fmt.Errorf("result %d is empty", i)
		case res.N != len(res.Ranks) || slices.ContainsFunc(res.Ranks, func(x float64) bool { return !(x >= 1) }):
			return nil, fmt.Errorf("result %d (%s, %s): %d queries but %d ranks of at least 1", i, res.Model, res.Task, res.N, len(res.Ranks))
		}
		if err := res.Metrics.Check(); err != nil {
			return nil, fmt.Errorf("result %d (%s, %s): %w", i, res.Model, res.Task, err)
		}
	}
	return &r, nil
}
