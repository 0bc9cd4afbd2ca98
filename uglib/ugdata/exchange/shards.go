package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"urbangraph/uglib/progress"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/ugdata/shards"
)

// shardSample is the .json of a sample in a shard.
type shardSample struct {
	ID        int64       `json:"id"`
	City      string      `json:"city"`
	Split     string      `json:"split"`
	Longitude float64     `json:"longitude"` // degrees
	Latitude  float64     `json:"latitude"`
	Heading   float64     `json:"heading"` // degrees clockwise from north
	Origin    string      `json:"origin"`
	SHA256    string      `json:"image_sha256,omitempty"`
	Caption   string      `json:"caption"`
	Summary   string      `json:"caption_summary,omitempty"`
	Paths     []shardPath `json:"paths"`
	Pairs     []shardPair `json:"pairs"`
}

type shardPath struct {
	Text    string  `json:"text"`  // by the grammar of the reference
	Plain   string  `json:"plain"` // in natural language
	Summary string  `json:"summary"`
	Hops    int     `json:"hops"`
	Metres  float64 `json:"metres"`
}

type shardPair struct {
	Stage    int    `json:"stage"`
	Kind     string `json:"kind"`
	Query    string `json:"query"`
	Positive string `json:"positive"`
}

// writeShards writes the places of each split but the buffer, each with its
// image, its caption (.txt) and the rest (.json), in the order of the dataset;
// keys are the ids, of at least 15 digits.
func writeShards(ctx context.Context, dir string, d *ugdata.Dataset, limit int64) error {
	pairs := map[int][]shardPair{}
	for _, s := range d.Samples {
		pairs[s.Place] = append(pairs[s.Place], shardPair{s.Stage, string(s.Kind), s.Query, s.Positive})
	}
	task := progress.Start(ctx, "write shards", len(d.Places))
	defer task.Done()
	for _, split := range ugdata.Splits {
		if split == ugdata.Buffer {
			continue
		}
		w, err := shards.NewWriter(dir, string(split), shards.Limits{Bytes: limit})
		if err != nil {
			return err
		}
		err = shardSplit(ctx, w, d, split, pairs, task)
		if _, closeErr := w.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func shardSplit(ctx context.Context, w *shards.Writer, d *ugdata.Dataset, split ugdata.Split, pairs map[int][]shardPair, task progress.Task) error {
	for i := range d.Places {
		p := &d.Places[i]
		if p.Split != split {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		image, err := os.ReadFile(p.Image)
		if err != nil {
			return fmt.Errorf("image of place %d: %w", p.ID, err)
		}
		var about bytes.Buffer
		enc := json.NewEncoder(&about)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(newShardSample(p, pairs[i])); err != nil {
			return fmt.Errorf("place %d: %w", p.ID, err)
		}
		err = w.Add(fmt.Sprintf("%015d", p.ID),
			shards.File{Extension: strings.TrimPrefix(extension(p.Image), "."), Content: image},
			shards.File{Extension: "json", Content: about.Bytes()},
			shards.File{Extension: "txt", Content: []byte(p.Caption)})
		if err != nil {
			return err
		}
		task.Add(1)
	}
	return nil
}

func newShardSample(p *ugdata.Place, pairs []shardPair) shardSample {
	s := shardSample{
		ID: p.ID, City: p.City, Split: string(p.Split), Longitude: p.Pos[0], Latitude: p.Pos[1], Heading: float64(p.Heading),
		Origin: string(p.Origin), SHA256: p.ImageSHA256, Caption: p.Caption, Summary: p.Summary, Paths: []shardPath{}, Pairs: pairs,
	}
	if s.Pairs == nil {
		s.Pairs = []shardPair{}
	}
	for _, x := range p.Paths {
		s.Paths = append(s.Paths, shardPath{x.Text, x.Plain, x.Summary, x.Hops, float64(x.Length)})
	}
	return s
}
