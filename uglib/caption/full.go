package caption

import (
	"slices"
	"strings"

	"urbangraph/uglib/city"
)

// Full writes the caption as a paragraph of whole sentences, about three times
// as long as the short text: where the view is, up to the country; how the
// street lies; what buildings stand there; what is in sight, which streets meet
// this one; what is near but out of view; and how many places of which kind there
// are. It is for models that read long texts, in the role of the summary of the
// UGE reference.
func (x Context) Full(o Options) string {
	o = o.or(8)
	told := x.told(o.Things)
	parts := []string{x.Where()}
	for _, s := range []string{
		x.settingSentence(), x.buildingSentence(), x.seenSentences(o, told), x.junctionSentences(o, told),
		x.unseenSentence(o, told), x.farSentence(o, told), x.countSentence(o, told),
	} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// Where is the first sentence of the full text: where the view stands and looks,
// up to the country.
func (x Context) Where() string {
	wind := x.Heading.Word8()
	class := x.Class
	if x.OneWay {
		class = "one-way " + class
	}
	class = article(class)
	if x.Lanes >= 2 {
		class += " with " + number(x.Lanes) + " lanes"
	}
	street := class
	if x.Street != "" && x.Class != "" {
		street = x.Street + ", " + class + ","
	}
	var s string
	switch {
	case x.Class == "" && x.HasHeading:
		s = "The camera looks " + wind + ", away from any street,"
	case x.Class == "":
		s = "This place is away from any street,"
	case !x.HasHeading:
		s = "This place is " + x.on() + " " + street
	case x.Along:
		s = "The camera looks " + wind + " along " + street
	default:
		return "The camera stands " + x.on() + " " + street + " " + x.fullArea() + ", and looks " + wind + "."
	}
	return sentence(s + " " + x.fullArea())
}

// fullArea is [Context.area] up to the country.
func (x Context) fullArea() string {
	s := x.area()
	last := x.Town
	for _, name := range []string{x.Admin.State, x.Admin.Country} {
		if name != "" && name != last {
			s += ", " + name
			last = name
		}
	}
	return s
}

func (x Context) settingSentence() string {
	var s []string
	switch t := x.Setting; {
	case t.Tunnel:
		s = append(s, "The street runs through a tunnel here, so that nothing of what is around can be seen.")
	case t.Passage:
		s = append(s, "It passes under a building here.")
	case t.Bridge && t.Over != "":
		s = append(s, sentence("A bridge carries it over "+t.Over))
	case t.Bridge:
		s = append(s, "It is on a bridge here.")
	case t.Under != "":
		s = append(s, t.Under+" passes overhead on a bridge.")
	}
	if x.Setting.Roundabout {
		s = append(s, "The street is part of a roundabout.")
	}
	switch x.Setting.Slope {
	case Uphill:
		s = append(s, "The street climbs ahead.")
	case Downhill:
		s = append(s, "The street falls ahead.")
	case Sloping:
		s = append(s, "The street lies on a slope.")
	}
	return strings.Join(s, " ")
}

func (x Context) buildingSentence() string {
	if !x.HasHeading || x.Setting.Tunnel {
		return ""
	}
	l, m, r := x.Left.text(), x.Middle.text(), x.Right.text()
	stand := func(f Front) string {
		if f.Count == 1 {
			return " stands"
		}
		return " stand"
	}
	var s string
	switch {
	case l == "" && r == "" && m == "":
		if x.Open {
			return "The ground on both sides is open."
		}
		return ""
	case l == "" && r == "":
		return upper(m) + stand(x.Middle) + " straight ahead."
	case l != "" && r != "" && x.Left.word() == x.Right.word():
		s = upper(plural(x.Left.word())) + " stand on both sides"
	case l == "":
		s = upper(r) + stand(x.Right) + " on the right"
	case r == "":
		s = upper(l) + stand(x.Left) + " on the left"
	default:
		s = upper(l) + stand(x.Left) + " on the left and " + r + " on the right"
	}
	if m != "" {
		s += ", with " + m + " straight ahead"
	}
	switch {
	case x.Open && l == "":
		s += "; the ground on the left is open"
	case x.Open && r == "":
		s += "; the ground on the right is open"
	}
	return s + "."
}

// seenSentences tell of the places in view, those of one side together.
func (x Context) seenSentences(o Options, told []Thing) string {
	var order []Side
	groups := map[Side][]Thing{}
	for _, t := range told {
		if !t.Visible || t.What == crossing {
			continue
		}
		if groups[t.Side] == nil {
			order = append(order, t.Side)
		}
		groups[t.Side] = append(groups[t.Side], t)
	}
	var out []string
	for _, side := range order {
		ts := groups[side]
		verb := " is "
		if len(ts) > 1 || ts[0].many() {
			verb = " are "
		}
		var parts []string
		for i, t := range ts {
			p := t.definite()
			switch {
			case side == Here:
			case len(ts) == 1 && side == Around:
				p += ", " + o.far(t.Distance) + " to the " + t.Bearing.Word8()
			case len(ts) == 1:
				p += ", " + o.far(t.Distance) + " away to the " + t.Bearing.Word8()
			case i == 0 || side == Around || t.Bearing.Word8() != ts[i-1].Bearing.Word8():
				p += " (" + o.far(t.Distance) + " " + t.Bearing.Word8() + ")"
			default:
				p += " (" + o.far(t.Distance) + ")"
			}
			parts = append(parts, p)
		}
		place := upper(side.String())
		switch side {
		case Ahead:
			place = "Straight ahead"
		case Here:
			place = "Right here"
		case Around:
			place = "Near by"
		}
		out = append(out, sentence(place+verb+list(parts)))
	}
	return strings.Join(out, " ")
}

// many reports whether a thing takes a verb in the plural.
func (t Thing) many() bool {
	return t.Count > 1 || t.Name == "" && slices.Contains([]string{"trees", "traffic signals", "allotments", "public toilets", "stairs"}, t.What)
}

// junctionSentences tell of the streets that meet this one: those in view, then
// the others.
func (x Context) junctionSentences(o Options, told []Thing) string {
	var seen, unseen []string
	ahead := x.HasHeading
	for _, t := range told {
		if t.What != crossing {
			continue
		}
		where := o.far(t.Distance)
		switch {
		case t.Side == Here:
			where, ahead = "right here", false
		case t.Side == Behind:
			where += " behind"
		case t.Side == Left || t.Side == Right:
			where += " to the " + t.Side.String()
		case t.Side == Around || !t.Visible:
			where += " " + t.Bearing.Word8()
		}
		if t.With != "" {
			where += ", " + t.With
		}
		part := list(t.Streets) + " (" + where + ")"
		if t.Visible {
			seen = append(seen, part)
		} else {
			unseen = append(unseen, part)
		}
	}
	var out []string
	switch {
	case len(seen) > 0 && ahead:
		out = append(out, "Ahead, the street meets "+list(seen)+".")
	case len(seen) > 0:
		out = append(out, "The street meets "+list(seen)+".")
	}
	switch {
	case len(unseen) > 0 && len(seen) > 0:
		out = append(out, "It also meets "+list(unseen)+".")
	case len(unseen) > 0:
		out = append(out, "The street meets "+list(unseen)+".")
	}
	return strings.Join(out, " ")
}

// unseenSentence tells of places out of view.
func (x Context) unseenSentence(o Options, told []Thing) string {
	var parts []string
	for _, t := range told {
		if t.Visible || t.What == crossing {
			continue
		}
		p := t.definite() + ", " + o.far(t.Distance)
		switch {
		case t.Side == Behind:
			p += " behind to the " + t.Bearing.Word8()
		default:
			p += " to the " + t.Bearing.Word8()
		}
		parts = append(parts, p)
	}
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return sentence("Out of view is " + parts[0])
	}
	return sentence("Out of view are " + strings.Join(parts[:len(parts)-1], "; ") + "; and " + parts[len(parts)-1])
}

