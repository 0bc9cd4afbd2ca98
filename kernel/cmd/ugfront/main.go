//go:build unix

// Command ugfront stands before the programs that GoNB calls. Under the names go, goimports and gopls it
// lies first in the PATH of GoNB and has the kernel answer (see package gofront); what the kernel does not
// answer, and all that anyone else calls, it leaves to the real program by becoming it.
package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"

	"urbangraph/kernel/internal/frame"
)

// Environment variables, as in package gofront, which would make this program start later.
const (
	socketEnv = "UGKERNEL_FRONT" // path of the kernel's socket
	goEnv     = "UGKERNEL_GO"    // path of the real go command
	binEnv    = "UGKERNEL_BIN"   // folder with the real goimports and gopls
)

// cellPrefix starts the name of the folder that GoNB makes for a notebook.
const cellPrefix = "gonb_"

// dialLimit is how many seconds the kernel may take to accept.
const dialLimit = 10

func main() {
	program, args := base(os.Args[0]), os.Args[1:]
	if program == "gopls" && len(args) == 2 && args[0] == "-listen" && strings.Contains(args[1], "/"+cellPrefix) {
		return // GoNB starts it for completion, for which the kernel has a gopls of its own
	}
	if socket := os.Getenv(socketEnv); socket != "" {
		if dir, err := os.Getwd(); err == nil && answered(program, dir, args) {
			if code, ok := ask(socket, program, dir, args); ok {
				os.Exit(code)
			}
		}
	}
	os.Exit(become(program, args))
}

// answered reports whether the kernel answers this call.
func answered(program, dir string, args []string) bool {
	switch {
	case len(args) == 0:
		return false
	case program == "goimports":
		return args[0] == "-w"
	case program != "go":
		return false
	case args[0] == "env":
		return len(args) == 2 && args[1] == "GOROOT"
	case !strings.HasPrefix(base(dir), cellPrefix):
		return false
	case args[0] == "get":
		return len(args) == 1 || len(args) == 2 && args[1] == "-t"
	case args[0] == "mod":
		return len(args) == 3 && args[1] == "init"
	default:
		return args[0] == "build" || args[0] == "test"
	}
}

// ask has the kernel answer; ok is false when it does not.
func ask(socket, program, dir string, args []string) (code int, ok bool) {
	c, err := frame.Dial(socket, dialLimit)
	if err != nil {
		return 0, false
	}
	defer c.Close()
	message := append([]string{program, dir, strconv.Itoa(len(args))}, args...)
	if err := c.Send(append(message, os.Environ()...)...); err != nil {
		return 0, false
	}
	c.Limit(0) // a build may take its time
	for {
		part, _, err := c.Receive()
		switch {
		case err != nil || len(part) == 0:
			// Nothing of an answer, or a kernel that went away in the middle of it: both can be made up for.
			return 0, false
		case part[0] == "out" && len(part) == 2:
			os.Stdout.WriteString(part[1])
		case part[0] == "err" && len(part) == 2:
			os.Stderr.WriteString(part[1])
		case part[0] == "exit" && len(part) == 2:
			code, err := strconv.Atoi(part[1])
			return code, err == nil
		default:
			return 0, false
		}
	}
}

// become replaces this process by the real program; it returns an exit status when that fails.
func become(program string, args []string) int {
	real := os.Getenv(goEnv)
	if program != "go" {
		real = os.Getenv(binEnv) + "/" + program
	}
	if real == "" || real[0] != '/' || real == "/"+program {
		return complain("this " + program + " is the front of the notebook kernel and works only inside it; call the one of your Go installation")
	}
	if program == "go" {
		makeWay(args)
	}
	err := syscall.Exec(real, append([]string{real}, args...), os.Environ())
	return complain(real + ": " + err.Error() + "; run the set-up again: ugkernel lab")
}

// makeWay removes a link to the launcher that stands where the real go command is to write: it would write
// to what the link leads to.
func makeWay(args []string) {
	for i := 0; i+1 < len(args); i++ {
		if args[i] != "-o" {
			continue
		}
		if fi, err := os.Lstat(args[i+1]); err == nil && fi.Mode()&os.ModeSymlink != 0 {
			os.Remove(args[i+1])
		}
	}
}

// base is the last element of a path.
func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// complain says what is wrong and returns the exit status.
func complain(text string) int {
	os.Stderr.WriteString(text + "\n")
	return 127
}
