package engine

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Journal keeps vectors in a file as batches are done, so that work that was
// interrupted goes on where it stopped. The file belongs to one model and one
// way of asking; it is locked while it is open. Methods may be called from
// several goroutines.
//
// The file is a line "ugjournal1", a line of JSON that says whose it is, and a
// record for each batch: the number of vectors, a sum and a vector for each,
// and the CRC-32C of all that, numbers in little-endian order. What a broken-off
// write left behind is cut away.
type Journal struct {
	about About
	path  string

	mu     sync.Mutex
	file   *os.File
	at     map[Sum]int64 // offset of a sum's vector
	end    int64
	synced time.Time
}

// About says what the vectors of a journal or a result come from.
type About struct {
	Model       string      `json:"model"`           // name, for people
	Fingerprint string      `json:"fingerprint"`     // of its files, see [Fingerprint]
	Width       int         `json:"width"`           // of a vector
	DType       string      `json:"dtype,omitempty"` // in which the model computed them, see [Engine.DType]; empty for float32
	Instruction Instruction `json:"instruction"`
}

// differs says in what way vectors of another origin are of no use; "" if they
// can be used.
func (a About) differs(b About) string {
	switch {
	case a.Fingerprint != b.Fingerprint || a.Width != b.Width:
		return "the model has changed"
	case a.DType != b.DType:
		return "the type that the model is computed in has changed"
	case a.Instruction.Image != b.Instruction.Image || a.Instruction.Text != b.Instruction.Text || a.Instruction.Both != b.Instruction.Both:
		return "the prompt has changed"
	}
	return ""
}

const (
	journalMagic = "ugjournal1\n"
	journalSync  = time.Second // most work that a power cut takes
)

var crcTable = crc32.MakeTable(crc32.Castagnoli)

// OpenJournal opens the journal at path, or makes one. Vectors of an earlier run
// are kept if they are of the same origin; else the journal starts anew, and the
// string says why.
func OpenJournal(path string, about About) (*Journal, string, error) {
	j := &Journal{about: about, path: path, at: map[Sum]int64{}}
	fail := func(err error) (*Journal, string, error) {
		return nil, "", fmt.Errorf("journal %s: %w", path, err)
	}
	var err error
	if j.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return fail(err)
	}
	if err := unix.Flock(int(j.file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = errors.New("another process is writing it; wait for that one, or give another output")
		}
		return fail(errors.Join(err, j.file.Close()))
	}
	anew, err := j.load()
	if err == nil && j.end == 0 {
		err = j.begin()
	}
	if err == nil {
		_, err = j.file.Seek(j.end, io.SeekStart)
	}
	if err != nil {
		return fail(errors.Join(err, j.file.Close()))
	}
	return j, anew, nil
}

// load reads what is there; the string says why none of it can be used.
func (j *Journal) load() (anew string, err error) {
	info, err := j.file.Stat()
	if err != nil || info.Size() == 0 {
		return "", err
	}
	in := bufio.NewReaderSize(j.file, 1<<20)
	magic := make([]byte, len(journalMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != journalMagic {
		return "", j.foreign(info, magic)
	}
	line, err := in.ReadSlice('\n')
	var about About
	if err != nil || json.Unmarshal(line, &about) != nil {
		return "its journal is damaged", nil
	}
	if why := about.differs(j.about); why != "" {
		return why, nil
	}
	j.end = int64(len(magic) + len(line))
	for {
		n, err := j.record(in)
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errDamaged) {
				break
			}
			return "", err
		}
		j.end += n
	}
	return "", j.file.Truncate(j.end)
}

// foreign is the error of a file that is no journal, unless it is the beginning
// of one that was broken off.
func (j *Journal) foreign(info fs.FileInfo, magic []byte) error {
	if info.Size() < int64(len(journalMagic)) && bytes.HasPrefix([]byte(journalMagic), magic[:info.Size()]) {
		return nil
	}
	return errors.New("the file is no journal; remove it, or give another output")
}

