package extract

import (
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/paulmach/orb"
)

// maxValues bounds what one block may hold once it is decoded, so that a small
// file cannot ask for much memory: a node counts 4, a reference to a node, a
// member and a tag 1 each. Writers put 8000 elements into a block.
const maxValues = 8 << 20

// block is a blob and what was decoded from it. Its memory is used again for
// the next blob.
type block struct {
	handler *Handler
	onWays  bool   // ways keep the positions of their nodes
	at      int64  // byte of the blob in the file
	kind    string // type of the blob
	blob    []byte // as it lies in the file
	raw     []byte // unpacked
	room    []byte // memory for raw
	done    chan error

	zlib      io.ReadCloser
	zstandard *zstd.Decoder

	granularity, latOffset, lonOffset int64
	strings                           table
	nodes                             []node
	ways                              []element
	relations                         []element
	refs                              []int64    // of the ways
	members                           []memberOf // of the relations
	tags                              []uint32   // indices into strings
	values                            int        // see maxValues
	columns                           [4][]uint64
}

type node struct {
	id   int64
	at   orb.Point
	tags uint32 // its tags end here
}

// element is a way or a relation; its parts end at the given places of the
// block's slices.
type element struct {
	id          int64
	parts, tags uint32
}

// memberOf is a member whose role is a string of the block.
type memberOf struct {
	kind Type
	role uint32
	id   int64
}

// wrap says in which block an error lies.
func (b *block) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("block at byte %d: %w", b.at, err)
}

// count bounds the values of the block.
func (b *block) count(n int) error {
	if b.values += n; b.values > maxValues {
		return errors.New("more elements than any writer puts into a block")
	}
	return nil
}

// deliver hands the elements to the handler.
func (b *block) deliver(n *names) {
	b.strings.names = n
	tag := uint32(0)
	for i := range b.nodes {
		e := &b.nodes[i]
		b.handler.Node(e.id, e.at, Tags{&b.strings, b.tags[tag:e.tags]})
		tag = e.tags
	}
	part := uint32(0)
	for i := range b.ways {
		e := &b.ways[i]
		b.handler.Way(e.id, b.refs[part:e.parts], Tags{&b.strings, b.tags[tag:e.tags]})
		tag, part = e.tags, e.parts
	}
	part = 0
	var members []Member
	for i := range b.relations {
		e := &b.relations[i]
		members = members[:0]
		for _, m := range b.members[part:e.parts] {
			members = append(members, Member{Type: m.kind, ID: m.id, Role: b.strings.string(m.role)})
		}
		b.handler.Relation(e.id, members, Tags{&b.strings, b.tags[tag:e.tags]})
		tag, part = e.tags, e.parts
	}
}

// Numbers of the fields of a PrimitiveBlock.
const (
	stringtable = 1
	group       = 2
	granularity = 17
	latOffset   = 19
	lonOffset   = 20
)

// decode unpacks the blob, a PrimitiveBlock, and decodes what the handler asks
// for: nodes, then ways, then relations, so that the tags lie in that order.
func (b *block) decode() error {
	b.nodes, b.ways, b.relations = b.nodes[:0], b.ways[:0], b.relations[:0]
	b.refs, b.members, b.tags = b.refs[:0], b.members[:0], b.tags[:0]
	b.values = 0
	b.granularity, b.latOffset, b.lonOffset = 100, 0, 0
	if err := b.unpack(); err != nil {
		return err
	}
	b.strings.reset()
	err := fields(b.raw, func(f field) error {
		switch {
		case f.is(stringtable, packed):
			return b.stringTable(f.data)
		case f.is(granularity, varint):
			b.granularity = int64(int32(f.number))
		case f.is(latOffset, varint):
			b.latOffset = int64(f.number)
		case f.is(lonOffset, varint):
			b.lonOffset = int64(f.number)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, kind := range []struct {
		wanted bool
		decode func(f field) error
	}{
		{b.handler.Node != nil, b.nodeGroup},
		{b.handler.Way != nil, b.wayGroup},
		{b.handler.Relation != nil, b.relationGroup},
	} {
		if !kind.wanted {
			continue
		}
		err := fields(b.raw, func(f field) error {
			if f.is(group, packed) {
				return fields(f.data, kind.decode)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stringTable notes where the strings lie.
func (b *block) stringTable(data []byte) error {
	return fields(data, func(f field) error {
		if !f.is(1, packed) {
			return nil
		}
		b.strings.raw = append(b.strings.raw, f.data)
		return b.count(1)
	})
}
