package ugbench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/ugdata"
)

// Row is one query in the UGE reference's benchmark format (JSONL, one object a
// line), with fields of our own after QueryType. Images are named city/file.
type Row struct {
	Messages       []Message  `json:"messages"`                   // one user turn
	Images         []string   `json:"images,omitempty"`           // of the query
	Candidates     []string   `json:"candidates"`                 // location texts, or images for retrieval
	CandidateImage []string   `json:"candidate_images,omitempty"` // images for retrieval
	GroundTruth    string     `json:"ground_truth"`
	GroundTruthIdx int        `json:"ground_truth_idx"`
	ImageCoords    [2]float64 `json:"image_coords"` // longitude, latitude in degrees
	QueryType      string     `json:"query_type"`   // task and kind, such as "retrieval_srp"

	ID              string   `json:"id,omitempty"`
	Region          Region   `json:"region,omitempty"`
	Place           string   `json:"place,omitempty"`            // anchor as city/view id
	CandidatePlaces []string `json:"candidate_places,omitempty"` // as city/view id
	ToppedUp        int      `json:"topped_up,omitempty"`
}

// Message is a turn of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

const imageTag = "<image>"

// placeName names a place in a row.
func placeName(p *ugdata.Place) string { return fmt.Sprintf("%s/%d", p.City, p.ID) }

// imageName names a place's image in a row.
func imageName(p *ugdata.Place) string { return path.Join(p.City, filepath.Base(p.Image)) }

// row writes q in the reference's format.
func (s *Set) row(q *Query) Row {
	anchor := &s.data.Places[q.Place]
	r := Row{
		GroundTruthIdx: q.Truth,
		ImageCoords:    anchor.Pos,
		QueryType:      string(s.Task),
		ID:             q.ID,
		Region:         s.Region,
		Place:          placeName(anchor),
		ToppedUp:       q.ToppedUp,
	}
	content := q.Instruction
	if s.Task == Retrieval {
		content += "\n" + q.Text
		r.QueryType += "_" + string(q.Kind)
	} else {
		content = imageTag + content
		r.Images = []string{imageName(anchor)}
	}
	r.Messages = []Message{{Role: "user", Content: content}}
	for _, c := range q.Candidates {
		item := s.Gallery[c]
		p := &s.data.Places[item.Place]
		r.CandidatePlaces = append(r.CandidatePlaces, placeName(p))
		if s.Task == Retrieval {
			r.Candidates = append(r.Candidates, imageName(p))
		} else {
			r.Candidates = append(r.Candidates, item.Text)
		}
	}
	if s.Task == Retrieval {
		r.CandidateImage = r.Candidates
	}
	r.GroundTruth = r.Candidates[q.Truth]
	return r
}

// WriteRows writes the queries of s as JSONL.
func (s *Set) WriteRows(w io.Writer) error {
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	for i := range s.Queries {
		if err := enc.Encode(s.row(&s.Queries[i])); err != nil {
			return fmt.Errorf("ugbench: query %s: %w", s.Queries[i].ID, err)
		}
	}
	return buf.Flush()
}

// ReadRows reads JSONL rows, ours or the reference's. As the reference does,
// it takes a string for a list of one image, "question_type" for
// "query_type", "coordinates" for "image_coords", and finds the index of the
// ground truth among the candidates where a row has none. An error names the
// line.
func ReadRows(r io.Reader) ([]Row, error) {
	var rows []Row
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("ugbench: line %d: %w", n, err)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			row, parseErr := parseRow(line)
			if parseErr != nil {
				return nil, fmt.Errorf("ugbench: line %d: %w", n, parseErr)
			}
			rows = append(rows, row)
		}
		if err != nil {
			return rows, nil
		}
	}
}

func parseRow(line []byte) (Row, error) {
	type plain Row
	loose := struct {
		plain
		Images         stringOrList `json:"images"`
		GroundTruthIdx *int         `json:"ground_truth_idx"`
		ImageCoords    *orb.Point   `json:"image_coords"`
		Coordinates    *orb.Point   `json:"coordinates"`
		QuestionType   string       `json:"question_type"`
	}{}
	if err := json.Unmarshal(line, &loose); err != nil {
		return Row{}, err
	}
	row := Row(loose.plain)
	row.Images = loose.Images
	if row.QueryType == "" {
		row.QueryType = loose.QuestionType
	}
	for _, p := range []*orb.Point{loose.Coordinates, loose.ImageCoords} {
		if p != nil {
			row.ImageCoords = *p
		}
	}
	if len(row.Candidates) == 0 {
		return Row{}, errors.New("the row has no candidates")
	}
	switch {
	case loose.GroundTruthIdx != nil:
		row.GroundTruthIdx = *loose.GroundTruthIdx
	default:
		row.GroundTruthIdx = slices.Index(row.Candidates, row.GroundTruth)
	}
	if i := row.GroundTruthIdx; i < 0 || i >= len(row.Candidates) || row.Candidates[i] != row.GroundTruth {
		return Row{}, fmt.Errorf("ground truth %q is not candidate %d of %d", row.GroundTruth, i, len(row.Candidates))
	}
	return row, nil
}

// stringOrList reads a JSON string as a list of one.
type stringOrList []string

func (l *stringOrList) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = nil
		if one != "" {
			*l = stringOrList{one}
		}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

// readSet turns rows that WriteRows wrote back into a set over data.
func readSet(data *ugdata.Dataset, task Task, region Region, o Options, rows []Row) (*Set, error) {
	s := newSet(data, task, region, o)
	places := map[string]int{}
	for place := range s.itemOf {
		places[placeName(&data.Places[place])] = place
	}
	find := func(row Row, name string) (int, error) {
		place, ok := places[name]
		if !ok {
			return 0, fmt.Errorf("ugbench: query %s names the place %q, which the dataset does not hold in %s", row.ID, name, region)
		}
		return place, nil
	}
	for _, row := range rows {
		q := Query{ID: row.ID, Kind: ugdata.SCC, Instruction: AskWhere, Truth: row.GroundTruthIdx, ToppedUp: row.ToppedUp}
		var err error
		if q.Place, err = find(row, row.Place); err != nil {
			return nil, err
		}
		for _, name := range row.CandidatePlaces {
			place, err := find(row, name)
			if err != nil {
				return nil, err
			}
			q.Candidates = append(q.Candidates, s.itemOf[place])
		}
		if task == Retrieval {
			if row.QueryType == string(Retrieval)+"_"+string(ugdata.SRP) {
				q.Kind = ugdata.SRP
			}
			if len(row.Messages) == 1 {
				q.Instruction, q.Text, _ = strings.Cut(row.Messages[0].Content, "\n")
			}
		}
		again := Row{}
		if q.Truth < len(q.Candidates) {
			again = s.row(&q)
		}
		if !slices.Equal(again.Candidates, row.Candidates) || again.GroundTruth != row.GroundTruth {
			return nil, fmt.Errorf("ugbench: the candidates of query %s are not those of the dataset; make the benchmark anew", row.ID)
		}
		s.Queries = append(s.Queries, q)
	}
	return s, nil
}
