package ugdata

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"urbangraph/uglib/geo"
)

// Finding is one number of an audit.
type Finding struct {
	Name   string  `json:"name"`
	Splits string  `json:"splits,omitempty"` // "train and test"; empty where it is about the whole dataset
	Value  float64 `json:"value"`
	Unit   string  `json:"unit,omitempty"`  // "m", or empty for a count
	Limit  string  `json:"limit,omitempty"` // "0", "more than 148 m"; empty for a number that informs
	OK     bool    `json:"ok"`              // it keeps its limit, or has none
	Known  bool    `json:"known"`           // false where the dataset does not hold what the number is made of
	Why    string  `json:"why"`             // what it means, why it must be so, or why it need not
}

// Must reports whether the finding has a limit.
func (f Finding) Must() bool { return f.Limit != "" }

// Text returns the value with its unit, such as "301 m", or "not known".
func (f Finding) Text() string {
	switch {
	case !f.Known:
		return "not known"
	case f.Unit == "m":
		return geo.Metres(f.Value).String()
	}
	return strconv.FormatFloat(f.Value, 'f', -1, 64)
}

// String says the finding in a line.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.Name)
	if f.Splits != "" {
		fmt.Fprintf(&b, " (%s)", f.Splits)
	}
	fmt.Fprintf(&b, ": %s", f.Text())
	if f.Must() {
		fmt.Fprintf(&b, ", must be %s: %s", f.Limit, f.Why)
	}
	return b.String()
}

// aspect is a number that each pair of splits has.
type aspect struct {
	name  string
	unit  string
	must  bool // be 0
	value func(*PairAudit) float64
	known func(Coverage) bool
	why   string
}

func counted(f func(*PairAudit) int) func(*PairAudit) float64 {
	return func(p *PairAudit) float64 { return float64(f(p)) }
}

func inMetres(f func(*PairAudit) geo.Metres) func(*PairAudit) float64 {
	return func(p *PairAudit) float64 { return float64(f(p)) }
}

// What an aspect needs to be known.
var (
	knowsAlways    = func(Coverage) bool { return true }
	knowsPositions = func(c Coverage) bool { return c.Positions > 0 }
	knowsCities    = func(c Coverage) bool { return c.Cities > 0 }
	knowsLocated   = func(c Coverage) bool { return c.Positions > 0 && c.Cities > 0 }
	knowsContents  = func(c Coverage) bool { return c.Contents > 0 }
	knowsHashes    = func(c Coverage) bool { return c.Hashes > 0 }
	knowsSequences = func(c Coverage) bool { return c.Sequences > 0 }
)

const nearestPlace = "From each place of the second split to the nearest of the first. The buffer keeps the least of them above a subgraph's width; how much farther the others are says how hard the second split is."

const sharedName = "Chains, and streets as long as a town, bear one name in many places, so that names alone are no leak; many of them mean that a model may answer by words it was trained on."

var aspects = []aspect{
	{"subgraphs that reach a place of the other split", "", true, counted(func(p *PairAudit) int { return p.Touched }), knowsLocated,
		"a model would have seen the place's surroundings in training; raise the buffer"},
	{"crossings and places in subgraphs of both", "", true, counted(func(p *PairAudit) int { return p.Points }), knowsCities,
		"their names and positions would be known from training; the buffer must be two radii of a subgraph"},
	{"crossings and places in subgraphs of the second that paths of the first pass", "", true, counted(func(p *PairAudit) int { return p.Told }), knowsCities,
		"a training text would tell what stands at a place of the second split"},
	{"image files in both", "", true, counted(func(p *PairAudit) int { return p.Images }), knowsAlways,
		"the same picture would be trained on and asked about"},
	{"images with the same content in both", "", true, counted(func(p *PairAudit) int { return p.Contents }), knowsContents,
		"the same picture would be trained on and asked about; remove one of the files"},
	{"images of the second nearly equal to one of the first", "", false, counted(func(p *PairAudit) int { return p.Near }), knowsHashes,
		fmt.Sprintf("Perceptual hashes that differ in at most %d of 64 bits. Views of empty streets look alike, drawn ones more so; of photographs look at some pairs, which may be one scene with two positions.", NearImage)},
	{"sequences of photographs in both", "", false, counted(func(p *PairAudit) int { return p.Sequences }), knowsSequences,
		"One camera on one day: light, weather and the rim of the car are the same, though the places are apart."},
	{"least distance", "m", false, inMetres(func(p *PairAudit) geo.Metres { return p.Distance.Min }), knowsPositions, nearestPlace},
	{"distance, 5%", "m", false, inMetres(func(p *PairAudit) geo.Metres { return p.Distance.P5 }), knowsPositions, nearestPlace},
	{"distance, median", "m", false, inMetres(func(p *PairAudit) geo.Metres { return p.Distance.P50 }), knowsPositions, nearestPlace},
	{"distance, 95%", "m", false, inMetres(func(p *PairAudit) geo.Metres { return p.Distance.P95 }), knowsPositions, nearestPlace},
	{"streets in subgraphs of both", "", false, counted(func(p *PairAudit) int { return p.Streets }), knowsCities,
		"A street is one node however long it is; the same street's other end says little about a place."},
	{"areas in subgraphs of both", "", false, counted(func(p *PairAudit) int { return p.Areas }), knowsCities,
		"A park or a campus may be wider than the buffer and stand at the edge of two subgraphs."},
	{"edges in subgraphs of both", "", false, counted(func(p *PairAudit) int { return p.Edges }), knowsCities,
		"Edges between streets and areas that both subgraphs hold; one of a crossing or a place would count above."},
	{"crossings and places in subgraphs of the first that paths of the second pass", "", false, counted(func(p *PairAudit) int { return p.ToldBack }), knowsCities,
		"A walk from a test place may lead to where training has been: its start is what is asked about."},
	{"names of places in texts of both", "", false, counted(func(p *PairAudit) int { return p.Names[0].Both }), knowsCities, sharedName},
	{"names of areas in texts of both", "", false, counted(func(p *PairAudit) int { return p.Names[1].Both }), knowsCities, sharedName},
	{"names of streets in texts of both", "", false, counted(func(p *PairAudit) int { return p.Names[2].Both }), knowsCities, sharedName},
	{"captions of both, word for word", "", false, counted(func(p *PairAudit) int { return p.CaptionsExact }), knowsAlways,
		"Two views of a bare street may read the same; such a caption cannot be told from its twin, and says nothing about either place."},
	{"captions of both, white space and case apart", "", false, counted(func(p *PairAudit) int { return p.Captions }), knowsAlways,
		"The same, counted as training masks false negatives."},
	{"paths of both, word for word", "", false, counted(func(p *PairAudit) int { return p.PathsExact }), knowsAlways,
		"In natural language, where no image is named; two walks of equal lengths along streets of one name."},
	{"paths of both, white space and case apart", "", false, counted(func(p *PairAudit) int { return p.Paths }), knowsAlways,
		"The same, counted as training masks false negatives."},
}

