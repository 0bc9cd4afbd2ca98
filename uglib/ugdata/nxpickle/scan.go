package nxpickle

import (
	"encoding/binary"
	"fmt"
	"math"
)

// argument says what follows an instruction.
type argument uint8

const (
	refused  argument = iota // the instruction is not taken
	nothing                  // no argument
	fixed1                   // so many bytes
	fixed2                   //
	fixed4                   //
	fixed8                   //
	counted1                 // a length of one byte, and so many bytes
	counted4                 //
	counted8                 //
	names                    // two lines, module and name
	protocol                 // one byte
	frame                    // eight bytes: how long the frame is
	get1                     // index of the memo
	get4                     //
	put1                     //
	put4                     //
	memoize                  //
	long                     // a length of one byte, and an integer of so many bytes
)

// Memory that building a value takes, in bytes, at most about: an instruction
// puts an interface on the stack and into a container, with what it points to;
// a container reserves room.
const (
	instructionCost = 96
	containerCost   = 416
)

// mostMarks is how deep containers may nest while they are built.
const mostMarks = 4096

// longestInteger is how many bytes an integer may have.
const longestInteger = 64

// instructions lists what a pickle of protocol 2 to 5 of plain data holds. Not
// among them, and so refused: persistent ids, the extension registry, buffers out
// of band, the text instructions of protocol 0 and its way to make objects.
var instructions = [256]argument{
	'(': nothing, '.': nothing, '0': nothing, '1': nothing, '2': nothing,
	'N': nothing, 0x88: nothing, 0x89: nothing,
	'J': fixed4, 'K': fixed1, 'M': fixed2, 0x8a: long, 'G': fixed8,
	'T': counted4, 'U': counted1, 'X': counted4, 0x8c: counted1, 0x8d: counted8,
	'B': counted4, 'C': counted1, 0x8e: counted8, 0x96: counted8,
	'}': nothing, ']': nothing, ')': nothing, 0x8f: nothing,
	'd': nothing, 'l': nothing, 't': nothing, 0x85: nothing, 0x86: nothing, 0x87: nothing, 0x91: nothing,
	'a': nothing, 'e': nothing, 's': nothing, 'u': nothing, 0x90: nothing,
	'c': names, 0x93: nothing, 'R': nothing, 'b': nothing, 0x81: nothing,
	'h': get1, 'j': get4, 'q': put1, 'r': put4, 0x94: memoize,
	0x80: protocol, 0x95: frame,
}

// heads are the bytes of an instruction with the fixed part of its argument.
var heads = [...]uint8{
	nothing: 1, fixed1: 2, fixed2: 3, fixed4: 5, fixed8: 9, counted1: 2, counted4: 5, counted8: 9, protocol: 2, frame: 9,
	get1: 2, get4: 5, put1: 2, put4: 5, memoize: 1, long: 2,
}

// builds are the instructions that make a container, and those that take all
// that stands behind the last mark.
var (
	builds = [256]bool{'(': true, '}': true, ']': true, ')': true, 0x8f: true, 'd': true, 'l': true, 't': true, 0x85: true, 0x86: true, 0x87: true, 0x91: true, 'R': true, 0x81: true}
	unmark = [256]bool{'1': true, 'd': true, 'l': true, 't': true, 'e': true, 'u': true, 0x90: true, 0x91: true}
)

// program is a pickle that was looked through: its instructions without the
// frames around them.
type program struct {
	code []byte
	cuts []cut
}

// cut is where a frame began: from this place on in code, an instruction stands
// so much later in the file.
type cut struct{ at, shift int }

// offset returns where in the file the byte at a place of the code stands.
func (p *program) offset(at int) int64 {
	shift := 0
	for _, c := range p.cuts {
		if c.at > at {
			break
		}
		shift = c.shift
	}
	return int64(at + shift)
}

