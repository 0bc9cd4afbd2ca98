// Package trace turns what the Go compiler and the Go runtime say into the errors of notebook cells.
//
// Cells are compiled with line directives that name the cell, so a position reads /cell/<id>:<line>. Where
// no directive can stand, in types, variables and imports, GoNB's own annotation says which of its cells a
// position belongs to. Both become "Cell[3]: Line 5", with the execution count that the notebook shows.
package trace
