package caption

import (
	"slices"
	"strings"
)

// Text writes the caption in a few short sentences of steady wording. What the
// camera sees comes first, nearest first; then at most two things that it does
// not see; four in all.
func (x Context) Text() string { return x.Short(Options{}) }

// Short is [Context.Text] with options.
func (x Context) Short(o Options) string {
	o = o.or(4)
	parts := []string{x.head()}
	if f := x.frontText(); x.HasHeading && f != "" {
		parts = append(parts, f)
	}
	for _, t := range x.told(o.Things) {
		parts = append(parts, t.text(o))
	}
	return strings.Join(parts, " ")
}

func (x Context) head() string {
	facing := "Standing"
	if x.HasHeading {
		facing = "Facing " + x.Heading.Word8()
	}
	switch x.Setting.Slope {
	case Uphill:
		facing += ", uphill,"
	case Downhill:
		facing += ", downhill,"
	}
	where := facing
	switch {
	case x.Class == "":
		where += " away from any street"
	case x.Street == "":
		where += " " + x.on() + " " + article(x.class())
	default:
		where += " " + x.on() + " " + x.Street + ", " + article(x.class())
	}
	return sentence(where + x.Setting.text() + " " + x.area())
}

// class says what the street is: "one-way four-lane primary road".
func (x Context) class() string {
	class := x.Class
	if x.Lanes >= 3 {
		class = number(x.Lanes) + "-lane " + class
	}
	if x.OneWay {
		class = "one-way " + class
	}
	return class
}

// text says how the street lies, with a blank before it; empty if as usual.
func (s Setting) text() string {
	switch {
	case s.Tunnel:
		return " in a tunnel"
	case s.Passage:
		return " in a passage under a building"
	case s.Bridge && s.Over != "":
		return " on a bridge over " + s.Over
	case s.Bridge:
		return " on a bridge"
	case s.Roundabout:
		return " on a roundabout"
	case s.Under != "":
		return " under " + s.Under
	}
	return ""
}

// area says where the view is: "in a commercial area of Hedgeville, Wilmington".
func (x Context) area() string {
	place := x.Town
	quarter := x.quarter()
	switch {
	case x.Inside.What != "" && x.Inside.Name != "":
		return "in " + x.Inside.definite() + ", " + place
	case x.Inside.What != "":
		return "in " + article(x.Inside.What) + " in " + place
	case quarter != "":
		place = quarter + ", " + place
	}
	if zone := x.Zone; zone != "" && !x.Setting.Tunnel && !(strings.HasPrefix(zone, "residential") && strings.Contains(x.Class, "residential")) {
		return "in " + article(zone) + " of " + place
	}
	return "in " + place
}

// quarter is the neighbourhood, else the district; empty if unknown or the town
// itself.
func (x Context) quarter() string {
	for _, name := range []string{x.Admin.Neighbourhood, x.Admin.District} {
		if name != "" && name != x.Town {
			return name
		}
	}
	return ""
}

// frontText says what buildings stand on either side.
func (x Context) frontText() string {
	l, m, r := x.Left.text(), x.Middle.text(), x.Right.text()
	var parts []string
	open := func(side string) {
		if x.Open {
			parts = append(parts, "open ground on the "+side)
		}
	}
	switch {
	case l == "" && r == "":
		if m == "" && x.Open {
			return "Open ground."
		}
	case x.Left.Word == x.Right.Word && x.Left.Storeys == x.Right.Storeys:
		parts = append(parts, plural(x.Left.word())+" on both sides")
	case l == "":
		parts = append(parts, r+" on the right")
		open("left")
	case r == "":
		parts = append(parts, l+" on the left")
		open("right")
	default:
		parts = append(parts, l+" on the left", r+" on the right")
	}
	if m != "" {
		parts = append(parts, m+" ahead")
	}
	if len(parts) == 0 {
		return ""
	}
	return upper(strings.Join(parts, ", ")) + "."
}

// word is what the buildings are, such as "three-storey building".
func (f Front) word() string {
	if f.Storeys == 0 {
		return f.Word
	}
	switch f.Word {
	case "small building", "large building", "shed", "roof":
		return number(f.Storeys) + "-storey building" // the storeys say how large
	}
	return number(f.Storeys) + "-storey " + f.Word
}

func (f Front) text() string {
	switch f.Count {
	case 0:
		return ""
	case 1:
		return article(f.word())
	}
	return plural(f.word())
}

// told returns the things that a text tells of, in its order: at most so many,
// at most half of them out of view.
func (x Context) told(most int) []Thing {
	var seen, unseen []Thing
	for _, t := range x.Things {
		switch {
		case t.Visible:
			seen = append(seen, t)
		case t.Name != "" || t.Named:
			unseen = append(unseen, t)
		}
	}
	seen = seen[:min(len(seen), most)]
	unseen = unseen[:min(len(unseen), max(1, most/2), most-len(seen))]
	return slices.Concat(seen, unseen)
}

func (t Thing) text(o Options) string {
	var b strings.Builder
	far := o.far(t.Distance)
	switch {
	case t.Side == Here:
		b.WriteString("Here")
	case t.Side == Around:
		b.WriteString(far + " " + t.Bearing.Word8())
	default:
		b.WriteString(upper(t.Side.String()) + ", " + far)
		if t.Name != "" {
			b.WriteString(" " + t.Bearing.Word8())
		}
	}
	b.WriteString(": " + t.words())
	if len(t.Streets) > 0 {
		b.WriteString(" with " + strings.Join(t.Streets, " and "))
	}
	if t.With != "" {
		b.WriteString(", " + t.With)
	}
	return sentence(b.String())
}

// words are what a thing is and its name, or how many of it there are.
func (t Thing) words() string {
	if t.Count > 1 {
		return counted(t.Count, t.What)
	}
	return called(t.What, t.Name)
}

// definite is a thing with an article where it takes one: "the restaurant Joe's",
// "Rockford Park", "a car park".
func (t Thing) definite() string {
	switch {
	case t.Name == "":
		return counted(max(1, t.Count), t.What)
	case says(t.Name, t.What):
		return t.Name
	}
	return "the " + t.What + " " + t.Name
}

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
	add(x.Inside.Name)
	if x.Inside.Name == "" {
		add(x.quarter())
	}
	for _, t := range x.told(4) {
		add(t.Name)
		if t.Named {
			for _, n := range t.Streets {
				add(n)
			}
		}
	}
	if len(names) == 0 {
		return sentence(x.Town)
	}
	return sentence(strings.Join(names, ", "))
}