// Findings lists the numbers of the audit, those about the whole dataset
// first, then those of each pair of splits, in a fixed order. A number that
// must be 0 and is not has OK false.
func (a Audit) Findings() []Finding {
	zero := func(name string, n int, why string) Finding {
		return Finding{Name: name, Value: float64(n), Limit: "0", OK: n == 0, Known: true, Why: why}
	}
	all := []Finding{
		zero("places without a split", a.NoSplit, "their split is none of train, val, test, heldout and buffer"),
		zero("places of one city and id in two splits", a.SameIDs, "one view would be trained on and asked about"),
		zero("cities held out and trained on", len(a.TrainedOn), "a held-out city is never seen in training"+named(a.TrainedOn)),
		zero("training pairs of places that are not for training", a.WrongSamples, "pairs are made of train and val places alone"),
	}
	if !math.IsInf(float64(a.MinDistance), 1) {
		f := Finding{Name: "least distance between two splits", Value: float64(a.MinDistance), Unit: "m", OK: true, Known: true,
			Why: "Between places of different splits, the buffer apart."}
		if a.Known.Cities > 0 {
			f.Limit, f.OK = "more than "+a.MaxReach.String(), a.MinDistance > a.MaxReach
			f.Why = "a subgraph reaches so far"
		}
		all = append(all, f)
	}
	for i := range a.Pairs {
		p := &a.Pairs[i]
		for _, x := range aspects {
			f := Finding{Name: x.name, Splits: fmt.Sprintf("%s and %s", p.A, p.B), Unit: x.unit, OK: true, Known: x.known(a.Known), Why: x.why}
			if f.Known {
				f.Value = x.value(p)
			}
			if x.must {
				f.Limit, f.OK = "0", f.Value == 0
			}
			all = append(all, f)
		}
	}
	return all
}

func named(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, ", ")
}

// auditFile holds the findings of a dataset.
const auditFile = "audit.json"

// WriteFindings writes the findings of an audit as JSON.
func WriteFindings(w io.Writer, a Audit) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(map[string]any{"places": a.Places, "known": a.Known, "findings": a.Findings()})
}

// AuditTable lays the findings of an audit out for reading, the head first: a
// row for each thing that is measured, a column for each pair of splits.
func AuditTable(a Audit) [][]string {
	head := []string{"", "all"}
	column := map[string]int{"": 1}
	var rows [][]string
	row := map[string]int{}
	findings := a.Findings()
	for _, f := range findings {
		if _, ok := column[f.Splits]; !ok {
			column[f.Splits] = len(head)
			head = append(head, f.Splits)
		}
	}
	head = append(head, "must be")
	for _, f := range findings {
		at, ok := row[f.Name]
		if !ok {
			at = len(rows)
			row[f.Name] = at
			rows = append(rows, make([]string, len(head)))
			rows[at][0], rows[at][len(head)-1] = f.Name, f.Limit
		}
		text := f.Text()
		if !f.OK {
			text += " (!)"
		}
		rows[at][column[f.Splits]] = text
	}
	return append([][]string{head}, rows...)
}
