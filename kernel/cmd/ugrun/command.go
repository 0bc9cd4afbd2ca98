//go:build unix

package main

import (
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
)

// command runs the command that the kernel gives for a shell line or a script, in a process group of its
// own, and returns its exit status.
func command(kind, id string) int {
	g, conn, err := ask(kind, id, nil)
	if err != nil {
		return complain(exitRefused, err.Error())
	}
	if conn == nil || len(g.command) == 0 {
		return complain(exitNotFound, "ugrun "+kind+" "+id+": the kernel that has this command does not answer; run the cell again")
	}
	conn.Limit(0)
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	// The command ends with this process, which means: with the thread that starts it.
	runtime.LockOSThread()
	p, err := g.start()
	if err != nil {
		conn.Send("ended", strconv.Itoa(exitNotFound), "")
		return complain(exitNotFound, err.Error())
	}
	conn.Send("started", strconv.Itoa(p.Pid))
	go func() {
		for s := range signals {
			syscall.Kill(-p.Pid, s.(syscall.Signal))
		}
	}()
	state, err := p.Wait()
	if err != nil {
		return complain(exitNotFound, err.Error())
	}
	code, name := status(state.Sys().(syscall.WaitStatus))
	conn.Send("ended", strconv.Itoa(code), name)
	return code
}

// start starts the command.
func (g *grant) start() (*os.Process, error) {
	files := []*os.File{os.Stdin, os.Stdout, os.Stderr}
	for i, fd := range g.files[:3] {
		if fd >= 0 {
			files[i] = os.NewFile(uintptr(fd), "")
		}
	}
	env := g.environ()
	if d := g.files[3]; d >= 0 {
		files = append(files, os.NewFile(uintptr(d), ""))
		env = append(env, displayEnv+"=3")
	}
	program, err := find(g.command[0], env)
	if err != nil {
		return nil, err
	}
	return os.StartProcess(program, g.command, &os.ProcAttr{Dir: g.dir, Env: env, Files: files, Sys: attributes()})
}

// find looks a command up in the PATH of env.
func find(name string, env []string) (string, error) {
	if base(name) != name {
		return name, nil
	}
	path := ""
	for _, e := range env {
		if variable(e) == "PATH" && len(e) > 5 {
			path = e[5:]
		}
	}
	for len(path) > 0 {
		dir := path
		path = ""
		for i := range dir {
			if dir[i] == ':' {
				dir, path = dir[:i], dir[i+1:]
				break
			}
		}
		file := dir + "/" + name
		if fi, err := os.Stat(file); dir != "" && err == nil && fi.Mode().IsRegular() && fi.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", &os.PathError{Op: "start", Path: name, Err: os.ErrNotExist}
}

// status is the exit status of a command and the name of the signal that ended it, if one did.
func status(ws syscall.WaitStatus) (code int, name string) {
	if ws.Signaled() {
		return 128 + int(ws.Signal()), ws.Signal().String()
	}
	return ws.ExitStatus(), ""
}
