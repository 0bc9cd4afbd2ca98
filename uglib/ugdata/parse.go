package ugdata

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// PathItem is an item of a path by the grammar: a triple, perhaps with a tuple,
// or a transition tuple alone.
type PathItem struct {
	Source, Middle, Target string     // empty in a transition
	Tuple                  *PathTuple // the triple's own, or the transition; nil if it has none
}

// PathTuple is a distance and a direction as the grammar writes them.
type PathTuple struct {
	Metres  float64 // to a tenth
	Degrees int     // 0 to 360; -1 where the wind stands alone
	Wind    string  // one of the eight
}

// IsTransition reports whether the item is a tuple alone.
func (i PathItem) IsTransition() bool { return i.Middle == "" }

// String writes the item as the grammar does.
func (i PathItem) String() string {
	var parts []string
	if !i.IsTransition() {
		parts = append(parts, "("+i.Source+", "+i.Middle+", "+i.Target+")")
	}
	if i.Tuple != nil {
		parts = append(parts, i.Tuple.String())
	}
	return strings.Join(parts, " ")
}

// String writes the tuple as the grammar does.
func (t PathTuple) String() string {
	if t.Degrees < 0 {
		return fmt.Sprintf("(%.1fm, %s)", t.Metres, t.Wind)
	}
	return fmt.Sprintf("(%.1fm, %d°(%s))", t.Metres, t.Degrees, t.Wind)
}

// FormatPath writes items as the grammar does.
func FormatPath(items []PathItem) string {
	parts := make([]string, len(items))
	for i, x := range items {
		parts[i] = x.String()
	}
	return strings.Join(parts, arrow)
}

const arrow = " -> "

var tupleForm = regexp.MustCompile(`^\(([0-9]+\.[0-9])m, (?:(N|NE|E|SE|S|SW|W|NW)|([0-9]{1,3})°\((N|NE|E|SE|S|SW|W|NW)\))\)`)

// ParsePath reads a path by the grammar back into its items: [FormatPath] of
// them is the text. A path starts at an image, whose name is its decimal id,
// and each triple starts where the one before it ends.
//
// The grammar does not quote names. Where those hold ", " or " -> " a text may
// be read in more than one way; of these ParsePath returns the one whose
// relations are words of the grammar and whose names are shortest. Round
// brackets in a name must pair. [FindWalks] knows the city, tries all readings
// and bears with any bracket.
func ParsePath(text string) ([]PathItem, error) {
	p := pathParser{text: text, effort: parseEffort, paired: true}
	var found []PathItem
	p.items(0, func(items []PathItem) bool {
		found = slices.Clone(items)
		return false
	})
	if found != nil {
		return found, nil
	}
	if p.effort == 0 {
		return nil, errors.New("ugdata: the path can be read in too many ways; its names hold too many commas and brackets")
	}
	return nil, fmt.Errorf("ugdata: at byte %d of the path: %s in %.40q", p.farthest, p.want, text[p.farthest:])
}

// parseEffort bounds how many readings are tried.
const parseEffort = 200000

// pathParser tries the readings of a text one after the other.
type pathParser struct {
	text     string
	effort   int  // left
	paired   bool // brackets in names must pair
	stack    []PathItem
	farthest int // where the reading that came farthest failed
	want     string
}

func (p *pathParser) fail(at int, want string) {
	if at >= p.farthest {
		p.farthest, p.want = at, want
	}
}

// items reads items from a position and yields each reading of the whole text,
// until yield returns false; then it returns false.
func (p *pathParser) items(at int, yield func([]PathItem) bool) bool {
	if p.effort--; p.effort <= 0 {
		p.effort = 0
		return false
	}
	if !strings.HasPrefix(p.text[at:], "(") {
		p.fail(at, "an item starts with \"(\", which is missing")
		return true
	}
	if t, end := readTuple(p.text, at); t != nil && len(p.stack) > 0 {
		if !p.next(PathItem{Tuple: t}, end, yield) {
			return false
		}
	}
	return p.triples(at, yield)
}

// next goes on behind an item that ends at a position.
func (p *pathParser) next(item PathItem, end int, yield func([]PathItem) bool) bool {
	p.stack = append(p.stack, item)
	defer func() { p.stack = p.stack[:len(p.stack)-1] }()
	switch {
	case end == len(p.text):
		if item.IsTransition() {
			p.fail(end, "a path ends with a triple, which is missing")
			return true
		}
		return yield(p.stack)
	case strings.HasPrefix(p.text[end:], arrow):
		return p.items(end+len(arrow), yield)
	}
	p.fail(end, "an item ends the text, or a tuple or \" -> \" follows, but there is more")
	return true
}

// triples reads the triple at a position in each way that it can be read.
func (p *pathParser) triples(at int, yield func([]PathItem) bool) bool {
	source, first := p.expected()
	for end := at; ; {
		i := strings.IndexByte(p.text[end:], ')')
		if i < 0 {
			return true
		}
		end += i + 1
		var own *PathTuple
		after := end
		if strings.HasPrefix(p.text[end:], " (") {
			own, after = readTuple(p.text, end+1)
		}
		if own == nil && end != len(p.text) && !strings.HasPrefix(p.text[end:], arrow) {
			p.fail(end, "an item ends the text, or a tuple or \" -> \" follows, but there is more")
			continue // a bracket in a name
		}
		if own == nil {
			after = end
		}
		for _, t := range readTriple(p.text[at+1:end-1], source, first) {
			if p.paired && !(pairs(t.Source) && pairs(t.Middle) && pairs(t.Target)) {
				continue
			}
			t.Tuple = own
			if !p.next(t, after, yield) {
				return false
			}
			if p.effort == 0 {
				return false
			}
		}
		p.fail(at, "a triple is (source, middle, target), the first source the id of an image, each other the target before it: there is none")
	}
}

