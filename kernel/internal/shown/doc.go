// Package shown is the form in which a cell's displays travel to the kernel: frames on a pipe that the
// program inherits, and marks in its standard output that say where among the text each one belongs.
//
// A frame is a length of four bytes (big endian, of what follows), then
//
//	sequence number  4 bytes, counted from 1 in each program
//	kind             1 byte
//	wait             1 byte, 0 or 1
//	id, type         strings
//	data, metadata   two lists: 4 bytes of count, then for each part its name, coding (1 byte) and value
//
// where strings and values are 4 bytes of length and as many bytes. The mark of a frame is written to
// standard output after the frame has been written to the pipe, by one write.
//
// The package is linked into cells, so it needs little of the standard library.
package shown
