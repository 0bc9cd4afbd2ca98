package fetch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// journalVersion is raised when the meaning of its lines changes.
const journalVersion = 1

// longestLine bounds a line of a journal, in bytes.
const longestLine = 1 << 20

// header is the first line of a journal.
type header struct {
	Journal int    `json:"journal"`
	Query   string `json:"query"`
}

// journal is a file of JSON lines that only grows.
type journal[T any] struct {
	mu   sync.Mutex
	file *os.File
	size int64
}

// openJournal opens a journal of a query, or begins one. It hands the entries
// that are there to each, with the offsets of their lines, and cuts off the
// rest from the first line that is incomplete, damaged or refused by each. A
// journal of another query or version is begun anew.
func openJournal[T any](path, query string, each func(T, int64) error) (*journal[T], error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	j := &journal[T]{file: f}
	if err := j.replay(query, each); err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: %w", path, err), f.Close())
	}
	return j, nil
}

func (j *journal[T]) replay(query string, each func(T, int64) error) error {
	good, err := readJournal(j.file, query, each)
	if err != nil {
		return err
	}
	if err := j.file.Truncate(good); err != nil {
		return err
	}
	if j.size, err = j.file.Seek(good, io.SeekStart); err != nil || good > 0 {
		return err
	}
	line, err := json.Marshal(header{journalVersion, query})
	if err != nil {
		return err
	}
	_, err = j.write(append(line, '\n'))
	return err
}

// readJournal returns the size of the part of a journal that counts. The error
// is one of reading.
func readJournal[T any](r io.Reader, query string, each func(T, int64) error) (int64, error) {
	in := bufio.NewReaderSize(r, longestLine)
	var good int64
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, bufio.ErrBufferFull):
			return good, nil
		case err != nil:
			return 0, err
		}
		if good == 0 {
			var h header
			if json.Unmarshal(line, &h) != nil || h.Journal != journalVersion || h.Query != query {
				return 0, nil
			}
		} else {
			var entry T
			if json.Unmarshal(line, &entry) != nil || each(entry, good) != nil {
				return good, nil
			}
		}
		good += int64(len(line))
	}
}

// append adds entries in one write and returns the offsets of their lines.
func (j *journal[T]) append(entries ...T) ([]int64, error) {
	var buf bytes.Buffer
	starts := make([]int64, len(entries))
	for i, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		if len(line) >= longestLine {
			return nil, fmt.Errorf("a line of %d bytes is too long for the journal", len(line))
		}
		starts[i] = int64(buf.Len())
		buf.Write(line)
		buf.WriteByte('\n')
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	base, err := j.write(buf.Bytes())
	if err != nil {
		return nil, err
	}
	for i := range starts {
		starts[i] += base
	}
	return starts, nil
}

// write adds bytes to the end and returns where they begin.
func (j *journal[T]) write(data []byte) (int64, error) {
	at := j.size
	n, err := j.file.WriteAt(data, at)
	if err != nil {
		// A half line must not stand between whole ones.
		return 0, errors.Join(err, j.file.Truncate(at))
	}
	j.size += int64(n)
	return at, nil
}

// at returns the entry of the line at an offset.
func (j *journal[T]) at(offset int64) (T, error) {
	var entry T
	line, err := bufio.NewReader(io.NewSectionReader(j.file, offset, longestLine)).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &entry)
	}
	if err != nil {
		return entry, fmt.Errorf("journal %s, offset %d: %w", j.file.Name(), offset, err)
	}
	return entry, nil
}

// close makes what is written durable.
func (j *journal[T]) close() error { return errors.Join(j.file.Sync(), j.file.Close()) }
