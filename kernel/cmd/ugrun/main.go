//go:build unix

// Command ugrun starts what a notebook runs. GoNB starts it in place of the program of a cell, of a shell
// command, and of a script; it asks the kernel for the files that the program gets (see package run), so
// that the kernel reads what is printed by itself and in order.
//
//	X args...               a link to ugrun called X: becomes the program X.bin
//	ugrun shell ID          runs the command that the kernel gives under this ID
//	ugrun script ID [FILE]  the same for a script
//	ugrun guard FOLDER      waits for the end of the kernel and clears up what a killed one leaves
//
// When no kernel answers, the program of a cell is run as it is.
package main

import (
	"os"
	"runtime"
	"strconv"
	"syscall"

	"urbangraph/kernel/internal/frame"
)

// answerLimit is how many seconds the kernel has to answer.
const answerLimit = 5

// Names of variables and words, as in package run, which would make this program start later.
const (
	runEnv     = "UGKERNEL_RUN"
	displayEnv = "UG_DISPLAY"
	frontEnv   = "UGKERNEL_FRONT" // of the fronts, which answer GoNB and nobody else
	pipeEnv    = "GONB_PIPE"
	backEnv    = "GONB_PIPE_BACK"
)

// programSuffix ends the name of the program that stands beside a link to ugrun.
const programSuffix = ".bin"

// Exit statuses of the launcher itself, those of a shell.
const (
	exitRefused  = 126
	exitNotFound = 127
)

func main() {
	args := os.Args
	if len(args) >= 3 && base(args[0]) == "ugrun" && (args[1] == "shell" || args[1] == "script") {
		os.Exit(command(args[1], args[2]))
	}
	if len(args) == 3 && base(args[0]) == "ugrun" && args[1] == "guard" {
		os.Exit(guard(args[2]))
	}
	os.Exit(cell(args))
}

// cell becomes the program of a cell; it returns an exit status when that fails.
func cell(args []string) int {
	syscall.Setpgid(0, 0)
	program := args[0] + programSuffix
	g, conn, err := ask("cell", "", args)
	if conn != nil {
		conn.Close()
	}
	if err != nil {
		return complain(exitRefused, err.Error())
	}
	runtime.LockOSThread()
	env := g.prepare()
	announceErrors(os.Getenv(orderEnv))
	err = syscall.Exec(program, args, env)
	return complain(exitNotFound, program+": "+err.Error())
}

// grant is what the kernel gives a program.
type grant struct {
	files   [4]int // stdin, stdout, stderr, display; -1 where the launcher's own stays
	pipe    string
	dir     string
	env     []string
	command []string
}

// refusal is a reason for which the kernel does not run a program.
type refusal string

func (r refusal) Error() string { return string(r) }

// ask tells the kernel what is about to run. Without a kernel the grant changes nothing and conn is nil;
// the error is not nil only when the kernel refuses.
func ask(kind, id string, args []string) (g grant, conn *frame.Conn, err error) {
	g.files = [4]int{-1, -1, -1, -1}
	socket := os.Getenv(runEnv)
	if socket == "" {
		return g, nil, nil
	}
	c, err := frame.Dial(socket, answerLimit)
	if err != nil {
		return g, nil, nil
	}
	dir, _ := os.Getwd()
	hello := []string{"launch", kind, id, strconv.Itoa(os.Getpid()), dir, os.Getenv(pipeEnv), os.Getenv(backEnv)}
	if err := c.Send(append(hello, args...)...); err != nil {
		c.Close()
		return g, nil, nil
	}
	fields, files, err := c.Receive()
	if err != nil {
		c.Close()
		return g, nil, nil
	}
	if len(fields) == 2 && fields[0] == "refused" {
		return g, c, refusal(fields[1])
	}
	if !g.read(fields, files) {
		c.Close()
		return grant{files: [4]int{-1, -1, -1, -1}}, nil, nil
	}
	return g, c, nil
}

// read takes the kernel's answer apart.
func (g *grant) read(fields []string, files []int) bool {
	if len(fields) < 5 || fields[0] != "run" || len(fields[1]) != len(files) {
		return false
	}
	n, err := strconv.Atoi(fields[4])
	if err != nil || n < 0 || n > len(fields)-5 {
		return false
	}
	for i := range files {
		switch fields[1][i] {
		case 'i':
			g.files[0] = files[i]
		case 'o':
			g.files[1] = files[i]
		case 'e':
			g.files[2] = files[i]
		case 'd':
			g.files[3] = files[i]
		}
	}
	g.pipe, g.dir, g.env, g.command = fields[2], fields[3], fields[5:5+n], fields[5+n:]
	return true
}

// prepare puts the files, the folder and the environment in place for a program that replaces this
// process, and returns that environment.
func (g *grant) prepare() []string {
	for to, from := range g.files[:3] {
		if from >= 0 {
			redirect(from, to)
		}
	}
	env := g.environ()
	if d := g.files[3]; d >= 0 {
		keepOpen(d)
		env = append(env, displayEnv+"="+strconv.Itoa(d))
	}
	if g.dir != "" {
		os.Chdir(g.dir)
	}
	return env
}

// environ is the environment of the program, without the display.
func (g *grant) environ() []string {
	set := append([]string(nil), g.env...)
	if g.pipe != "" {
		set = append(set, pipeEnv+"="+g.pipe)
	}
	env := make([]string, 0, 64)
	for _, e := range os.Environ() {
		name := variable(e)
		if name == runEnv || name == frontEnv || name == orderEnv {
			continue
		}
		replaced := false
		for _, s := range set {
			replaced = replaced || variable(s) == name
		}
		if !replaced {
			env = append(env, e)
		}
	}
	return append(env, set...)
}

// variable is the name in an assignment.
func variable(e string) string {
	for i := 1; i < len(e); i++ {
		if e[i] == '=' {
			return e[:i]
		}
	}
	return e
}

// base is the last element of a path.
func base(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}

// keepOpen leaves a file open for the program that replaces this process.
func keepOpen(fd int) { syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_SETFD, 0) }

// complain says what is wrong and returns the exit status.
func complain(status int, text string) int {
	os.Stderr.WriteString(text + "\n")
	return status
}