var errDamaged = errors.New("damaged record")

// record reads a record, notes its vectors, and returns its length.
func (j *Journal) record(in io.Reader) (int64, error) {
	crc := crc32.New(crcTable)
	body := io.TeeReader(in, crc)
	var count uint32
	if err := binary.Read(body, binary.LittleEndian, &count); err != nil {
		return 0, err
	}
	one := len(Sum{}) + 4*j.about.Width
	if count == 0 || int64(count) > 1<<20 {
		return 0, errDamaged
	}
	found := map[Sum]int64{}
	entry := make([]byte, one)
	length := int64(4)
	for range count {
		if _, err := io.ReadFull(body, entry); err != nil {
			return 0, err
		}
		found[Sum(entry)] = j.end + length + int64(len(Sum{}))
		length += int64(one)
	}
	var want uint32
	got := crc.Sum32()
	if err := binary.Read(in, binary.LittleEndian, &want); err != nil {
		return 0, err
	}
	if got != want {
		return 0, errDamaged
	}
	for s, at := range found {
		j.at[s] = at
	}
	return length + 4, nil
}

// begin writes the head of an empty journal.
func (j *Journal) begin() error {
	line, err := json.Marshal(j.about)
	if err != nil {
		return err
	}
	head := append(append([]byte(journalMagic), line...), '\n')
	if err := j.file.Truncate(0); err != nil {
		return err
	}
	if _, err := j.file.WriteAt(head, 0); err != nil {
		return err
	}
	j.end = int64(len(head))
	return j.file.Sync()
}

// Len is the number of vectors.
func (j *Journal) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.at)
}

// Has reports whether the vector of a sum is there.
func (j *Journal) Has(s Sum) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, ok := j.at[s]
	return ok
}

// Add writes vectors as one record: after a crash of the program all of them are
// there or none.
func (j *Journal) Add(list []Encoded) error {
	if len(list) == 0 {
		return nil
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(list)))
	for _, x := range list {
		if len(x.Vector) != j.about.Width {
			return fmt.Errorf("journal %s: a vector of width %d among those of %d", j.path, len(x.Vector), j.about.Width)
		}
		out = append(out, x.Sum[:]...)
		out = appendFloats(out, x.Vector)
	}
	out = binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, crcTable))
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.WriteAt(out, j.end); err != nil {
		return fmt.Errorf("journal %s: %w", j.path, err)
	}
	at := j.end + 4
	for _, x := range list {
		at += int64(len(x.Sum))
		j.at[x.Sum] = at
		at += 4 * int64(len(x.Vector))
	}
	j.end += int64(len(out))
	if now := time.Now(); now.Sub(j.synced) > journalSync {
		j.synced = now
		if err := j.file.Sync(); err != nil {
			return fmt.Errorf("journal %s: %w", j.path, err)
		}
	}
	return nil
}

// Vector reads the vector of a sum.
func (j *Journal) Vector(s Sum) ([]float32, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at, ok := j.at[s]
	if !ok {
		return nil, fmt.Errorf("journal %s: no vector of %s", j.path, s)
	}
	data := make([]byte, 4*j.about.Width)
	if _, err := j.file.ReadAt(data, at); err != nil {
		return nil, fmt.Errorf("journal %s: %w", j.path, err)
	}
	v := make([]float32, j.about.Width)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return v, nil
}

// Close keeps the file for another time.
func (j *Journal) Close() error {
	if err := errors.Join(j.file.Sync(), j.file.Close()); err != nil {
		return fmt.Errorf("journal %s: %w", j.path, err)
	}
	return nil
}

// Remove closes the journal and removes its file.
func (j *Journal) Remove() error {
	if err := errors.Join(os.Remove(j.path), j.file.Close()); err != nil {
		return fmt.Errorf("journal %s: %w", j.path, err)
	}
	return nil
}

func appendFloats(out []byte, v []float32) []byte {
	for _, x := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
}
