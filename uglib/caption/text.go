package caption

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// How much is told.
const (
	mostThings = 4
	mostUnseen = 2 // of these, out of view
)

// Text writes the caption. What the camera sees comes first, nearest first;
// then at most two things that it does not see; four in all.
func (x Context) Text() string {
	var b strings.Builder
	b.WriteString(x.head())
	if f := x.frontText(); x.HasHeading && f != "" {
		b.WriteString(" " + f)
	}
	for _, t := range x.told() {
		b.WriteString(" " + t.text())
	}
	return b.String()
}

func (x Context) head() string {
	facing := "Standing"
	if x.HasHeading {
		facing = "Facing " + x.Heading.Word8()
	}
	class := x.Class
	if x.Lanes >= 3 {
		class = number(x.Lanes) + "-lane " + class
	}
	if x.OneWay {
		class = "one-way " + class
	}
	switch {
	case x.Class == "":
		return fmt.Sprintf("%s away from any street in %s.", facing, x.Town)
	case x.Street == "":
		return fmt.Sprintf("%s on %s in %s.", facing, article(class), x.Town)
	}
	return fmt.Sprintf("%s on %s, %s in %s.", facing, x.Street, article(class), x.Town)
}

// frontText says what buildings stand on either side.
func (x Context) frontText() string {
	l, m, r := x.Left.text(), x.Middle.text(), x.Right.text()
	var parts []string
	switch {
	case l == r && l == "":
		if m == "" {
			return "Open ground."
		}
	case l == r:
		parts = append(parts, l+" on both sides")
	case l == "":
		parts = append(parts, r+" on the right", "open ground on the left")
	case r == "":
		parts = append(parts, l+" on the left", "open ground on the right")
	default:
		parts = append(parts, l+" on the left", r+" on the right")
	}
	if m != "" {
		parts = append(parts, m+" ahead")
	}
	return upper(strings.Join(parts, ", ")) + "."
}

func (f Front) text() string {
	if f.Count == 0 {
		return ""
	}
	word := f.Word
	if f.Storeys > 0 {
		switch word {
		case "small building", "large building", "shed", "roof":
			word = "building" // the storeys say how large
		}
		word = number(f.Storeys) + "-storey " + word
	}
	if f.Count == 1 {
		return article(word)
	}
	return plural(word)
}

// told returns the things that the text tells of, in its order.
func (x Context) told() []Thing {
	var seen, unseen []Thing
	for _, t := range x.Things {
		switch {
		case t.Visible:
			seen = append(seen, t)
		case t.Name != "" || t.Named:
			unseen = append(unseen, t)
		}
	}
	seen = seen[:min(len(seen), mostThings)]
	unseen = unseen[:min(len(unseen), mostUnseen, mostThings-len(seen))]
	return slices.Concat(seen, unseen)
}

func (t Thing) text() string {
	var b strings.Builder
	far := fmt.Sprintf("%.0f m", max(5, 5*math.Round(float64(t.Distance)/5)))
	switch {
	case t.Side == Here:
		b.WriteString("Here")
	case t.Side == Around:
		b.WriteString(upper(far) + " " + t.Bearing.Word8())
	default:
		b.WriteString(upper(t.Side.String()) + ", " + far)
		if t.Name != "" {
			b.WriteString(" " + t.Bearing.Word8())
		}
	}
	b.WriteString(": " + t.What)
	if t.Name != "" {
		b.WriteString(" " + t.Name)
	}
	if len(t.Streets) > 0 {
		b.WriteString(" with " + strings.Join(t.Streets, " and "))
	}
	if t.With != "" {
		b.WriteString(", " + t.With)
	}
	return sentence(b.String())
}

// sentence ends a text with a full stop, unless it has one, as "Acme Co." has.
func sentence(s string) string { return strings.TrimSuffix(s, ".") + "." }

// NamesOnly is the caption reduced to names: those of the street, of the
// streets that cross it and of the places told of; the town where nothing near
// has a name.
func (x Context) NamesOnly() string {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(x.Street)
	for _, t := range x.told() {
		add(t.Name)
		if t.Named {
			for _, n := range t.Streets {
				add(n)
			}
		}
	}
	if len(names) == 0 {
		return x.Town + "."
	}
	return sentence(strings.Join(names, ", "))
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
