package gofront

import (
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"urbangraph/kernel/internal/frame"
)

// Environment variables by which the fronts find the daemon and the real programs. cmd/ugfront, which does
// not link this package, has copies.
const (
	SocketEnv  = "UGKERNEL_FRONT" // path of the daemon's socket
	realGoEnv  = "UGKERNEL_GO"    // path of the real go command
	realBinEnv = "UGKERNEL_BIN"   // folder with the real goimports and gopls
)

// request is what a front is asked.
type request struct {
	program string   // the name it was called by
	dir     string   // working folder
	args    []string // without the program
	env     []string // all of its environment
}

// errRequest is of a message that is no request.
var errRequest = errors.New("no request of a front")

// decodeRequest reads a front's message: program, folder, how many arguments follow, these, and the
// environment.
func decodeRequest(fields []string) (request, error) {
	if len(fields) < 3 {
		return request{}, errRequest
	}
	n, err := strconv.Atoi(fields[2])
	if err != nil || n < 0 || n > len(fields)-3 {
		return request{}, errRequest
	}
	return request{program: fields[0], dir: fields[1], args: fields[3 : 3+n], env: fields[3+n:]}, nil
}

// Words by which the parts of an answer begin.
const (
	tellOut   = "out"   // text for standard output
	tellErr   = "err"   // text for standard error
	tellExit  = "exit"  // the exit status, which is the end
	tellLeave = "leave" // the front is to become the real program
)

// answer is what a front gets. It may be written to concurrently.
type answer struct {
	mu sync.Mutex
	c  net.Conn
}

func (a *answer) tell(fields ...string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.c.SetWriteDeadline(time.Now().Add(tellLimit))
	_, err := a.c.Write(frame.Append(nil, fields...))
	return err
}

func (a *answer) exit(code int) { a.tell(tellExit, strconv.Itoa(code)) }
func (a *answer) leave()        { a.tell(tellLeave) }

// interrupted tells why a front gets no better answer, and returns the exit status.
func (a *answer) interrupted() int {
	a.tell(tellErr, errInterrupted.Error()+"\n")
	return 1
}

// stream is one of the two outputs of a front.
type stream struct {
	a    *answer
	word string
}

func (s stream) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := s.a.tell(s.word, string(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (a *answer) stdout() stream { return stream{a, tellOut} }
func (a *answer) stderr() stream { return stream{a, tellErr} }
