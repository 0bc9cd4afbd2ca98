//go:build unix

package gofront

import (
	"fmt"
	"os"
	"syscall"
)

// become replaces this process by the program; it returns only when that fails.
func become(program string, args, env []string) int {
	err := syscall.Exec(program, append([]string{program}, args...), env)
	fmt.Fprintf(os.Stderr, "%s: %v; run the set-up again: ugkernel lab\n", program, err)
	return 127
}
