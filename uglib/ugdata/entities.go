package ugdata

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
)

// entities says what is known of the nodes on a walk, and of the crossings
// that it passes, as the composer of the UGE reference does: the text of a
// Python dict from name to id, category, coordinates, and planning area and
// district where these are known. Of nodes of one name the first counts.
func entities(c *city.City, walk []hop) string {
	var b strings.Builder
	seen := map[string]bool{}
	add := func(id city.NodeID) {
		name := c.DisplayName(id)
		if seen[name] {
			return
		}
		seen[name] = true
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		n := &c.Nodes[id]
		fmt.Fprintf(&b, "%s: {'id': %d, 'category': %s, 'coordinates': %s", pythonString(name), id, pythonString(n.Category), pythonString(shape(c, id)))
		admin := c.AdminOf(id)
		for _, f := range [...]struct{ key, value string }{{"planning_area", admin.Neighbourhood}, {"district", admin.District}} {
			if f.value != "" {
				fmt.Fprintf(&b, ", '%s': %s", f.key, pythonString(f.value))
			}
		}
		b.WriteString("}")
	}
	for _, h := range walk {
		if h.edge.Type == city.Crosses && h.edge.Via != city.None {
			add(h.edge.Via)
		}
		add(h.to)
	}
	return "{" + b.String() + "}"
}

// shape writes where a node is: a point, the ends of a line, the middle of an
// area, in degrees with eight decimals, longitude first.
func shape(c *city.City, id city.NodeID) string {
	at := func(p orb.Point) string { return fmt.Sprintf("%.8f, %.8f", p[0], p[1]) }
	switch g := c.Nodes[id].Geometry.(type) {
	case orb.LineString:
		if len(g) > 0 {
			return "LINE(" + at(g[0]) + " to " + at(g[len(g)-1]) + ")"
		}
	case orb.Polygon:
		return "CENTROID(" + at(c.Centroid(id)) + ")"
	case orb.MultiPolygon:
		return "MULTI_CENTROID(" + at(c.Centroid(id)) + ")"
	case orb.Point:
		return "POINT(" + at(g) + ")"
	}
	return "unavailable"
}

// pythonString writes a string as Python's repr does: in single quotes, unless
// it holds these and no double ones; white space but the blank, and what cannot
// be printed, escaped.
func pythonString(s string) string {
	quote := '\''
	if strings.ContainsRune(s, '\'') && !strings.ContainsRune(s, '"') {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}

// composedSummary is the sentence that sums up a path with what the composer of
// the UGE reference puts in: where the image was taken, unless it is said, and
// in which direction it looks, if that is known.
func composedSummary(summary string, image int64, pos orb.Point, facing string) string {
	where := "image with id " + strconv.FormatInt(image, 10)
	at := fmt.Sprintf(" at (%.4f, %.4f)", pos[0], pos[1])
	if i := strings.Index(summary, where); i >= 0 && !strings.HasPrefix(summary[i+len(where):], " at (") {
		summary = summary[:i+len(where)] + at + summary[i+len(where):]
	}
	if facing != "" {
		summary += " Facing " + facing + " from there shows the scene of the image."
	}
	return summary
}
