package extract

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"math"

	"github.com/klauspost/compress/zlib"
	"github.com/paulmach/orb"
	"google.golang.org/protobuf/encoding/protowire"
)

// Writer writes a PBF file of nodes, ways and relations, 8000 to a block, with
// places in steps of 1e-7 degrees and without metadata. Give all nodes first,
// then the ways, then the relations, each in the order of their ids, since that
// is what readers expect; then Close.
type Writer struct {
	w     io.Writer
	zlib  *zlib.Writer
	err   error
	begun bool

	kind    Type
	count   int
	indices map[string]uint64 // of strings in the table
	table   []byte            // StringTable message
	group   []byte            // PrimitiveGroup message of ways or relations
	nodes   [4][]byte         // packed ids, latitudes, longitudes, tags
	last    [3]int64          // id, latitude, longitude of the last node
}

// NewWriter returns a writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w, zlib: zlib.NewWriter(nil)} }

// perBlock is how many elements writers put into a block.
const perBlock = 8000

// Node writes a node at a longitude and latitude in degrees.
func (w *Writer) Node(id int64, at orb.Point, tags iter.Seq2[string, string]) {
	w.begin(Node)
	for i, v := range [...]int64{id, int64(math.Round(at[1] * step)), int64(math.Round(at[0] * step))} {
		w.nodes[i] = appendZigZag(w.nodes[i], v-w.last[i])
		w.last[i] = v
	}
	for k, v := range tags {
		if k == "" { // OpenStreetMap has no such tags, and a block of nodes no room for them
			continue
		}
		w.nodes[3] = protowire.AppendVarint(w.nodes[3], w.index(k))
		w.nodes[3] = protowire.AppendVarint(w.nodes[3], w.index(v))
	}
	w.nodes[3] = append(w.nodes[3], 0)
}

// Way writes a way with the ids of its nodes.
func (w *Writer) Way(id int64, nodes []int64, tags iter.Seq2[string, string]) {
	w.begin(Way)
	m := w.tagged(id, tags)
	m = appendBytes(m, 8, differences(nodes))
	w.group = appendBytes(w.group, ways, m)
}

// Relation writes a relation with its members.
func (w *Writer) Relation(id int64, members []Member, tags iter.Seq2[string, string]) {
	w.begin(Relation)
	m := w.tagged(id, tags)
	var roles, kinds []byte
	ids := make([]int64, len(members))
	for i, mem := range members {
		roles = protowire.AppendVarint(roles, w.index(mem.Role))
		kinds = append(kinds, byte(mem.Type))
		ids[i] = mem.ID
	}
	m = appendBytes(m, 8, roles)
	m = appendBytes(m, 9, differences(ids))
	m = appendBytes(m, 10, kinds)
	w.group = appendBytes(w.group, relations, m)
}

// Close writes what is left and returns the first error. It does not close
// what is written to.
func (w *Writer) Close() error {
	w.begin(w.kind)
	w.flush()
	if w.err != nil {
		return fmt.Errorf("write PBF: %w", w.err)
	}
	return nil
}

// begin opens a block for elements of a kind.
func (w *Writer) begin(kind Type) {
	if !w.begun {
		w.begun = true
		var m []byte
		for _, feature := range []string{"OsmSchema-V0.6", "DenseNodes"} {
			m = appendBytes(m, 4, []byte(feature))
		}
		w.blob(blobHeader, appendBytes(m, 16, []byte("urbangraph")))
	}
	if w.kind != kind || w.count == perBlock {
		w.flush()
	}
	if w.count == 0 {
		w.kind = kind
		w.indices, w.table = map[string]uint64{"": 0}, appendBytes(w.table[:0], 1, nil) // index 0 ends the tags of a node
		w.group = w.group[:0]
		for i := range w.nodes {
			w.nodes[i] = w.nodes[i][:0]
		}
		w.last = [3]int64{}
	}
	w.count++
}

// flush writes the block.
func (w *Writer) flush() {
	count := w.count
	w.count = 0
	if count == 0 {
		return
	}
	if w.kind == Node && len(w.nodes[0]) > 0 {
		var m []byte
		for i, num := range [...]protowire.Number{1, 8, 9, 10} {
			m = appendBytes(m, num, w.nodes[i])
		}
		w.group = appendBytes(w.group, denseNodes, m)
	}
	if len(w.group) > 0 {
		w.blob(blobData, appendBytes(appendBytes(nil, stringtable, w.table), group, w.group))
	}
}

// blob writes a message, packed by zlib.
func (w *Writer) blob(kind string, m []byte) {
	if w.err != nil {
		return
	}
	if len(m) > maxBlob {
		w.err = fmt.Errorf("a block of %d bytes, of which the format allows %d", len(m), maxBlob)
		return
	}
	var packed bytes.Buffer
	w.zlib.Reset(&packed)
	_, _ = w.zlib.Write(m) // a buffer takes all
	_ = w.zlib.Close()
	b := protowire.AppendVarint(protowire.AppendTag(nil, 2, varint), uint64(len(m)))
	b = appendBytes(b, byZlib, packed.Bytes())
	header := appendBytes(nil, 1, []byte(kind))
	header = protowire.AppendVarint(protowire.AppendTag(header, 3, varint), uint64(len(b)))
	out := binary.BigEndian.AppendUint32(nil, uint32(len(header)))
	_, w.err = w.w.Write(append(append(out, header...), b...))
}

// index returns where a string stands in the table.
func (w *Writer) index(s string) uint64 {
	i, ok := w.indices[s]
	if !ok {
		i = uint64(len(w.indices))
		w.indices[s] = i
		w.table = appendBytes(w.table, 1, []byte(s))
	}
	return i
}

// tagged begins a Way or Relation message.
func (w *Writer) tagged(id int64, tags iter.Seq2[string, string]) []byte {
	m := protowire.AppendVarint(protowire.AppendTag(nil, 1, varint), uint64(id))
	var keys, values []byte
	for k, v := range tags {
		keys = protowire.AppendVarint(keys, w.index(k))
		values = protowire.AppendVarint(values, w.index(v))
	}
	return appendBytes(appendBytes(m, 2, keys), 3, values)
}

func differences(ids []int64) []byte {
	var b []byte
	last := int64(0)
	for _, id := range ids {
		b = appendZigZag(b, id-last)
		last = id
	}
	return b
}

func appendZigZag(b []byte, v int64) []byte {
	return protowire.AppendVarint(b, protowire.EncodeZigZag(v))
}

func appendBytes(b []byte, num protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, length), data)
}
