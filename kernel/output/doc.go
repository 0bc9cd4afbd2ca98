// Package output reads what a running cell prints and shows, and hands it on in the order of writing.
//
// A cell gets the write ends of three pipes: its standard output, its standard error, and the display pipe
// of [urbangraph/kernel/show]. The client leaves a mark in standard output behind each frame that it has
// put into the display pipe, so that text and displays keep their order. Displays of gonbui come another
// way; before one is handed on, [Output.Show] hands on what was printed before it.
//
// Text is handed on in whole characters. Standard error is watched for the beginning of a panic: from
// there on it is held back, since it becomes the traceback of the cell's error.
package output
