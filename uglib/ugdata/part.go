package ugdata

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"urbangraph/uglib/store"
)

// Part is a described job.
type Part struct {
	Number  int // of the job
	City    int
	Places  []Place   // images by their names in the set of views
	Samples []Sample  // Place counts within the part
	Skipped []Skipped // views that could not be described
	Cleared int       // paths left out because they lead to places of another split
}

// partHeader comes before a part.
type partHeader struct {
	Code   string // version of the code that made it
	Number int
}

// largestPart bounds what reading a part may take, in bytes.
const largestPart = 4 << 30

// EncodePart writes a part for [DecodePart]. The form is that of one build: it
// is read by the version of the code that wrote it.
func EncodePart(w io.Writer, p *Part) error {
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	enc := gob.NewEncoder(z)
	if err := errors.Join(enc.Encode(partHeader{store.CodeVersion(), p.Number}), enc.Encode(p)); err != nil {
		return errors.Join(fmt.Errorf("ugdata: part %d: %w", p.Number, err), z.Close())
	}
	return z.Close()
}

// DecodePart reads what [EncodePart] wrote. Anything else is an error.
func DecodePart(r io.Reader) (*Part, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(largestPart))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	dec := gob.NewDecoder(io.LimitReader(z, largestPart))
	var h partHeader
	if err := dec.Decode(&h); err != nil {
		return nil, fmt.Errorf("ugdata: a part is damaged: %w", err)
	}
	if have := store.CodeVersion(); h.Code != have {
		return nil, fmt.Errorf("ugdata: part %d was made by %s, this is %s", h.Number, h.Code, have)
	}
	p := &Part{}
	if err := dec.Decode(p); err != nil {
		return nil, fmt.Errorf("ugdata: part %d is damaged: %w", h.Number, err)
	}
	for i := range p.Samples {
		if s := &p.Samples[i]; s.Place < 0 || s.Place >= len(p.Places) {
			return nil, fmt.Errorf("ugdata: part %d is damaged: sample %d is of place %d of %d", h.Number, i, s.Place, len(p.Places))
		}
	}
	return p, nil
}

// Parts is a folder of the parts of one build, so that one that was interrupted
// goes on where it was, and that machines which see the folder share the work.
type Parts string

func (f Parts) path(n int) string { return filepath.Join(string(f), fmt.Sprintf("%07d.part", n)) }

// Write keeps a part, whole or not at all; the folder is made if need be.
func (f Parts) Write(p *Part) error {
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return fmt.Errorf("ugdata: %w", err)
	}
	return writeFile(f.path(p.Number), func(w io.Writer) error { return EncodePart(w, p) })
}

// Read returns a part.
func (f Parts) Read(n int) (*Part, error) {
	data, err := os.ReadFile(f.path(n))
	if err != nil {
		return nil, fmt.Errorf("ugdata: %w", err)
	}
	return DecodePart(bytes.NewReader(data))
}

// Has reports whether a job is described already: its part is there and whole,
// which checksums tell.
func (f Parts) Has(j *Job) bool {
	p, err := f.Read(j.Number)
	return err == nil && p.Number == j.Number && p.City == j.City && len(p.Places)+len(p.Skipped) == len(j.Views)
}

// Outline is what putting parts together needs beside them.
type Outline struct {
	Jobs    int
	Views   int       // of all jobs
	Surveys []*Survey // without their anchors
}

// NewOutline takes from surveys and jobs what an [Assembler] needs.
func NewOutline(surveys []*Survey, jobs []Job) *Outline {
	o := &Outline{Jobs: len(jobs)}
	for _, s := range surveys {
		o.Surveys = append(o.Surveys, &Survey{City: s.City, Name: s.Name, Views: s.Views, Skipped: s.Skipped})
	}
	for i := range jobs {
		o.Views += len(jobs[i].Views)
	}
	return o
}

func (f Parts) outline() string { return filepath.Join(string(f), "outline") }

// WriteOutline keeps the outline of the build.
func (f Parts) WriteOutline(o *Outline) error {
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return fmt.Errorf("ugdata: %w", err)
	}
	return writeFile(f.outline(), func(w io.Writer) error { return gob.NewEncoder(w).Encode(o) })
}

// ReadOutline returns it.
func (f Parts) ReadOutline() (*Outline, error) {
	data, err := os.ReadFile(f.outline())
	if err != nil {
		return nil, fmt.Errorf("ugdata: %w", err)
	}
	o := &Outline{}
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(o); err != nil {
		return nil, fmt.Errorf("ugdata: %s is damaged: %w", f.outline(), err)
	}
	return o, nil
}

// Done returns how many parts are there.
func (f Parts) Done() int {
	all, err := filepath.Glob(filepath.Join(string(f), "*.part"))
	if err != nil {
		return 0
	}
	return len(all)
}

// Remove deletes the folder.
func (f Parts) Remove() error {
	if err := os.RemoveAll(string(f)); err != nil {
		return fmt.Errorf("ugdata: %w", err)
	}
	return nil
}
