// Package order lets the kernel know when a program is about to write to its standard error, so that what it
// has written to its standard output before can be read first. Two pipes by themselves do not tell which of
// them was written to first.
//
// On Linux the launcher installs a seccomp filter before it becomes the program of a cell: a write to file
// descriptor 2 then waits until the kernel has been told and lets it go on (SECCOMP_RET_USER_NOTIF). This
// costs such a write some ten microseconds and nothing else any. Where a filter is refused, and on other
// systems, nothing is known, and text of the two streams that is written at the same moment may change
// places.
//
// A user who is not root can install a filter only for programs that gain no rights by being started (see
// prctl(2), PR_SET_NO_NEW_PRIVS): sudo does not work in the programs of Go cells then. It does in shell
// lines. A notebook turns the filter off by %env UG_ORDER=off.
package order
