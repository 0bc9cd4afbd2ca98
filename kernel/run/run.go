package run

import (
	"errors"
	"os"
)

// Env is the environment variable that holds the path of the run socket. The launcher takes it out of the
// environment of what it starts.
const Env = "UGKERNEL_RUN"

// DisplayEnv is the variable that tells a program the number of the file that [Streams].Display became.
const DisplayEnv = "UG_DISPLAY"

// Kinds of launches.
const (
	Cell   = "cell"   // the program of a cell, which the launcher becomes
	Shell  = "shell"  // the command of a `!` line
	Script = "script" // the command of a `%%bash` or `%%script` cell, which reads the cell from its input
)

// Launch is a program that is about to run.
type Launch struct {
	Kind         string
	ID           string // of a shell or script launch: as given on the launcher's command line
	PID          int    // of the launcher; a cell's program keeps it, and it is its process group too
	Dir          string // working folder
	GonbPipe     string // GONB_PIPE and GONB_PIPE_BACK as GoNB set them, "" when it did not
	GonbPipeBack string
	Args         []string // of a cell: the program and its arguments
}

// Streams are what a program gets. The server closes the files once they are sent, or when that fails. A
// file that is nil leaves the program what the launcher has.
type Streams struct {
	Stdin, Stdout, Stderr *os.File
	Display               *os.File // inherited under a number that [DisplayEnv] tells
	GonbPipe              string   // GONB_PIPE of the program, "" to leave it
	Dir                   string   // working folder, "" to leave it
	Env                   []string // assignments added to the environment, "NAME=value"
	Command               []string // of a shell or script launch: the program and its arguments
}

// close closes the files.
func (s Streams) close() {
	for _, f := range s.files() {
		if f != nil {
			f.Close()
		}
	}
}

// files are the files in the order of their letters in the answer.
func (s Streams) files() [4]*os.File { return [4]*os.File{s.Stdin, s.Stdout, s.Stderr, s.Display} }

// letters name the files of an answer.
const letters = "ioed"

// Exit is how the command of a shell or script launch ended.
type Exit struct {
	Code   int    // exit status, 128 and the signal's number when a signal ended it
	Signal string // such as "killed", "" when none ended it
	Lost   bool   // the launcher went away without telling; the command may still run
}

// Handler decides about launches. Its functions may be called concurrently, and those that are nil are left out.
type Handler struct {
	// Start gives a program its files, or an error, with whose text the launcher ends instead of running it
	// (exit status 126).
	Start func(Launch) (Streams, error)
	// Started tells the process group of what was launched. For a cell that is l.PID, and it comes before
	// the program has begun.
	Started func(l Launch, group int)
	// Ended tells how the command of a shell or script launch ended. It comes once after each successful
	// Start of such a launch.
	Ended func(l Launch, e Exit)
}

// ErrRefused is for a Start that has no better reason.
var ErrRefused = errors.New("the kernel does not run this now")
