// Package history remembers the cells that were run, in this session and earlier ones, as Jupyter's
// history_request asks for them.
//
// The history of all sessions is one file with a JSON object a line, which several kernels may append to.
package history
