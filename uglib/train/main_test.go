package train

import (
	"context"
	"fmt"
	"os"
	"testing"

	"urbangraph/uglib/progress"
	"urbangraph/uglib/store"
)

// childRoot is the environment variable by which TestKilledProcess starts this
// program again to train in that store.
const childRoot = "UG_TEST_TRAIN_IN"

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if root := os.Getenv(childRoot); root != "" {
		return trainAndHang(root)
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

// trainAndHang trains a stage 2 run in a store and stands still
// after step 6, to be killed.
func trainAndHang(root string) int {
	ctx := store.With(context.Background(), store.At(root))
	ctx = progress.With(ctx, watch(func(step int) {
		if step == 6 {
			fmt.Println("step 6")
			select {}
		}
	}))
	var t testing.T
	_, err := Open(ctx, second(&t))
	fmt.Println(err)
	return 1
}
