package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/paulmach/orb"
	"google.golang.org/protobuf/encoding/protowire"
)

// message builds a protobuf message.
type message []byte

func (m message) number(num protowire.Number, v uint64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, num, protowire.VarintType), v)
}

func (m message) zigzag(num protowire.Number, v int64) message {
	return m.number(num, protowire.EncodeZigZag(v))
}

func (m message) bytes(num protowire.Number, b []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, num, protowire.BytesType), b)
}

// packed appends a packed list of numbers.
func (m message) packed(num protowire.Number, v ...uint64) message {
	var b []byte
	for _, n := range v {
		b = protowire.AppendVarint(b, n)
	}
	return m.bytes(num, b)
}

// deltas appends a packed list of zigzag-coded numbers.
func (m message) deltas(num protowire.Number, v ...int64) message {
	var u []uint64
	for _, n := range v {
		u = append(u, protowire.EncodeZigZag(n))
	}
	return m.packed(num, u...)
}

// blob frames a Blob message.
func blob(kind string, blob message) []byte {
	header := message{}.bytes(1, []byte(kind)).number(3, uint64(len(blob)))
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(header))), append(header, blob...)...)
}

func raw(m message) message { return message{}.bytes(asIs, m) }

func zlibbed(m message) message {
	var b bytes.Buffer
	w, _ := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	_, _ = w.Write(m)
	_ = w.Close()
	return message{}.number(2, uint64(len(m))).bytes(byZlib, b.Bytes())
}

var header = blob(blobHeader, raw(message{}.bytes(4, []byte("OsmSchema-V0.6")).bytes(4, []byte("DenseNodes"))))

// pbfOf is a file of a header and one block.
func pbfOf(m message) []byte { return append(bytes.Clone(header), blob(blobData, raw(m))...) }

// strs is a string table.
func strs(s ...string) message {
	var m message
	for _, s := range s {
		m = m.bytes(1, []byte(s))
	}
	return message{}.bytes(stringtable, m)
}

// dump is all that a file holds, as text.
type dump struct{ strings.Builder }

func (d *dump) handler() Handler {
	tags := func(t Tags) {
		for k, v := range t.All() {
			fmt.Fprintf(d, " %s=%s", k, v)
		}
		d.WriteString("\n")
	}
	return Handler{
		Bounds: func(b orb.Bound) { fmt.Fprintf(d, "bounds %v %v\n", b.Min, b.Max) },
		Node: func(id int64, at orb.Point, t Tags) {
			fmt.Fprintf(d, "n%d %.7f %.7f", id, at[0], at[1])
			tags(t)
		},
		Way: func(id int64, nodes []int64, t Tags) {
			fmt.Fprintf(d, "w%d %v", id, nodes)
			tags(t)
		},
		Relation: func(id int64, members []Member, t Tags) {
			fmt.Fprintf(d, "r%d", id)
			for _, m := range members {
				fmt.Fprintf(d, " %v %d %q", m.Type, m.ID, m.Role)
			}
			tags(t)
		},
	}
}

func dumpOf(t *testing.T, path string) string {
	t.Helper()
	var d dump
	if err := Scan(t.Context(), path, d.handler()); err != nil {
		t.Fatal(err)
	}
	return d.String()
}

