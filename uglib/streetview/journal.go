package streetview

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"sync"
)

// journalFile holds what the files of a set that is being made gave so far, so
// that an interrupted build does not read them again. It is removed when all
// are read.
const journalFile = "reading.jsonl"

// journal notes what each image file gave.
type journal struct {
	path string
	done map[string]looked // by file, of an earlier build
	mu   sync.Mutex
	file *os.File
	w    *bufio.Writer
	new  int
}

// entry is a line of the journal.
type entry struct {
	File string
	View *View    `json:",omitempty"` // nil if it is skipped
	Skip *Skipped `json:",omitempty"`
	How  how
}

// openJournal reads what there is; a last line that was cut off does not count.
func openJournal(path string) (*journal, error) {
	j := &journal{path: path, done: map[string]looked{}}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bufio.NewReader(f))
	for {
		var e entry
		if dec.Decode(&e) != nil {
			break
		}
		l := looked{how: e.How}
		switch {
		case e.View != nil:
			l.view = *e.View
		case e.Skip != nil:
			l.skip = *e.Skip
		}
		j.done[e.File] = l
	}
	if err := f.Truncate(dec.InputOffset()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	j.file, j.w = f, bufio.NewWriter(f)
	_, err = j.w.WriteString("\n")
	return j, err
}

// note adds what a file gave.
func (j *journal) note(file string, l looked) error {
	e := entry{File: file, How: l.how}
	if l.skip.File != "" {
		e.Skip = &l.skip
	} else {
		e.View = &l.view
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.w.Write(append(line, '\n'))
	if j.new++; j.new%64 == 0 {
		return j.w.Flush()
	}
	return nil
}

// close keeps the journal for a build that goes on from here, or removes it.
func (j *journal) close(keep bool) error {
	err := errors.Join(j.w.Flush(), j.file.Close())
	if keep {
		return err
	}
	if rm := os.Remove(j.path); rm != nil && !errors.Is(rm, fs.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}
