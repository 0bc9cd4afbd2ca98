// Package cell understands the text of a notebook cell: which lines are magics, which are Go declarations
// and which are statements, what names the statements define and use, and how all of it is written down
// for GoNB so that compile errors and stack traces name the lines of the user.
//
// Its one idea: a cell is cut into top-level items by its tokens, each item is a special line, a
// declaration or a statement, and the two Go parts are parsed as the two files that Go would accept.
// All offsets stay those of the source.
//
// # What a cell may hold
//
// A cell of declarations only means what it means to GoNB. A cell with a line %% (or %main, %exec f) has
// declarations above it and a body below it. Every other cell with statements gets its body by itself: it
// begins at the first statement. Functions, methods and imports may also stand between statements, and in
// a cell without %% so may types and constants that need nothing of the body; all these become
// declarations that later cells see. Other types are local, see [Cell.LocalTypes]. Variables called _
// begin the body, because GoNB would never forget them.
//
// # What GoNB gets
//
// [Cell.Compose] does not use GoNB's %% but writes the body as a function of its own, [Main], which a main
// of one line calls. GoNB counts the lines of each declaration by positions that line directives change,
// and ends when a declaration seems to end before it begins; inside main, whose comment it drops, no
// directive would be safe. Types, constants, variables and imports come first, in front of all
// directives, so that GoNB's "Cell[n]: Line m" counts lines of the composed text; [Program.Line] maps
// them. A text composed for a cell with Go always replaces the body of the cell before.
//
// Positions in the cell read /cell/<ID>:<line>:<column>, those in what the kernel has added /cell/ug:...
// GoNB takes any line for a magic that begins with % or !, and drops any that begins with package, though
// it lie in a raw string: such raw strings are written in parts, with the same value.
package cell
