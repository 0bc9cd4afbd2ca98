//go:build unix && !linux

package main

// orderEnv is the variable that holds the path of the kernel's socket for the order of output.
const orderEnv = "UGKERNEL_ORDER"

// announceErrors does nothing: the system has no way for it.
func announceErrors(string) {}
