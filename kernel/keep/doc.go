// Package keep is linked into the programs that cells become: it carries names from one cell to the next.
//
// A cell ends with [Put] for each name that it defines and [Done]; a later cell begins with [Get] for each
// of these names that it uses. The values travel in files of a binary format of their own, where the
// variable UG_KEEP says; the kernel (urbangraph/kernel/state) decides what a cell puts and gets,
// and takes the files over when the cell ended well.
//
// A value is a graph: what is shared, or refers to itself, inside one value is so again when it comes back.
// Long slices of plain numbers are written from where they lie and mapped back, not copied. A value's file
// describes its types, so that a type which a cell has changed in the meantime is filled field by field.
//
// Linking is most of the time of a cell. So this package imports little, and never asks reflection for a
// method by name, which would keep the methods of all types in the program.
//
// All functions are for the goroutine that runs main; none may be called concurrently.
package keep
