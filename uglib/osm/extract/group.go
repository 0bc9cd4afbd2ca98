package extract

import (
	"errors"
	"fmt"

	"github.com/paulmach/orb"
	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of the fields of a PrimitiveGroup.
const (
	plainNodes = 1
	denseNodes = 2
	ways       = 3
	relations  = 4
)

func (b *block) nodeGroup(f field) error {
	switch {
	case f.is(plainNodes, length):
		return b.plainNode(f.data)
	case f.is(denseNodes, length):
		return b.denseNodes(f.data)
	case f.is(ways, length) && b.onWays:
		return b.nodesOfWay(f.data)
	}
	return nil
}

func (b *block) wayGroup(f field) error {
	if f.is(ways, length) {
		return b.way(f.data)
	}
	return nil
}

func (b *block) relationGroup(f field) error {
	if f.is(relations, length) {
		return b.relation(f.data)
	}
	return nil
}

// column appends a repeated number field to a column, packed or not.
func column(c []uint64, f field) ([]uint64, error) {
	if f.typ == varint {
		c = append(c, f.number)
	}
	for data := f.data; len(data) > 0 && len(c) <= maxParts; {
		if data[0] < 0x80 {
			c = append(c, uint64(data[0]))
			data = data[1:]
			continue
		}
		v, n := protowire.ConsumeVarint(data)
		if n < 0 {
			return c, protowire.ParseError(n)
		}
		c = append(c, v)
		data = data[n:]
	}
	if len(c) > maxParts {
		return c, fmt.Errorf("more than %d parts", maxParts)
	}
	return c, nil
}

// sum adds up differences.
type sum struct{ at int64 }

// add adds a zigzag-coded difference; false if the sum overflows.
func (s *sum) add(v uint64) bool {
	d := protowire.DecodeZigZag(v)
	next := s.at + d
	if (next > s.at) != (d > 0) {
		return false
	}
	s.at = next
	return true
}

// degrees turns a stored coordinate into degrees.
func (b *block) degrees(v, offset int64) float64 {
	return (float64(offset) + float64(b.granularity)*float64(v)) / 1e9
}

// tag appends a pair of indices into the strings.
func (b *block) tag(key, value uint64) error {
	if n := uint64(len(b.strings.raw)); key >= n || value >= n {
		return fmt.Errorf("tag of strings %d and %d, of %d", key, value, n)
	}
	b.tags = append(b.tags, uint32(key), uint32(value))
	return b.spend(8)
}

// tagLists appends the tags of lists of keys and of values.
func (b *block) tagLists(keys, values []uint64) error {
	if len(keys) != len(values) {
		return fmt.Errorf("%d keys and %d values", len(keys), len(values))
	}
	for i, k := range keys {
		if err := b.tag(k, values[i]); err != nil {
			return err
		}
	}
	return nil
}

// denseNodes decodes a DenseNodes message: columns of ids, latitudes and
// longitudes as differences, and the tags of all nodes in a row, each node's
// ended by 0.
func (b *block) denseNodes(data []byte) error {
	ids, lats, lons, tags := b.columns[0][:0], b.columns[1][:0], b.columns[2][:0], b.columns[3][:0]
	err := fields(data, func(f field) (err error) {
		switch f.num {
		case 1:
			ids, err = column(ids, f)
		case 8:
			lats, err = column(lats, f)
		case 9:
			lons, err = column(lons, f)
		case 10:
			tags, err = column(tags, f)
		}
		return err
	})
	b.columns = [...][]uint64{ids, lats, lons, tags}
	if err != nil {
		return err
	}
	if len(lats) != len(ids) || len(lons) != len(ids) {
		return fmt.Errorf("%d nodes with %d latitudes and %d longitudes", len(ids), len(lats), len(lons))
	}
	var id, lat, lon sum
	for i, d := range ids {
		if !(id.add(d) && lat.add(lats[i]) && lon.add(lons[i])) {
			return fmt.Errorf("the id or place of a node after node %d overflows", id.at)
		}
		for len(tags) > 0 && tags[0] != 0 {
			if len(tags) == 1 {
				return fmt.Errorf("node %d: a key without a value", id.at)
			}
			if err := b.tag(tags[0], tags[1]); err != nil {
				return fmt.Errorf("node %d: %w", id.at, err)
			}
			tags = tags[2:]
		}
		if len(tags) > 0 {
			tags = tags[1:]
		}
		if err := b.node(id.at, lon.at, lat.at); err != nil {
			return err
		}
	}
	if len(tags) > 0 {
		return errors.New("tags of more nodes than there are")
	}
	return nil
}

// node appends a node whose tags were appended before.
func (b *block) node(id, lon, lat int64) error {
	at := orb.Point{b.degrees(lon, b.lonOffset), b.degrees(lat, b.latOffset)}
	b.nodes = append(b.nodes, node{id: id, at: at, tags: uint32(len(b.tags))})
	return b.spend(2 * 32) // with the room that a slice keeps to grow
}

// plainNode decodes a Node message.
func (b *block) plainNode(data []byte) error {
	keys, values := b.columns[0][:0], b.columns[1][:0]
	var id, lon, lat int64
	err := fields(data, func(f field) (err error) {
		switch f.num {
		case 1:
			id = protowire.DecodeZigZag(f.number)
		case 2:
			keys, err = column(keys, f)
		case 3:
			values, err = column(values, f)
		case 8:
			lat = protowire.DecodeZigZag(f.number)
		case 9:
			lon = protowire.DecodeZigZag(f.number)
		}
		return err
	})
	b.columns[0], b.columns[1] = keys, values
	if err == nil {
		err = b.tagLists(keys, values)
	}
	if err != nil {
		return fmt.Errorf("node %d: %w", id, err)
	}
	return b.node(id, lon, lat)
}

// way decodes a Way message.
func (b *block) way(data []byte) error {
	keys, values, refs := b.columns[0][:0], b.columns[1][:0], b.columns[2][:0]
	id := int64(0)
	err := fields(data, func(f field) (err error) {
		switch f.num {
		case 1:
			id = int64(f.number)
		case 2:
			keys, err = column(keys, f)
		case 3:
			values, err = column(values, f)
		case 8:
			refs, err = column(refs, f)
		}
		return err
	})
	b.columns[0], b.columns[1], b.columns[2] = keys, values, refs
	if err == nil {
		err = b.tagLists(keys, values)
	}
	if err != nil {
		return fmt.Errorf("way %d: %w", id, err)
	}
	var ref sum
	for _, d := range refs {
		if !ref.add(d) {
			return fmt.Errorf("way %d: the id of a node after node %d overflows", id, ref.at)
		}
		b.refs = append(b.refs, ref.at)
	}
	b.ways = append(b.ways, element{id: id, parts: uint32(len(b.refs)), tags: uint32(len(b.tags))})
	return b.spend(16 + 8*len(refs))
}

// nodesOfWay takes the positions that a Way message keeps of its nodes.
func (b *block) nodesOfWay(data []byte) error {
	refs, lats, lons := b.columns[0][:0], b.columns[1][:0], b.columns[2][:0]
	err := fields(data, func(f field) (err error) {
		switch f.num {
		case 8:
			refs, err = column(refs, f)
		case 9:
			lats, err = column(lats, f)
		case 10:
			lons, err = column(lons, f)
		}
		return err
	})
	b.columns[0], b.columns[1], b.columns[2] = refs, lats, lons
	if err != nil || len(lats) == 0 && len(lons) == 0 {
		return err
	}
	if len(lats) != len(refs) || len(lons) != len(refs) {
		return fmt.Errorf("a way of %d nodes with %d latitudes and %d longitudes", len(refs), len(lats), len(lons))
	}
	var id, lat, lon sum
	for i, d := range refs {
		if !(id.add(d) && lat.add(lats[i]) && lon.add(lons[i])) {
			return fmt.Errorf("the id or place of a node of a way after node %d overflows", id.at)
		}
		if err := b.node(id.at, lon.at, lat.at); err != nil {
			return err
		}
	}
	return nil
}

// relation decodes a Relation message.
func (b *block) relation(data []byte) error {
	keys, values := b.columns[0][:0], b.columns[1][:0]
	var roles, ids, kinds []uint64
	id := int64(0)
	err := fields(data, func(f field) (err error) {
		switch f.num {
		case 1:
			id = int64(f.number)
		case 2:
			keys, err = column(keys, f)
		case 3:
			values, err = column(values, f)
		case 8:
			roles, err = column(roles, f)
		case 9:
			ids, err = column(ids, f)
		case 10:
			kinds, err = column(kinds, f)
		}
		return err
	})
	b.columns[0], b.columns[1] = keys, values
	if err == nil {
		err = b.tagLists(keys, values)
	}
	if err == nil && (len(roles) != len(ids) || len(kinds) != len(ids)) {
		err = fmt.Errorf("%d members with %d roles and %d types", len(ids), len(roles), len(kinds))
	}
	if err != nil {
		return fmt.Errorf("relation %d: %w", id, err)
	}
	var member sum
	for i, d := range ids {
		if !member.add(d) {
			return fmt.Errorf("relation %d: the id of a member after %d overflows", id, member.at)
		}
		if roles[i] >= uint64(len(b.strings.raw)) || kinds[i] > uint64(Relation) {
			return fmt.Errorf("relation %d: member %d has the role of string %d and type %d", id, member.at, roles[i], kinds[i])
		}
		b.members = append(b.members, memberOf{Type(kinds[i]), uint32(roles[i]), member.at})
	}
	b.relations = append(b.relations, element{id: id, parts: uint32(len(b.members)), tags: uint32(len(b.tags))})
	return b.spend(16 + 16*len(ids))
}
