// Package state remembers a notebook between its cells: the names that bodies define, which come back in
// later cells, the declarations that GoNB has memorised, and the settings that were made by magics.
//
// Before a cell is composed, [Memory.Prepare] says what is added to it, so that it gets the names it uses
// and puts those it defines; when it has ended well, [Memory.Commit] takes over what it has put. What a
// user can rely on stands in STATE.md; how values travel in urbangraph/kernel/keep.
package state
