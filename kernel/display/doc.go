// Package display is the kernel's side of what cells show: it reads the display pipe of
// [urbangraph/kernel/show] and the pipe of gonbui, and makes of both the same messages, ready to be
// published.
//
// [Scan] reads the display pipe. A [Pipe] stands between a program that uses gonbui and GoNB: displays go
// to the kernel, everything else (input, widgets, Sync) on to GoNB.
package display
