package exchange

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/ugdata"
)

// Form says which of the reference's files a record is from.
type Form string

const (
	// Pair is a row of stage 1 or 2: messages with positive_messages.
	Pair Form = "pair"
	// Caption is a row of the caption script: image_caption, summarization and
	// swift_format, which holds messages, images and graphs.
	Caption Form = "caption"
	// Swift is what swift_format holds, in a file of its own.
	Swift Form = "swift"
	// Walk is a record of a reasoning path, with the nodes on its way.
	Walk Form = "path"
	// Composed is a row of the composer: a path within its messages.
	Composed Form = "composed"
	// Image is what is known of an image: where it stands and looks.
	Image Form = "image"
	// Checkpoint is a note of the caption script on what it has done; nothing
	// follows from it.
	Checkpoint Form = "checkpoint"
)

// Record is one line of a file of the reference.
type Record struct {
	File string
	Line int
	Form Form

	Row      ugdata.Row   // messages, images, graphs; of Pair also what they go with
	ImageID  int64        // 0 if the line does not say
	City     string       // empty if the line does not say
	Position *orb.Point   // of the image; longitude, latitude
	Heading  *float64     // degrees clockwise from north
	Caption  string       // of Caption and Swift
	Summary  string       // of Caption, Swift, Walk and Composed
	Path     *ugdata.Path // of Walk and Composed: texts, hops, length; Nodes and Destination are not set
	Way      []int64      // of Walk: ids of the nodes from the image to the destination
	URL      string       // of Image
}

// Records reads a file of JSON lines of the reference, of whatever forms. An
// error names file and line and is that line's only: reading may go on, but not
// after an error of the reader, which is the last.
func Records(r io.Reader, name string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for line, err := range ugdata.Lines(r) {
			if err != nil {
				yield(Record{}, fmt.Errorf("%s: %w", name, err))
				return
			}
			rec, err := parseRecord(line.Text)
			rec.File, rec.Line = name, line.Number
			if err != nil {
				err = fmt.Errorf("%s:%d: %w", name, line.Number, err)
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

// loose holds the columns of all forms.
type loose struct {
	Swift         json.RawMessage `json:"swift_format"`
	ImageCaption  string          `json:"image_caption"`
	Summarization string          `json:"summarization"`
	ImagePaths    ugdata.Texts    `json:"image_paths"`
	ImagePath     ugdata.Texts    `json:"image_path"`
	Subgraph      string          `json:"original_subgraph_path"`

	MapillaryID   number   `json:"mapillary_id"`
	MapillaryNode number   `json:"mapillary_node"`
	ID            number   `json:"id"`
	City          string   `json:"city"`
	Geometry      position `json:"geometry"`
	Coordinates   position `json:"coordinates"`
	ImageAt       position `json:"image_coordinates"`
	Compass       *float64 `json:"compass_angle"`
	URL           string   `json:"url"`

	GraphPath ugdata.Texts `json:"graph_path"`
	Origin    number       `json:"origin_node"`
	Target    number       `json:"destination_node"`
	Hops      *float64     `json:"hop_distance"`
	Meta      *struct {
		Paths  []ids `json:"paths"`
		Parsed []struct {
			Path      ids     `json:"path"`
			Formatted string  `json:"formatted_path"`
			Enhanced  string  `json:"formatted_path_enhanced"`
			Metres    float64 `json:"total_length_meters"`
		} `json:"paths_parsed"`
	} `json:"path_meta"`

	Messages json.RawMessage `json:"messages"`
	Positive json.RawMessage `json:"positive_messages"`
	Status   string          `json:"status"`
}

func parseRecord(text []byte) (Record, error) {
	var l loose
	if err := json.Unmarshal(text, &l); err != nil {
		return Record{}, err
	}
	r := Record{ImageID: firstID(l.MapillaryNode, l.MapillaryID), City: l.City, Heading: l.Compass, Summary: strings.TrimSpace(l.Summarization), URL: l.URL}
	for _, p := range []position{l.ImageAt, l.Coordinates, l.Geometry} {
		if p.known && r.Position == nil {
			r.Position = &p.at
		}
	}
	if r.Heading != nil && !(math.Abs(*r.Heading) <= 720) {
		return r, fmt.Errorf("compass_angle is %v; degrees are expected", *r.Heading)
	}
	switch {
	case len(l.Swift) > 0 && string(l.Swift) != "null":
		r.Form = Caption
		row, err := ugdata.ParseRow(l.Swift)
		if err != nil {
			return r, fmt.Errorf("swift_format: %w", err)
		}
		r.Row, r.Caption = row, cleanCaption(l.ImageCaption)
		if len(row.Images) == 0 {
			r.Row.Images = l.ImagePaths
		}
		if len(row.Graphs) == 0 && l.Subgraph != "" {
			r.Row.Graphs = []string{l.Subgraph}
		}
		return r, r.texts()
	case len(l.Messages) == 0 && l.Status != "" && (l.MapillaryID.known || len(l.ImagePath) > 0):
		r.Form = Checkpoint
		return r, nil
	case len(l.Messages) == 0 && (l.Geometry.known || l.URL != ""):
		r.Form = Image
		if r.ImageID == 0 {
			r.ImageID = l.ID.value
		}
		if r.ImageID == 0 {
			return r, fmt.Errorf("the image has no mapillary_id")
		}
		return r, nil
	case len(l.Messages) == 0:
		return r, fmt.Errorf("the line has no messages, no swift_format and no geometry: it is of none of the reference's files that are read")
	}
	row, err := ugdata.ParseRow(text)
	if err != nil {
		return r, err
	}
	r.Row = row
	if r.ImageID == 0 {
		r.ImageID = row.PlaceID
	}
	switch {
	case len(l.Positive) > 0:
		r.Form = Pair
		return r, nil
	case l.Meta != nil || l.Target.known:
		r.Form = Walk
		r.walk(&l)
	case strings.Contains(userText(row), pathMark):
		r.Form = Composed
		r.composed()
	default:
		r.Form = Swift
	}
	return r, r.texts()
}

// userText is the first message of a row.
func userText(r ugdata.Row) string { return r.Messages[0].Content }

// texts fills in what the messages of a row without positives say: a caption
// script's user message holds caption and summary, the assistant's the summary.
func (r *Record) texts() error {
	if r.Summary == "" && len(r.Row.Messages) > 1 {
		r.Summary = strings.TrimSpace(r.Row.Messages[len(r.Row.Messages)-1].Content)
	}
	if r.Form != Walk && r.Form != Composed && r.Caption == "" {
		text := strings.NewReplacer(ugdata.ImageTag, "", ugdata.GraphTag, "").Replace(userText(r.Row))
		caption, _, _ := strings.Cut(text, summaryMark)
		r.Caption = cleanCaption(caption)
	}
	if r.Caption == "" && r.Summary == "" && r.Path == nil {
		return fmt.Errorf("the row has neither a caption nor a path nor a summary")
	}
	return nil
}

// summaryMark stands between caption and summary in a user message.
const summaryMark = "<summarization>"

// cleanCaption takes off the markup that the reference leaves before a caption.
func cleanCaption(s string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s), "**Image:**"))
}

