package ugdata

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Row is one line of a training file of the UGE reference. The fields from
// Kind on are ours; its loader drops columns that it does not know.
type Row struct {
	Messages         []Message   `json:"messages"`
	PositiveMessages [][]Message `json:"positive_messages"`
	Images           []string    `json:"images"`
	Graphs           []string    `json:"graphs"`
	PairType         string      `json:"pair_type"`
	Label            float64     `json:"label"`

	Kind     PairKind `json:"kind,omitempty"`
	Split    Split    `json:"split,omitempty"`
	PlaceID  int64    `json:"place_id,omitempty,string"`
	TextKey  uint64   `json:"text_key,omitempty,string"`
	PlaceKey uint64   `json:"place_key,omitempty,string"`
}

// Pair types of the two stages in the reference.
const (
	pairStage1 = "stage1_image_only"
	pairStage2 = "stage2_image_graph"
)

// Row returns sample i as a row; graph is the path of its graph file, which
// only rows of stage 2 name.
func (d *Dataset) Row(i int, graph string) Row {
	s := &d.Samples[i]
	p := &d.Places[s.Place]
	r := Row{
		Messages:         []Message{{"user", s.Query}},
		PositiveMessages: [][]Message{{{"user", s.Positive}}},
		Images:           []string{p.Image}, Graphs: []string{}, PairType: pairStage1, Label: 1,
		Kind: s.Kind, Split: p.Split, PlaceID: p.ID, TextKey: s.TextKey, PlaceKey: s.PlaceKey,
	}
	if s.Stage == 2 {
		r.Graphs, r.PairType = []string{graph}, pairStage2
	}
	return r
}

// Sample returns the row as a sample of the place with the given index. Of
// several positives the first counts, as in the reference; the stage is told by
// pair_type or else by whether the row names a graph. A row of the reference's
// own has no keys: the key of its text is made here, that of its place from its
// image.
func (r Row) Sample(place int) (Sample, error) {
	if len(r.Messages) == 0 || len(r.PositiveMessages) == 0 || len(r.PositiveMessages[0]) == 0 {
		return Sample{}, errors.New("a row needs messages and positive_messages")
	}
	s := Sample{
		Place: place, Kind: r.Kind, Stage: 1, Query: r.Messages[len(r.Messages)-1].Content,
		Positive: r.PositiveMessages[0][0].Content, TextKey: r.TextKey, PlaceKey: r.PlaceKey,
	}
	if r.PairType == pairStage2 || r.PairType != pairStage1 && len(r.Graphs) > 0 {
		s.Stage = 2
	}
	if s.TextKey == 0 {
		s.TextKey = TextKey(s.Positive)
	}
	if s.PlaceKey == 0 {
		s.PlaceKey = TextKey(strings.Join(r.Images, " "))
	}
	return s, nil
}

// WriteRows writes rows as JSONL, one object a line.
func WriteRows(w io.Writer, rows []Row) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := range rows {
		if err := enc.Encode(&rows[i]); err != nil {
			return fmt.Errorf("ugdata: row %d: %w", i, err)
		}
	}
	return out.Flush()
}

// longestLine bounds a line of a training file.
const longestLine = 16 << 20

// ReadRows reads a training file of the UGE reference or of [WriteRows]. Empty
// lines are skipped, unknown columns dropped, a missing label is 1; images and
// graphs may be a string instead of a list.
func ReadRows(r io.Reader) ([]Row, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	var rows []Row
	for n := 1; lines.Scan(); n++ {
		line := lines.Bytes()
		if len(strings.TrimSpace(string(line))) == 0 {
			continue
		}
		row, err := parseRow(line)
		if err != nil {
			return nil, fmt.Errorf("ugdata: line %d: %w", n, err)
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("ugdata: after %d rows: %w", len(rows), err)
	}
	return rows, nil
}

func parseRow(line []byte) (Row, error) {
	type plain Row
	loose := struct {
		plain
		Images oneOrMany `json:"images"`
		Graphs oneOrMany `json:"graphs"`
		Label  *float64  `json:"label"`
	}{}
	if err := json.Unmarshal(line, &loose); err != nil {
		return Row{}, err
	}
	r := Row(loose.plain)
	r.Images, r.Graphs, r.Label = append([]string{}, loose.Images...), append([]string{}, loose.Graphs...), 1
	if loose.Label != nil {
		r.Label = *loose.Label
	}
	if len(r.Messages) == 0 {
		return Row{}, errors.New("the row has no messages")
	}
	return r, nil
}

// oneOrMany reads a string or a list of strings.
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(data []byte) error {
	*o = []string{}
	if string(data) == "null" {
		return nil
	}
	var one string
	if json.Unmarshal(data, &one) == nil {
		*o = []string{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(o))
}