// TestFormats reads one map from each kind of file that osmium writes of it.
func TestFormats(t *testing.T) {
	want := dumpOf(t, "testdata/map.osm")
	for _, line := range []string{
		"bounds [-0.5 51] [179.9999999 89.9]",
		"n-5 -0.1234567 51.7654321\n",
		"n9007199254740993 180.0000000 -90.0000000 name=Łódź & <Söhne> \"x\" 'y'\n",
		"n3 0.0000001 0.0000000 name=شارع الملك name:ja=東京 emoji=🏙 empty=\n",
		"w9007199254740995 [-5 3 9007199254740993 -5] highway=residential name=a\nb\n",
		"w6 []\n",
		"r7 node 3 \"label\" way 9007199254740995 \"\" relation 7 \"sub area\" type=site\n",
	} {
		if !strings.Contains(want, line) {
			t.Errorf("the XML misses %q:\n%s", line, want)
		}
	}
	for _, name := range []string{"dense.osm.pbf", "plain.osm.pbf", "raw.osm.pbf", "lz4.osm.pbf", "map.osm.gz", "map.osm.bz2"} {
		if got := dumpOf(t, "testdata/"+name); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
	// Places on ways come as nodes before them, and untagged nodes are not in the file.
	onways := dumpOf(t, "testdata/onways.osm.pbf")
	if !strings.Contains(onways, "n-5 -0.1234567 51.7654321\n") || !strings.Contains(onways, "n9007199254740993 180.0000000 -90.0000000\n") {
		t.Errorf("places on ways:\n%s", onways)
	}
}

func TestZstd(t *testing.T) {
	block := append(strs("", "a", "b"), message{}.bytes(group, message{}.bytes(plainNodes, message{}.zigzag(1, 12).packed(2, 1).packed(3, 2).zigzag(8, 10).zigzag(9, -10)))...)
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	file := append(bytes.Clone(header), blob(blobData, message{}.number(2, uint64(len(block))).bytes(byZstd, z.EncodeAll(block, nil)))...)
	var d dump
	if err := scan(t.Context(), bytes.NewReader(file), pbf, d.handler()); err != nil || d.String() != "n12 -0.0000010 0.0000010 a=b\n" {
		t.Errorf("%v: %s", err, &d)
	}
}

func TestSkipped(t *testing.T) {
	for _, name := range []string{"dense.osm.pbf", "map.osm"} {
		ways := 0
		err := Scan(t.Context(), "testdata/"+name, Handler{Way: func(_ int64, _ []int64, tags Tags) {
			ways += 1 + tags.Len()
		}})
		if err != nil || ways != 4 {
			t.Errorf("%s: %d ways and tags, %v", name, ways, err)
		}
	}
}

// TestTruncated cuts a file at each byte. A PBF file has no end mark, so that
// one that ends between two blocks passes.
func TestTruncated(t *testing.T) {
	for _, c := range []struct {
		name string
		kind format
		pass int
	}{
		{"dense.osm.pbf", pbf, 3}, // after the header, the nodes, the ways
		{"map.osm", xmlPlain, 1},  // before the last newline
		{"map.osm.gz", xmlGzip, 0},
		{"map.osm.bz2", xmlBzip2, 0},
	} {
		whole, err := os.ReadFile("testdata/" + c.name)
		if err != nil {
			t.Fatal(err)
		}
		pass := 0
		for n := range whole {
			err := scan(t.Context(), bytes.NewReader(whole[:n]), c.kind, new(dump).handler())
			if err == nil {
				pass++
			}
		}
		if pass != c.pass {
			t.Errorf("%s: %d cut files pass, want %d", c.name, pass, c.pass)
		}
	}
}

// TestFaults checks that each fault is told, with the byte of its block.
func TestFaults(t *testing.T) {
	node := func(m message) message { return message{}.bytes(group, message{}.bytes(plainNodes, m)) }
	dense := func(m message) message { return message{}.bytes(group, message{}.bytes(denseNodes, m)) }
	way := func(m message) message { return message{}.bytes(group, message{}.bytes(ways, m)) }
	relation := func(m message) message { return message{}.bytes(group, message{}.bytes(relations, m)) }
	at := fmt.Sprintf("block at byte %d: ", len(header))
	file := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"no header", blob(blobData, raw(nil)), `block at byte 0 is "OSMData" where "OSMHeader" is expected: not a PBF file`},
		{"text", []byte("<?xml version='1.0'?>"), "block at byte 0: header of 1010792557 bytes, not a PBF file"},
		{"large blob", []byte("\x00\x00\x00\x06\x18\xff\xff\xff\xff\x0f"), "block at byte 0: data of 4294967295 bytes, not a PBF file"},
		{"no size", []byte("\x00\x00\x00\x02\x0a\x00"), "block header without a size"},
		{"history", blob(blobHeader, raw(message{}.bytes(4, []byte("HistoricalInformation")))), "history files are not supported; take one moment with `osmium time-filter"},
		{"unknown feature", blob(blobHeader, raw(message{}.bytes(4, []byte("Spheres")))), `files that require "Spheres" are not supported`},
		{"LZMA", file(header, blob(blobData, message{}.number(2, 10).bytes(4, []byte("x")))), at + "blocks packed by method 4 are not supported; write the file anew"},
		{"no unpacked size", file(header, blob(blobData, message{}.bytes(byZlib, []byte("x")))), at + "packed data without its size"},
		{"large unpacked size", file(header, blob(blobData, message{}.number(2, 1<<30).bytes(byZlib, []byte("x")))), at + "1073741824 bytes unpacked, more than the format allows"},
		{"no zlib", file(header, blob(blobData, message{}.number(2, 10).bytes(byZlib, []byte("xxxxxxxx")))), at + "zlib: "},
		{"zlib too short", file(header, blob(blobData, append(zlibbed(strs("a")), message{}.number(2, 100)...))), at + "zlib: unexpected EOF"},
		{"zlib too long", file(header, blob(blobData, append(zlibbed(strs("abc")), message{}.number(2, 2)...))), at + "zlib: more than the 2 bytes that the block declares"},
		{"no LZ4", file(header, blob(blobData, message{}.number(2, 10).bytes(byLZ4, []byte("xxxxxxxx")))), at + "LZ4: damaged data"},
		{"no zstd", file(header, blob(blobData, message{}.number(2, 10).bytes(byZstd, []byte("xxxxxxxx")))), at + "zstd: "},
		{"cut message", pbfOf(message{0x0a, 0x10}), at + "unexpected EOF"},
		{"field 0", pbfOf(make(message, 100)), "invalid field number"},
		{"tag beyond the strings", pbfOf(append(strs("", "k"), node(message{}.zigzag(1, 5).packed(2, 1).packed(3, 2))...)), at + "node 5: tag of strings 1 and 2, of 2"},
		{"key without a value", pbfOf(append(strs("", "k"), way(message{}.number(1, 5).packed(2, 1))...)), at + "way 5: 1 keys and 0 values"},
		{"dense key without a value", pbfOf(append(strs("", "k"), dense(message{}.deltas(1, 7).deltas(8, 0).deltas(9, 0).packed(10, 1))...)), at + "node 7: a key without a value"},
		{"tags of no node", pbfOf(append(strs("", "k"), dense(message{}.deltas(1, 7).deltas(8, 0).deltas(9, 0).packed(10, 0, 1, 1, 0))...)), at + "tags of more nodes than there are"},
		{"no latitude", pbfOf(dense(message{}.deltas(1, 7, 1).deltas(8, 0).deltas(9, 0, 0))), at + "2 nodes with 1 latitudes and 2 longitudes"},
		{"ids overflow", pbfOf(dense(message{}.deltas(1, math.MaxInt64, 1).deltas(8, 0, 0).deltas(9, 0, 0))), at + "the id or place of a node after node 9223372036854775807 overflows"},
		{"places overflow", pbfOf(dense(message{}.deltas(1, 1, 1).deltas(8, math.MinInt64, -1).deltas(9, 0, 0))), at + "the id or place of a node after node 2 overflows"},
		{"refs overflow", pbfOf(way(message{}.number(1, 5).deltas(8, math.MinInt64, -1))), at + "way 5: the id of a node after node -9223372036854775808 overflows"},
		{"members overflow", pbfOf(append(strs(""), relation(message{}.number(1, 5).packed(8, 0, 0).deltas(9, math.MaxInt64, 1).packed(10, 0, 0))...)), at + "relation 5: the id of a member after 9223372036854775807 overflows"},
		{"role beyond the strings", pbfOf(append(strs(""), relation(message{}.number(1, 5).packed(8, 1).deltas(9, 3).packed(10, 0))...)), at + "relation 5: member 3 has the role of string 1 and type 0"},
		{"unknown type", pbfOf(append(strs(""), relation(message{}.number(1, 5).packed(8, 0).deltas(9, 3).packed(10, 3))...)), at + "relation 5: member 3 has the role of string 0 and type 3"},
		{"member without a role", pbfOf(relation(message{}.number(1, 5).deltas(9, 3).packed(10, 0))), at + "relation 5: 1 members with 0 roles and 1 types"},
	} {
		err := scan(t.Context(), bytes.NewReader(c.file), pbf, new(dump).handler())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestBombs checks that small files do not ask for much memory.
func TestBombs(t *testing.T) {
	const most = 700 << 20
	zeros := make([]byte, 2<<20)
	repeated := func(m message, n int) message { return bytes.Repeat(m, n) }
	for _, c := range []struct {
		name  string
		block message
	}{
		{"dense nodes", message{}.bytes(group, message{}.bytes(denseNodes, message{}.bytes(1, zeros[:2<<20]).bytes(8, zeros[:2<<20]).bytes(9, zeros[:2<<20])))},
		{"groups of dense nodes", repeated(message{}.bytes(group, message{}.bytes(denseNodes, message{}.bytes(1, zeros[:1<<20]).bytes(8, zeros[:1<<20]).bytes(9, zeros[:1<<20]))), 5)},
		{"strings", message{}.bytes(stringtable, repeated(message{}.bytes(1, nil), 5<<20))},
		{"nodes of a way", message{}.bytes(group, message{}.bytes(ways, message{}.bytes(8, zeros[:2<<20])))},
		{"ways", message{}.bytes(group, repeated(message{}.bytes(ways, nil), 9<<20))},
		{"tags", append(strs("", "x"), message{}.bytes(group, message{}.bytes(plainNodes, message{}.bytes(2, bytes.Repeat([]byte{1}, 2<<20)).bytes(3, bytes.Repeat([]byte{1}, 2<<20))))...)},
	} {
		file := append(bytes.Clone(header), bytes.Repeat(blob(blobData, zlibbed(c.block)), 2)...)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		err := scan(t.Context(), bytes.NewReader(file), pbf, Handler{
			Node: func(int64, orb.Point, Tags) {}, Way: func(int64, []int64, Tags) {}, Relation: func(int64, []Member, Tags) {},
		})
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "more ") {
			t.Errorf("%s: %v", c.name, err)
		}
		if grown := after.HeapSys - before.HeapSys; after.HeapSys > before.HeapSys && grown > most {
			t.Errorf("%s: a file of %d bytes took %d MiB", c.name, len(file), grown>>20)
		}
	}
}

// TestErrors checks what Scan adds to the errors of the decoders.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	at := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		path string
		want []string
	}{
		{at("cut.osm.pbf", header[:9]), []string{"cut.osm.pbf cannot be read to its end", "block at byte 0: unexpected EOF", "fetch it again"}},
		{at("old.osm.pbf", blob(blobHeader, raw(message{}.bytes(4, []byte("HistoricalInformation"))))), []string{"old.osm.pbf: block at byte 0: history files are not supported"}},
		{at("a.geojson", nil), []string{"unknown kind of file"}},
		{filepath.Join(dir, "none.osm"), []string{"none.osm", "no such file"}},
	} {
		err := Scan(t.Context(), c.path, Handler{})
		for _, w := range c.want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v, want %q", c.path, err, w)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Scan(ctx, "testdata/dense.osm.pbf", Handler{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled scan: %v", err)
	}
	if err := scanPBF(t.Context(), io.MultiReader(bytes.NewReader(header), failing{}), Handler{}); !errors.Is(err, errFailing) {
		t.Errorf("a reader that fails: %v", err)
	}
}

var errFailing = errors.New("disk on fire")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errFailing }