// What stands around a path in a user message, see [ugdata.ComposedRow].
const (
	pathMark   = "Spatial Reasoning Path: "
	pathEnd    = ". Based on the spatial context"
	entityMark = "\nHere are relevant place entities informations: "
)

// composed takes the path out of the user message.
func (r *Record) composed() {
	_, text, _ := strings.Cut(userText(r.Row), pathMark)
	text, entities, _ := strings.Cut(text, entityMark)
	text, _, _ = strings.Cut(text, pathEnd)
	r.Path = newPath(text, r.Summary)
	r.Path.Entities = entities
}

// walk takes the path out of a record of the path script.
func (r *Record) walk(l *loose) {
	text := ""
	if m := l.Meta; m != nil {
		if len(m.Paths) > 0 {
			r.Way = m.Paths[0]
		}
		if len(m.Parsed) > 0 {
			p := m.Parsed[0]
			if text = p.Enhanced; text == "" {
				text = p.Formatted
			}
			if len(r.Way) == 0 {
				r.Way = p.Path
			}
		}
	}
	if text == "" {
		_, text, _ = strings.Cut(userText(r.Row), pathMark)
		text, _, _ = strings.Cut(text, pathEnd)
	}
	r.Path = newPath(text, r.Summary)
	if l.Meta != nil && len(l.Meta.Parsed) > 0 && l.Meta.Parsed[0].Metres > 0 {
		r.Path.Length = metres(l.Meta.Parsed[0].Metres)
	}
	if l.Hops != nil && *l.Hops > 0 && *l.Hops < 1000 {
		r.Path.Hops = int(*l.Hops)
	}
	if len(r.Way) == 0 && l.Origin.known && l.Target.known {
		r.Way = []int64{l.Origin.value, l.Target.value}
	}
	if len(r.Row.Images) == 0 {
		r.Row.Images = l.ImagePath
	}
	if len(r.Row.Graphs) == 0 {
		r.Row.Graphs = l.GraphPath
	}
}

