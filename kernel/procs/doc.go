// Package procs finds and ends the processes that cells leave behind.
//
// A cell can start programs, and those others; an interrupt has to reach all of them, also those whose
// parent has ended already. On Linux they are found in /proc, elsewhere by ps.
package procs
