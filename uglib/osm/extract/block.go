package extract

import (
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/paulmach/orb"
)

// Bounds on what a small file can make of memory. Writers put 8000 elements
// into a block, and a way of OpenStreetMap has at most 2000 nodes.
const (
	maxDecoded = 128 << 20 // bytes of what was decoded from a block
	maxParts   = 1 << 20   // nodes, tags or members of an element, and nodes in a group of a block
)

// block is a blob and what was decoded from it. Its memory is used again for
// the next blob.
type block struct {
	handler *Handler
	onWays  bool   // ways keep the positions of their nodes
	at      int64  // byte of the blob in the file
	kind    string // type of the blob
	blob    []byte // as it lies in the file
	packed         // what the blob says of itself
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
	decoded                           int        // bytes, see maxDecoded
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

func newBlock(h *Handler, onWays bool) *block {
	return &block{handler: h, onWays: onWays, done: make(chan error, 1)}
}

// again returns a block for the next blob: b, unless it was an unusually large
// one, whose memory is given back.
func (b *block) again() *block {
	if len(b.blob)+len(b.raw)+b.decoded > 16<<20 {
		return newBlock(b.handler, b.onWays)
	}
	return b
}

// wrap says in which block an error lies.
func (b *block) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("block at byte %d: %w", b.at, err)
}

// spend counts the memory of what is decoded.
func (b *block) spend(bytes int) error {
	if b.decoded += bytes; b.decoded > maxDecoded {
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
	b.decoded = 0
	b.granularity, b.latOffset, b.lonOffset = 100, 0, 0
	if err := b.unpack(); err != nil {
		return err
	}
	b.strings.reset()
	err := fields(b.raw, func(f field) error {
		switch {
		case f.is(stringtable, length):
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
			if f.is(group, length) {
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
		if !f.is(1, length) {
			return nil
		}
		b.strings.raw = append(b.strings.raw, f.data)
		return b.spend(40)
	})
}