// scan looks through a pickle without building anything, as far as its end. It
// reuses the memory of data.
func scan(data []byte, memory int64) (*program, error) {
	p := &program{code: data[:0]}
	var cost int64
	marks, memo := 0, 0
	for pos := 0; pos < len(data); {
		op := data[pos]
		fail := func(format string, args ...any) error {
			return &Error{Offset: int64(pos), Err: fmt.Errorf(format, args...)}
		}
		size, err := length(data[pos:], memo)
		if err != nil {
			return nil, &Error{Offset: int64(pos), Err: err}
		}
		if op == 0x95 { // the frame's own bytes are looked through next
			p.cuts = append(p.cuts, cut{len(p.code), pos + size - len(p.code)})
			pos += size
			continue
		}
		cost += instructionCost + 2*int64(size)
		if builds[op] {
			cost += containerCost
		}
		if cost > memory {
			return nil, fail("its values would take more than %d MB of memory", memory>>20)
		}
		switch {
		case op == '(':
			marks++
		case unmark[op]:
			marks--
		case instructions[op] == put1, instructions[op] == put4:
			if at := memoIndex(data[pos:]); at == memo {
				memo++
			}
		case op == 0x94:
			memo++
		}
		if marks < 0 || marks > mostMarks {
			return nil, fail("the marks around its containers do not match or are more than %d deep", mostMarks)
		}
		p.code = append(p.code, data[pos:pos+size]...)
		pos += size
		if op == '.' {
			return p, nil
		}
	}
	return nil, &Error{Offset: int64(len(data)), Err: errTruncated}
}

// length returns how many bytes the instruction at the head of data takes.
func length(data []byte, memo int) (int, error) {
	kind := instructions[data[0]]
	room := func(n uint64) (int, error) {
		if n > uint64(len(data)) {
			return 0, errTruncated
		}
		return int(n), nil
	}
	need := uint64(heads[kind])
	if n, err := room(need); err != nil {
		return n, err
	}
	switch kind {
	case refused:
		return 0, fmt.Errorf("instruction 0x%02x (%q) is not taken; write the graph again with pickle protocol 2 to 5 and plain attributes", data[0], data[0])
	case counted1:
		return room(2 + uint64(data[1]))
	case counted4:
		return room(5 + uint64(binary.LittleEndian.Uint32(data[1:])))
	case counted8:
		n := binary.LittleEndian.Uint64(data[1:])
		if n > math.MaxInt64/2 {
			return 0, errTruncated
		}
		return room(9 + n)
	case long:
		if data[1] == 0 || data[1] > longestInteger {
			return 0, fmt.Errorf("an integer of %d bytes", data[1])
		}
		return room(2 + uint64(data[1]))
	case names:
		for i, lines := 1, 0; i < len(data); i++ {
			if data[i] != '\n' {
				continue
			}
			if lines++; lines == 2 {
				return i + 1, nil
			}
		}
		return 0, errTruncated
	case protocol:
		if data[1] < 2 || data[1] > 5 {
			return 0, fmt.Errorf("pickle protocol %d; 2 to 5 are read", data[1])
		}
	case frame:
		if n := binary.LittleEndian.Uint64(data[1:]); n > uint64(len(data)) {
			return 0, errTruncated
		}
	case get1, get4:
		if at := memoIndex(data); at >= memo {
			return 0, fmt.Errorf("it refers to value %d, of which there are %d yet", at, memo)
		}
	case put1, put4:
		if at := memoIndex(data); at > memo {
			return 0, fmt.Errorf("it numbers a value %d, after %d others", at, memo)
		}
	}
	return int(need), nil
}

// memoIndex returns the argument of an instruction that reads or sets the memo.
func memoIndex(data []byte) int {
	if k := instructions[data[0]]; k == get1 || k == put1 {
		return int(data[1])
	}
	return int(binary.LittleEndian.Uint32(data[1:]))
}

// instruction returns where in the file the instruction stands that holds the
// byte at a place of the code.
func (p *program) instruction(at int) int64 {
	start := 0
	for start < len(p.code) {
		size, err := length(p.code[start:], math.MaxInt)
		if err != nil || start+size > at {
			break
		}
		start += size
	}
	return p.offset(start)
}