// pairs reports whether each round bracket of a name has its other.
func pairs(name string) bool {
	open := 0
	for i := range len(name) {
		switch name[i] {
		case '(':
			open++
		case ')':
			if open--; open < 0 {
				return false
			}
		}
	}
	return open == 0
}

// expected returns the name that the next triple starts with, or true for the
// first triple, which starts with the id of an image.
func (p *pathParser) expected() (source string, first bool) {
	for i := len(p.stack) - 1; i >= 0; i-- {
		if !p.stack[i].IsTransition() {
			return p.stack[i].Target, false
		}
	}
	return "", true
}

// readTuple reads a tuple at a position, and returns where it ends; nil if
// there is none.
func readTuple(text string, at int) (*PathTuple, int) {
	m := tupleForm.FindStringSubmatch(text[at:])
	if m == nil {
		return nil, at
	}
	metres, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return nil, at
	}
	t := &PathTuple{Metres: metres, Degrees: -1, Wind: m[2]}
	if m[3] != "" {
		t.Degrees, _ = strconv.Atoi(m[3])
		t.Wind = m[4]
	}
	if t.String() != m[0] { // such as leading zeros, or more digits than a float holds
		return nil, at
	}
	return t, at + len(m[0])
}

// relations are the middles that are words of the grammar.
var relations = []string{"nearest", "near", "bounds", "on_same_street", "continues as", "inside", "contains"}

// readTriple splits the inside of a triple in each way that it can be split,
// the likeliest first.
func readTriple(inside, source string, first bool) []PathItem {
	if first {
		source, _, _ = strings.Cut(inside, ", ")
		if _, err := strconv.ParseInt(source, 10, 64); err != nil {
			return nil
		}
	}
	rest, ok := strings.CutPrefix(inside, source+", ")
	if !ok {
		return nil
	}
	var known, other []PathItem
	for _, r := range relations {
		if target, ok := strings.CutPrefix(rest, r+", "); ok && target != "" {
			known = append(known, PathItem{Source: source, Middle: r, Target: target})
		}
	}
	for i := strings.LastIndex(rest, ", "); i > 0; i = strings.LastIndex(rest[:i], ", ") {
		if middle, target := rest[:i], rest[i+2:]; target != "" && !slices.Contains(relations, middle) {
			other = append(other, PathItem{Source: source, Middle: middle, Target: target})
		}
	}
	return append(known, other...)
}

// FindWalks returns the nodes of each walk of a view whose path by the grammar
// is this text, from its street to the destination: one, unless the map holds
// twins that no name and no distance tells apart, of which it returns at most
// 16. It is an error if the text is no path, or none of this view.
func FindWalks(c *city.City, v streetview.View, text string) ([][]city.NodeID, error) {
	if v.Street == city.None {
		return nil, fmt.Errorf("ugdata: view %d stands on no street, so that no path starts there", v.ID)
	}
	f := finder{city: c, view: v, text: text, image: strconv.FormatInt(v.ID, 10)}
	p := pathParser{text: text, effort: parseEffort}
	p.items(0, func(items []PathItem) bool {
		f.find(items)
		return len(f.found) < mostTwins
	})
	if len(f.found) == 0 {
		if _, err := ParsePath(text); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("ugdata: no walk from view %d in %s reads %.80q", v.ID, c.Name, text)
	}
	return f.found, nil
}

const mostTwins = 16

// finder looks for the walks that read like the items of a path.
type finder struct {
	city    *city.City
	view    streetview.View
	text    string
	image   string
	triples []PathItem
	before  []*PathTuple // transition before each triple; nil if there is none
	walk    []hop
	written []triple
	found   [][]city.NodeID
}

func (f *finder) find(items []PathItem) {
	f.triples, f.before = f.triples[:0], f.before[:0]
	var transition *PathTuple
	for _, i := range items {
		if i.IsTransition() {
			transition = i.Tuple
			continue
		}
		f.triples, f.before = append(f.triples, i), append(f.before, transition)
		transition = nil
	}
	f.walk, f.written = f.walk[:0], f.written[:0]
	f.step(hop{from: city.None, to: f.view.Street, edge: anchored(f.view)})
}

// step adds a hop, if it reads as it should, and looks for the next ones.
func (f *finder) step(h hop) {
	i := len(f.walk)
	want := f.triples[i]
	if f.city.DisplayName(h.to) != want.Target {
		return
	}
	t := newTriple(f.city, f.image, h, i+1 == len(f.triples))
	if t.source != want.Source || t.middle != want.Middle || t.target != want.Target || len(f.found) == mostTwins {
		return
	}
	if want.Tuple != nil && t.tuple() != want.Tuple.String() {
		return
	}
	if x := f.before[i]; x != nil && i > 0 {
		from := f.written[i-1].record
		if tuple(geo.Distance(from, t.record), geo.BearingTo(from, t.record)) != x.String() {
			return
		}
	}
	f.walk, f.written = append(f.walk, h), append(f.written, t)
	defer func() { f.walk, f.written = f.walk[:i], f.written[:i] }()
	if i+1 < len(f.triples) {
		for next, e := range f.city.Neighbours(h.to) {
			if next != h.to {
				f.step(hop{from: h.to, to: next, edge: e})
			}
		}
		return
	}
	if text, _ := grammar(f.written); text != f.text {
		return
	}
	var nodes []city.NodeID
	for _, h := range f.walk {
		nodes = append(nodes, h.to)
	}
	if !slices.ContainsFunc(f.found, func(o []city.NodeID) bool { return slices.Equal(o, nodes) }) {
		f.found = append(f.found, nodes)
	}
}
