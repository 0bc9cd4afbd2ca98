package train

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"urbangraph/uglib/progress"
	"urbangraph/uglib/store"
)

// Environment variables by which TestKilledProcess starts this program again
// to train a run in a store.
const (
	childRoot = "UG_TEST_TRAIN_IN"
	childSpec = "UG_TEST_TRAIN_SPEC"
)

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if root := os.Getenv(childRoot); root != "" {
		return trainAndHang(root, os.Getenv(childSpec))
	}
	dir, err := os.MkdirTemp("", "train-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	shared = dir
	return m.Run()
}

// trainAndHang trains the run of a spec in JSON in a store and stands still
// after step 6, to be killed.
func trainAndHang(root, text string) int {
	var spec Spec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		fmt.Println(err)
		return 1
	}
	ctx := store.With(context.Background(), store.At(root))
	ctx = progress.With(ctx, watch(func(step int) {
		if step == 6 {
			fmt.Println("step 6")
			select {}
		}
	}))
	_, err := Open(ctx, spec)
	fmt.Println(err)
	return 1
}
