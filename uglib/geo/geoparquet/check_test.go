package geoparquet

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"
)

// table is a file of a few rows, in two groups.
func table(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	rows, shapes := make([]row, 300), make([]orb.Geometry, 300)
	for i := range rows {
		shapes[i] = orb.Point{float64(i) / 10, 50}
	}
	if err := Write(&b, rows, shapes, setRow, parquet.MaxRowsPerRowGroup(200)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpen(t *testing.T) {
	data := table(t)
	file, err := Open(data)
	if err != nil || file.NumRows() != 300 {
		t.Fatalf("%v, %v", file, err)
	}
	rows := make([]row, 300)
	if n, err := parquet.NewGenericReader[row](file).Read(rows); n != 300 || err != nil && err != io.EOF {
		t.Fatalf("%d rows, %v", n, err)
	}
	long := bytes.Clone(data)
	binary.LittleEndian.PutUint32(long[len(long)-8:], 1<<31)
	for name, bad := range map[string][]byte{
		"empty": nil, "half": data[:len(data)/2], "other end": append(bytes.Clone(data), "XXXX"...), "long metadata": long,
		"a list of 2^56 values": []byte("PAR1\x15\x04\x19\xfc\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x0d\x00\x00\x00PAR1"),
	} {
		if _, err := Open(bad); err == nil || !strings.Contains(err.Error(), "Parquet file") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A byte changed anywhere: no more memory than the file can hold.
	rng := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		bad := bytes.Clone(data)
		bad[rng.IntN(len(bad))] ^= byte(1 + rng.IntN(255))
		opened(bad)
	}
}

// opened opens a file and counts what its metadata hold; parquet-go may panic.
func opened(data []byte) (n int64) {
	defer func() { _ = recover() }()
	file, err := Open(data)
	if err != nil {
		return 0
	}
	return file.NumRows()
}

func FuzzOpen(f *testing.F) {
	f.Add(table(f))
	f.Add([]byte("PAR1\x15\x04\x19\xfc\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x0d\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 1<<16 {
			opened(data)
		}
	})
}