// farSentence tells of named places farther away, where there is room for them.
func (x Context) farSentence(o Options, told []Thing) string {
	var parts []string
	for _, t := range x.Far[:min(len(x.Far), max(0, o.Things-len(told)))] {
		parts = append(parts, t.definite()+", "+o.far(t.Distance)+" to the "+t.Bearing.Word8())
	}
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return sentence("Farther away is " + parts[0])
	}
	return sentence("Farther away are " + strings.Join(parts[:len(parts)-1], "; ") + "; and " + parts[len(parts)-1])
}

// countSentence says what places there are within 100 m, where they are more than
// the text has told of.
func (x Context) countSentence(o Options, told []Thing) string {
	n := 0
	var parts []string
	const kinds = 5
	rest := 0
	for _, c := range x.Counts {
		n += c.N
		if c.What == "building" || len(parts) == kinds {
			rest += c.N
			continue
		}
		parts = append(parts, counted(c.N, c.What))
	}
	for _, t := range told {
		if t.Name != "" && t.Node != city.None {
			n--
		}
	}
	if n < 2 || len(parts) < 2 {
		return ""
	}
	switch {
	case rest == 1:
		parts = append(parts, "one other place")
	case rest > 1:
		parts = append(parts, number(rest)+" other places")
	}
	return upper(list(parts)) + " lie within " + o.far(placeReach) + "."
}
