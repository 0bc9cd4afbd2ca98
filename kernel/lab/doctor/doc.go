// Package doctor looks for what keeps a clone's kernel from running, or from running well, and names the
// cure.
//
// Each check is a question with one answer: fine, a warning, or a failure. Nothing is repaired or changed;
// what is written to see whether it can be is removed at once.
package doctor
