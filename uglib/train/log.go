package train

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Entry is one line of a run's log: a training step, or a validation.
type Entry struct {
	Step int `json:"step"` // steps done

	// Of the batch of a step.
	Loss         float64 `json:"loss,omitempty"`
	Margin       float64 `json:"margin,omitempty"` // mean of positive cosine less the largest negative cosine
	GradNorm     float64 `json:"grad_norm,omitempty"`
	LearningRate float64 `json:"lr,omitempty"`

	Validation *Validation `json:"val,omitempty"`
}

// Validation measures the model on the validation places: every place's query
// against the captions of all of them.
type Validation struct {
	Places int     `json:"places"`
	MRR    float64 `json:"mrr"`    // mean reciprocal rank of the own caption
	Margin float64 `json:"margin"` // the reference's: own cosine less the largest other
	Hit5   float64 `json:"hit5"`
}

// readLog reads a log file; one that is not there is an empty log.
func readLog(path string) ([]Entry, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("train: log: %w", err)
	}
	defer file.Close()
	var log []Entry
	dec := json.NewDecoder(bufio.NewReader(file))
	for {
		var e Entry
		err := dec.Decode(&e)
		if errors.Is(err, io.EOF) {
			return log, nil
		}
		if err != nil {
			return nil, fmt.Errorf("train: log %s, entry %d: %w", path, len(log)+1, err)
		}
		log = append(log, e)
	}
}

// encodeLog is the content of a log file.
func encodeLog(log []Entry) ([]byte, error) {
	var out []byte
	for _, e := range log {
		line, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		out = append(append(out, line...), '\n')
	}
	return out, nil
}
