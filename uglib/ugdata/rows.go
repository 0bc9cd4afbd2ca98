package ugdata

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Row is one line of a training file of the UGE reference. The lists of lists
// belong to its further positives and its negatives, one list each. The fields
// from Kind on are ours; its loader drops columns that it does not know.
type Row struct {
	Messages         []Message   `json:"messages"`
	PositiveMessages [][]Message `json:"positive_messages"`
	Images           []string    `json:"images"`
	Graphs           []string    `json:"graphs"`
	PairType         string      `json:"pair_type"`
	Label            float64     `json:"label"`

	PositiveImages   [][]string  `json:"positive_images,omitempty"`
	PositiveGraphs   [][]string  `json:"positive_graphs,omitempty"`
	NegativeMessages [][]Message `json:"negative_messages,omitempty"`
	NegativeImages   [][]string  `json:"negative_images,omitempty"`
	NegativeGraphs   [][]string  `json:"negative_graphs,omitempty"`

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

// ReadRows reads a training file of the UGE reference or of [WriteRows]. Empty
// lines are skipped, unknown columns dropped, a missing label is 1. What may be a
// list may be its one item instead; images and graphs may be null. The content of
// a message may be text, or a list of parts as chat programs have them, whose
// texts are joined, an image part being its tag. An error names the line and the
// field. Package exchange reads other files of the reference too.
func ReadRows(r io.Reader) ([]Row, error) {
	var rows []Row
	for line, err := range Lines(r) {
		if err != nil {
			return nil, err
		}
		row, err := ParseRow(line.Text)
		if err != nil {
			return nil, fmt.Errorf("ugdata: line %d: %w", line.Number, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// Line is a line of a file of JSON lines.
type Line struct {
	Number int    // from 1
	Text   []byte // one JSON value; valid until the next line is read
}

// longestLine bounds a line.
const longestLine = 64 << 20

// Lines reads a file of JSON lines as Python writes them: empty lines and a byte
// order mark are left out, and the words NaN, Infinity and -Infinity, which JSON
// does not have, become null. The error comes last.
func Lines(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in := bufio.NewScanner(r)
		in.Buffer(nil, longestLine)
		n := 0
		for in.Scan() {
			n++
			text := bytes.TrimSpace(in.Bytes())
			if n == 1 {
				text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
			}
			if len(text) > 0 && !yield(Line{n, withoutNaN(text)}, nil) {
				return
			}
		}
		if err := in.Err(); err != nil {
			yield(Line{}, fmt.Errorf("ugdata: line %d: %w; a line has at most %d MB", n+1, err, longestLine>>20))
		}
	}
}

// withoutNaN replaces the words that Python writes for numbers that JSON does
// not have, outside of texts.
func withoutNaN(line []byte) []byte {
	if !bytes.Contains(line, []byte("NaN")) && !bytes.Contains(line, []byte("Infinity")) {
		return line
	}
	var out []byte
	quoted := false
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case quoted && c == '\\' && i+1 < len(line):
			out = append(out, c, line[i+1])
			i += 2
			continue
		case c == '"':
			quoted = !quoted
		case quoted:
		default:
			word := ""
			for _, w := range []string{"NaN", "-Infinity", "Infinity"} {
				if bytes.HasPrefix(line[i:], []byte(w)) {
					word = w
					break
				}
			}
			if word != "" {
				out = append(out, "null"...)
				i += len(word)
				continue
			}
		}
		out = append(out, line[i])
		i++
	}
	return out
}

// ParseRow reads one row, see [ReadRows].
func ParseRow(text []byte) (Row, error) {
	type plain Row
	loose := struct {
		plain
		Messages         turns     `json:"messages"`
		PositiveMessages turnLists `json:"positive_messages"`
		NegativeMessages turnLists `json:"negative_messages"`
		Images           Texts     `json:"images"`
		Graphs           Texts     `json:"graphs"`
		PositiveImages   textLists `json:"positive_images"`
		PositiveGraphs   textLists `json:"positive_graphs"`
		NegativeImages   textLists `json:"negative_images"`
		NegativeGraphs   textLists `json:"negative_graphs"`
		Label            *float64  `json:"label"`
	}{}
	if err := json.Unmarshal(text, &loose); err != nil {
		return Row{}, err
	}
	r := Row(loose.plain)
	r.Messages, r.PositiveMessages, r.NegativeMessages = loose.Messages, loose.PositiveMessages, loose.NegativeMessages
	r.Images, r.Graphs = append([]string{}, loose.Images...), append([]string{}, loose.Graphs...)
	r.PositiveImages, r.PositiveGraphs = loose.PositiveImages, loose.PositiveGraphs
	r.NegativeImages, r.NegativeGraphs = loose.NegativeImages, loose.NegativeGraphs
	r.Label = 1
	if loose.Label != nil {
		r.Label = *loose.Label
	}
	if len(r.Messages) == 0 {
		return Row{}, errors.New("the row has no messages")
	}
	return r, nil
}
