package nn

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"
)

// TestHugePages: large tensors that are read, or converted while read, lie in
// memory for which huge pages are asked.
func TestHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("the system has no huge pages to ask for")
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	const n = 3 << 20
	if err := SaveTensors(path, map[string]*tensors.Tensor{"x": tensors.FromFlatDataAndDimensions(make([]bfloat16.BFloat16, n), n)}, nil); err != nil {
		t.Fatal(err)
	}
	f, err := OpenTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	host, err := f.Read("x")
	if err != nil {
		t.Fatal(err)
	}
	wide, err := f.ReadOn(backend(t), "x", dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]*tensors.Tensor{"read": host, "converted": wide} {
		if err := x.ConstBytes(func(data []byte) {
			for _, at := range []int{0, len(data) / 2, len(data) - 1} {
				if flags := mappingFlags(t, uintptr(unsafe.Pointer(&data[at]))); !slices.Contains(flags, "hg") {
					t.Errorf("%s: byte %d of %d lies in memory with flags %v, want hg among them", name, at, len(data), flags)
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// mappingFlags gives VmFlags of the mapping that holds the address.
func mappingFlags(t *testing.T, address uintptr) []string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(text)) {
		var from, to uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			inside = from <= address && address < to
		} else if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && inside {
			return strings.Fields(flags)
		}
	}
	t.Fatalf("no mapping holds %#x", address)
	return nil
}
