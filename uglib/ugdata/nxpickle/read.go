package nxpickle

import (
	"errors"
	"fmt"
	"io"

	"github.com/nlpodyssey/gopickle/pickle"
)

// Limits bound what reading a file may take. The zero value of a field means
// its default.
type Limits struct {
	Bytes  int64 // of the file; default 256 MiB
	Memory int64 // of the values while they are built, about; default 2 GiB
}

func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = 256 << 20
	}
	if l.Memory == 0 {
		l.Memory = 2 << 30
	}
	return l
}

// File is what a graph file of the UGE reference holds.
type File struct {
	Graph *Graph
	// Centers are the nodes in the middle: those under "center_nodes", else the
	// graph's attribute central_node_id or central_node. Usually there is one, or
	// the file does not say.
	Centers []ID
}

// Error says where in a file a pickle is not as it should be.
type Error struct {
	Offset int64 // in bytes from the start of the file
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("pickle: byte %d: %v", e.Offset, e.Err) }

// Unwrap returns what is wrong there.
func (e *Error) Unwrap() error { return e.Err }

var errTruncated = errors.New("the file ends in the middle")

// integers must have 64 bits, as gopickle has them as int: this does not
// compile where they have fewer.
const _ = uint(1<<64 - 1)

// Is reports whether a file that begins so is a pickle that [Read] may read.
func Is(head []byte) bool { return len(head) >= 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5 }

// Read reads a graph: a pickle of a graph, of {"subgraph": graph,
// "center_nodes": [...]} or of {"subgraph_data": {"subgraph": graph}}. The error
// is an *[Error] where the place in the file is known. What stands behind the
// pickle in r is not looked at.
func Read(r io.Reader, l Limits) (*File, error) {
	l = l.withDefaults()
	data, err := io.ReadAll(io.LimitReader(r, l.Bytes+1))
	if err != nil {
		return nil, fmt.Errorf("pickle: %w", err)
	}
	if int64(len(data)) > l.Bytes {
		return nil, fmt.Errorf("pickle: the file has more than %d MB", l.Bytes>>20)
	}
	if !Is(data) {
		return nil, &Error{Err: errors.New("this is no pickle of protocol 2 to 5")}
	}
	code, err := scan(data, l.Memory)
	if err != nil {
		return nil, err
	}
	value, err := load(code)
	if err != nil {
		return nil, err
	}
	c := converter{left: l.Memory / instructionCost}
	file, err := c.file(value)
	if err != nil {
		return nil, fmt.Errorf("pickle: %w", err)
	}
	return file, nil
}

// load builds the values of a pickle. What gopickle panics on is an error.
func load(p *program) (value any, err error) {
	in := &reader{data: p.code}
	defer func() {
		if x := recover(); x != nil {
			value, err = nil, &Error{Offset: p.instruction(in.pos - 1), Err: fmt.Errorf("damaged: %v", x)}
		}
	}()
	u := pickle.NewUnpickler(in)
	u.FindClass = findClass
	value, err = u.Load()
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errTruncated
		}
		return nil, &Error{Offset: p.instruction(in.pos - 1), Err: short(err)}
	}
	return value, nil
}

// short cuts an error that quotes a long value.
func short(err error) error {
	const most = 300
	if s := err.Error(); len(s) > most {
		return errors.New(s[:most] + "...")
	}
	return err
}

// reader reads bytes and knows how far it is.
type reader struct {
	data []byte
	pos  int
}

// ReadByte implements [io.ByteReader].
func (r *reader) ReadByte() (byte, error) {
	if r.pos == len(r.data) {
		return 0, io.EOF
	}
	r.pos++
	return r.data[r.pos-1], nil
}

// Read implements [io.Reader].
func (r *reader) Read(p []byte) (int, error) {
	if r.pos == len(r.data) {
		return 0, io.EOF
	}
	n := copy(p, r.data[r.pos:])
	r.pos += n
	return n, nil
}
