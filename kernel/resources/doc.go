// Package resources tells what a cell has used: time, processor, memory.
//
// A [Watcher] looks at the process of a cell from outside, so nothing is linked into the cell, and no
// other process has to wait for it. On Linux it reads /proc; elsewhere only the time is known.
package resources
