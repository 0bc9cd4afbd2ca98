//go:build unix

package main

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// guard waits until its input ends, which is when the kernel that started it has gone, however that came
// about. Then it kills the process groups that the kernel has named and not taken back, one a line as
// +GROUP and -GROUP, and removes the kernel's folder.
func guard(folder string) int {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	groups := map[int]bool{}
	var line []byte
	buf := make([]byte, 4096)
	for {
		n, err := os.Stdin.Read(buf)
		for _, c := range buf[:n] {
			if c != '\n' {
				line = append(line, c)
				continue
			}
			if len(line) > 1 {
				if g, err := strconv.Atoi(string(line[1:])); err == nil && g > 1 {
					if line[0] == '+' {
						groups[g] = true
					} else {
						delete(groups, g)
					}
				}
			}
			line = line[:0]
		}
		if err != nil {
			break
		}
	}
	for g := range groups {
		syscall.Kill(-g, syscall.SIGKILL)
	}
	// What was killed may still write for a moment.
	for range 20 {
		if os.RemoveAll(folder) == nil {
			if _, err := os.Lstat(folder); os.IsNotExist(err) {
				return 0
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return 1
}
