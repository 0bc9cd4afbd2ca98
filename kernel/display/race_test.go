//go:build race

package display

// raced: values within values take the race detector minutes.
const raced = true
