//go:build unix

package nn

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"golang.org/x/sys/unix"
)

// BenchmarkLoad compares loading a sharded checkpoint of random weights, every
// page of it looked at, with reading its files in a loop, both from the page
// cache. UG_LOAD_MIB is the checkpoint's size, 64 by default:
//
//	UG_LOAD_MIB=4096 go test -run '^$' -bench Load -benchtime 5x ./uglib/nn
//
// Each load has a process of its own, as a program loads its weights once: the
// memory that a second load finds is made already. Memory that the system has
// lent to the host of a virtual machine is fetched back before; getting that
// took the tenfold of reading.
func BenchmarkLoad(b *testing.B) {
	mib := 64
	if text := os.Getenv("UG_LOAD_MIB"); text != "" {
		var err error
		if mib, err = strconv.Atoi(text); err != nil || mib < 16 {
			b.Fatalf("UG_LOAD_MIB=%q; want a number from 16", text)
		}
	}
	for _, file := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
		dir := randomCheckpoint(b, file, mib)
		for _, c := range []struct {
			name, backend string
			dtype         dtypes.DType
		}{
			{"mapped by the pure Go backend", "go", file},
			{"into host memory", "", file},
			{"as float32 for the pure Go backend", "go", dtypes.Float32},
		} {
			if c.dtype == file && c.name[0] == 'a' {
				continue // the same as mapped
			}
			b.Run(fmt.Sprintf("%s %s", file, c.name), func(b *testing.B) {
				var reading, loading time.Duration
				for range b.N {
					cmd := exec.Command(os.Args[0], "-test.run=^TestLoadOnce$")
					cmd.Env = append(os.Environ(), loadOnce+"="+fmt.Sprintf("%s %s %d %q", c.dtype, dir, mib*c.dtype.Size()/file.Size(), c.backend))
					out, err := cmd.CombinedOutput()
					var r, l time.Duration
					if _, e := fmt.Sscan(string(out), &r, &l); err != nil || e != nil {
						b.Fatalf("%v, %v: %s", err, e, out)
					}
					reading, loading = reading+r, loading+l
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(reading.Seconds()/float64(b.N), "s-reading")
				b.ReportMetric(loading.Seconds()/float64(b.N), "s-loading")
				b.ReportMetric(loading.Seconds()/reading.Seconds(), "ratio")
			})
		}
	}
}

// loadOnce is the variable that says to TestLoadOnce what to load.
const loadOnce = "UG_LOAD_ONCE"

// TestLoadOnce is the process of [BenchmarkLoad] that loads.
func TestLoadOnce(t *testing.T) {
	text, asked := os.LookupEnv(loadOnce)
	if !asked {
		t.Skip("a part of BenchmarkLoad")
	}
	var typeName, dir, backendName string
	var mib int
	if _, err := fmt.Sscanf(text, "%s %s %d %q", &typeName, &dir, &mib, &backendName); err != nil {
		t.Fatal(err)
	}
	dtype, err := dtypes.DTypeString(typeName)
	if err != nil {
		t.Fatal(err)
	}
	var on compute.Backend
	if backendName != "" {
		on = backend(t)
	}
	fetchMemory(t, mib<<20)
	start := time.Now()
	readAll(t, dir)
	reading := time.Since(start)
	start = time.Now()
	store := model.NewStore()
	if err := LoadStore(store, dir, LoadOptions{DType: dtype, Backend: on}); err != nil {
		t.Fatal(err)
	}
	touch(t, store)
	fmt.Println(reading.Nanoseconds(), time.Since(start).Nanoseconds())
}

// fetchMemory uses as much memory and gives it back to the system.
func fetchMemory(t *testing.T, size int) {
	data, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	preferHugePages(data)
	for i := 0; i < size; i += 4096 {
		data[i] = 1
	}
	if err := unix.Munmap(data); err != nil {
		t.Fatal(err)
	}
}

// randomCheckpoint writes two shards with their index, of so many MiB together.
func randomCheckpoint(b *testing.B, dtype dtypes.DType, mib int) string {
	b.Helper()
	const each = 4 << 20 // bytes of a tensor
	rng := rand.New(rand.NewPCG(1, 2))
	var x *tensors.Tensor
	if dtype == dtypes.BFloat16 {
		values := make([]bfloat16.BFloat16, each/2)
		for i := range values {
			values[i] = bfloat16.FromFloat32(rng.Float32())
		}
		x = tensors.FromFlatDataAndDimensions(values, 1024, each/2/1024)
	} else {
		values := make([]float32, each/4)
		for i := range values {
			values[i] = rng.Float32()
		}
		x = tensors.FromFlatDataAndDimensions(values, 1024, each/4/1024)
	}
	dir := b.TempDir()
	index := `{"weight_map":{`
	for i, name := range []string{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"} {
		all := map[string]*tensors.Tensor{}
		for k := range mib / 2 / 4 {
			key := fmt.Sprintf("model.layers.%d.weight", i*mib+k)
			all[key] = x
			index += fmt.Sprintf("%q:%q,", key, name)
		}
		if err := SaveTensors(filepath.Join(dir, name), all, nil); err != nil {
			b.Fatal(err)
		}
	}
	index = index[:len(index)-1] + "}}"
	if err := os.WriteFile(filepath.Join(dir, "model"+indexSuffix), []byte(index), 0o644); err != nil {
		b.Fatal(err)
	}
	readAll(b, dir)
	return dir
}

// readAll reads the shards as cat does.
func readAll(b testing.TB, dir string) {
	b.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	buf := make([]byte, 128<<10)
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = f.Read(buf)
		}
		if !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
		f.Close()
	}
}

// touch looks at every page of every weight.
func touch(b testing.TB, store *model.Store) {
	b.Helper()
	sum := byte(0)
	for v := range store.IterVariables() {
		if err := v.MustValue().ConstBytes(func(data []byte) {
			for i := 0; i < len(data); i += 4096 {
				sum += data[i]
			}
		}); err != nil {
			b.Fatal(err)
		}
	}
	runtime.KeepAlive(sum)
}