// newPath reads what the text of a path tells of it. A text that is not by the
// grammar stays as it is.
func newPath(text, summary string) *ugdata.Path {
	p := &ugdata.Path{Text: strings.TrimSpace(text), Summary: summary}
	items, err := ugdata.ParsePath(p.Text)
	if err != nil {
		return p
	}
	for _, x := range items {
		if !x.IsTransition() {
			p.Hops++
		}
		if x.Tuple != nil {
			p.Length += metres(x.Tuple.Metres)
		}
	}
	return p
}

func firstID(all ...number) int64 {
	for _, n := range all {
		if n.known {
			return n.value
		}
	}
	return 0
}

// number reads an integer of 64 bits from a JSON number or text.
type number struct {
	value int64
	known bool
}

// exact is the greatest float64 below which every integer is one.
const exact = 1 << 53

// UnmarshalJSON implements [json.Unmarshaler].
func (n *number) UnmarshalJSON(data []byte) error {
	text := strings.TrimSpace(strings.Trim(string(data), `"`))
	if text == "null" || text == "" {
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f, floatErr := strconv.ParseFloat(text, 64)
		switch {
		case floatErr != nil:
			return fmt.Errorf("%.40s stands where an id is expected", data)
		case f != math.Trunc(f) || math.Abs(f) > exact:
			return fmt.Errorf("the id %.40s is a float, which has lost digits; write ids as integers or texts", data)
		}
		v = int64(f)
	}
	n.value, n.known = v, true
	return nil
}

// ids reads a list of ids.
type ids []int64

// UnmarshalJSON implements [json.Unmarshaler].
func (l *ids) UnmarshalJSON(data []byte) error {
	var list []number
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*l = nil
	for _, n := range list {
		*l = append(*l, n.value)
	}
	return nil
}

// position reads longitude and latitude from a list, from text such as
// "(103.8481, 1.3502)", or from a GeoJSON point.
type position struct {
	at    orb.Point
	known bool
}

var pointForm = regexp.MustCompile(`^[(\[]?\s*(-?[0-9.eE+-]+)\s*[, ]\s*(-?[0-9.eE+-]+)\s*[)\]]?$`)

// UnmarshalJSON implements [json.Unmarshaler].
func (p *position) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var object struct {
		Coordinates json.RawMessage `json:"coordinates"`
	}
	if data[0] == '{' {
		if err := json.Unmarshal(data, &object); err != nil {
			return err
		}
		if len(object.Coordinates) == 0 {
			return nil
		}
		return p.UnmarshalJSON(object.Coordinates)
	}
	text := strings.Trim(string(data), `"`)
	if strings.TrimSpace(text) == "" {
		return nil
	}
	m := pointForm.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%.60s stands where a position is expected: longitude and latitude", data)
	}
	lon, err := strconv.ParseFloat(m[1], 64)
	if err == nil {
		p.at[1], err = strconv.ParseFloat(m[2], 64)
	}
	if p.at[0] = lon; err != nil || !onEarth(p.at) {
		return fmt.Errorf("the position %.60s is no longitude and latitude in degrees", data)
	}
	p.known = true
	return nil
}

// onEarth reports whether a point is a longitude and latitude in degrees.
func onEarth(p orb.Point) bool { return math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90 }

// longDigits finds the ids of images in names of files.
var longDigits = regexp.MustCompile(`[0-9]{11,18}`)

// imageIDOf returns the id of an image from the name of its file or of its
// graph's, such as subgraph_{cell}_{id}.pkl or mapillary_{id}_subgraph.pkl: the
// last number of 11 to 18 digits; 0 if there is none. (A node is an image in the
// reference when its id has more than 10 digits; cells have 19.)
func imageIDOf(file string) int64 {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	for all := longDigits.FindAllStringIndex(base, -1); len(all) > 0; all = all[:len(all)-1] {
		last := all[len(all)-1]
		if last[0] > 0 && isDigit(base[last[0]-1]) || last[1] < len(base) && isDigit(base[last[1]]) {
			continue // part of a longer number
		}
		if id, err := strconv.ParseInt(base[last[0]:last[1]], 10, 64); err == nil {
			return id
		}
	}
	return 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
