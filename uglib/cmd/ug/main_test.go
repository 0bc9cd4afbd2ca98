package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"urbangraph/uglib/store"
)

// sharedHome is the store of the tests that train, so that they train once.
var sharedHome = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "ug-test-") })

// asProgram makes the test's own binary the program, for commands that run
// themselves.
const asProgram = "UG_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	code := m.Run()
	if home, err := sharedHome(); err == nil {
		if err := os.RemoveAll(home); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// small are the flags of a model that trains in a second, on the made-up grid.
var small = []string{
	"--osm", grid, "--count", "100", "--size", "64x48",
	"--steps", "6,4", "--batch", "8", "--validate", "3", "--hidden", "32", "--layers", "1", "--vision-layers", "1",
	"--vocabulary", "512", "--max-pixels", "3136", "--rank", "4",
}

// inSharedHome makes the shared store the default one, and returns a command
// line of a command with the flags of the small model.
func inSharedHome(t *testing.T) func(command ...string) []string {
	t.Helper()
	home, err := sharedHome()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(store.HomeVariable, home)
	t.Setenv("UG_FAST", "1")
	return func(command ...string) []string { return append(command, small...) }
}

// write makes a file in a folder of the test's.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
