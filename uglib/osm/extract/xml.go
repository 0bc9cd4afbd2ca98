package extract

import (
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/klauspost/compress/gzip"
	"github.com/paulmach/orb"
)

// scanXML unpacks and reads OpenStreetMap XML.
func scanXML(ctx context.Context, r io.Reader, kind format, h Handler) error {
	switch kind {
	case xmlGzip:
		z, err := gzip.NewReader(r)
		if err != nil {
			return cut(err)
		}
		r = z
	case xmlBzip2:
		r = bzip2.NewReader(r)
	}
	x := &xmlReader{handler: &h, lexer: lexer{r: r}}
	x.strings.names = &names{}
	if err := x.read(ctx); err != nil {
		return fmt.Errorf("line %d: %w", x.line(), err)
	}
	return nil
}

// xmlReader gathers the parts of one element after the other.
type xmlReader struct {
	lexer
	handler *Handler
	taken   bool // the element that is open is one that the handler asks for
	kind    Type // of it
	id      int64
	at      orb.Point
	refs    []int64
	members []Member
	strings table
	text    []byte // that strings lies in
	tags    []uint32
}

func (x *xmlReader) read(ctx context.Context) error {
	root := false
	for n := 0; ; n++ {
		if n%(1<<12) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		switch err := x.next(); {
		case err == io.EOF && !root:
			return io.ErrUnexpectedEOF
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		level := x.depth // of the element that the tag belongs to
		if x.close {
			level++
		}
		var err error
		switch {
		case level == 1 && x.open:
			root, err = true, x.root()
		case level == 2 && x.open:
			err = x.begin()
		case level == 3 && x.open && x.taken:
			err = x.part()
		}
		if err != nil {
			return err
		}
		if level == 2 && x.close && x.taken {
			x.deliver()
		}
	}
}

func (x *xmlReader) root() error {
	switch name := string(x.name); name {
	case "osm":
		return nil
	case "osmChange":
		return fmt.Errorf("files of changes are %w; apply it to an extract with `osmium apply-changes`", errUnsupported)
	default:
		return fmt.Errorf("<%.40s> where <osm> is expected: not OpenStreetMap XML", name)
	}
}

// begin takes the tag of an element.
func (x *xmlReader) begin() error {
	x.taken = false
	switch string(x.name) {
	case "bounds":
		return x.bounds()
	case "node":
		x.kind, x.taken = Node, x.handler.Node != nil
	case "way":
		x.kind, x.taken = Way, x.handler.Way != nil
	case "relation":
		x.kind, x.taken = Relation, x.handler.Relation != nil
	}
	visible, _ := x.get("visible")
	action, _ := x.get("action")
	if !x.taken || string(visible) == "false" || string(action) == "delete" {
		x.taken = false
		return nil
	}
	x.refs, x.members, x.text, x.tags = x.refs[:0], x.members[:0], x.text[:0], x.tags[:0]
	x.strings.reset()
	var err error
	if x.id, err = x.integer("id"); err != nil || x.kind != Node {
		return err
	}
	if x.at[0], err = x.number("lon"); err != nil {
		return err
	}
	x.at[1], err = x.number("lat")
	return err
}

// part takes a child of the element that is open.
func (x *xmlReader) part() (err error) {
	if len(x.tags)/2+len(x.refs)+len(x.members) > maxParts {
		return fmt.Errorf("%s %d has more than %d parts", x.kind, x.id, maxParts)
	}
	switch name := string(x.name); {
	case name == "tag":
		for _, key := range [...]string{"k", "v"} {
			value, ok := x.get(key)
			if !ok {
				return fmt.Errorf("%s %d: <tag> without %s", x.kind, x.id, key)
			}
			from := len(x.text)
			x.text = append(x.text, value...)
			x.tags = append(x.tags, uint32(len(x.tags)))
			x.strings.raw = append(x.strings.raw, x.text[from:len(x.text):len(x.text)])
		}
	case name == "nd" && x.kind == Way:
		ref, err := x.integer("ref")
		x.refs = append(x.refs, ref)
		return err
	case name == "member" && x.kind == Relation:
		m := Member{}
		if m.ID, err = x.integer("ref"); err != nil {
			return err
		}
		switch kind, _ := x.get("type"); string(kind) {
		case "node":
			m.Type = Node
		case "way":
			m.Type = Way
		case "relation":
			m.Type = Relation
		default:
			return fmt.Errorf("relation %d: member %d has the type %.20q", x.id, m.ID, kind)
		}
		role, _ := x.get("role")
		m.Role = x.strings.names.of(role)
		x.members = append(x.members, m)
	}
	return nil
}

func (x *xmlReader) deliver() {
	tags := Tags{&x.strings, x.tags}
	switch x.kind {
	case Node:
		x.handler.Node(x.id, x.at, tags)
	case Way:
		x.handler.Way(x.id, x.refs, tags)
	case Relation:
		x.handler.Relation(x.id, x.members, tags)
	}
	x.taken = false
}

func (x *xmlReader) bounds() error {
	var side [4]float64
	for i, name := range [...]string{"minlon", "minlat", "maxlon", "maxlat"} {
		var err error
		if side[i], err = x.number(name); err != nil {
			return err
		}
	}
	b := orb.Bound{Min: orb.Point{side[0], side[1]}, Max: orb.Point{side[2], side[3]}}
	if x.handler.Bounds != nil && !math.IsNaN(side[0]+side[1]+side[2]+side[3]) {
		x.handler.Bounds(b)
	}
	return nil
}

// integer returns an attribute that must be there.
func (x *xmlReader) integer(name string) (int64, error) {
	b, ok := x.get(name)
	if !ok {
		return 0, fmt.Errorf("<%.40s> without %s", x.name, name)
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("<%.40s>: %s %.40q is no 64-bit integer", x.name, name, b)
	}
	return n, nil
}

// number returns an attribute; NaN if there is none.
func (x *xmlReader) number(name string) (float64, error) {
	b, ok := x.get(name)
	if !ok {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("<%.40s>: %s %.40q is no number", x.name, name, b)
	}
	return v, nil
}
