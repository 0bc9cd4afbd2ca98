package backend

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestPluginFile(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere the dynamic loader checks plugins")
	}
	dir := t.TempDir()
	text := filepath.Join(dir, "text.so")
	if err := os.WriteFile(text, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign.so")
	data[18], data[19] = 0xf3, 0 // RISC-V
	if err := os.WriteFile(foreign, data, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.so"): "there is no plugin",
		dir:                           "is no file",
		text:                          "nor any shared library",
		exe:                           "does not export GetPjrtApi",
		foreign:                       "is for EM_RISCV",
	} {
		err := checkFile(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if noXLA == "" {
			if _, err := New("xla:" + path + ",tf32=false"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "ug backend install-xla") {
				t.Errorf("backend by %s: %v, want %q and the cure", path, err, want)
			}
		}
	}
	t.Chdir(dir)
	if noXLA == "" {
		if _, err := New("xla:./text.so"); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("a relative path: %v", err)
		}
	}
}

func TestPluginVersion(t *testing.T) {
	for _, c := range []struct {
		major, minor int
		want         string
	}{{0, 80, "is too old"}, {0, 81, ""}, {0, 115, ""}, {0, 900, ""}, {1, 0, "works with 0.x"}} {
		err := checkVersion("p.so", c.major, c.minor)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), fmt.Sprintf("%d.%d", c.major, c.minor))) {
			t.Errorf("version %d.%d: %v, want %q", c.major, c.minor, err, c.want)
		}
	}
}

// oldPlugin is the beginning of a plugin of version 0.70.
const oldPlugin = `
#include <stddef.h>
typedef void *(*fn)(void *);
static void *nothing(void *args) { return NULL; }
static struct { size_t size; void *extension; struct { size_t size; void *extension; int major, minor; } version; fn functions[200]; } api;
void *GetPjrtApi(void) {
	api.size = sizeof api;
	api.version.size = sizeof api.version;
	api.version.minor = 70;
	for (int i = 0; i < 200; i++) api.functions[i] = nothing;
	return &api;
}
`

func TestOldPlugin(t *testing.T) {
	if noXLA != "" {
		t.Skip(noXLA)
	}
	dir := t.TempDir()
	source, plugin := filepath.Join(dir, "old.c"), filepath.Join(dir, "pjrt_c_api_cpu_plugin.so")
	if err := os.WriteFile(source, []byte(oldPlugin), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "cc", "-shared", "-fPIC", "-o", plugin, source).CombinedOutput(); err != nil {
		t.Skipf("no C compiler: %v: %s", err, out)
	}
	if _, err := New("xla:" + plugin); err == nil || !strings.Contains(err.Error(), "too old: it has version 0.70") || !strings.Contains(err.Error(), "ug backend install-xla") {
		t.Errorf("by path: %v", err)
	}
	if got := child(t, "describe", Variable+"=xla:cpu", "PJRT_PLUGIN_LIBRARY_PATH="+dir); !strings.Contains(got, "too old") {
		t.Errorf("by name: %s", got)
	}
	if got := child(t, "describe", Variable+"=xla:cuda", "PJRT_PLUGIN_LIBRARY_PATH="+dir); !strings.Contains(got, `by the name "cuda"`) || !strings.Contains(got, `["cpu"]`) {
		t.Errorf("by another name: %s", got)
	}
	if err := os.WriteFile(plugin, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := child(t, "describe", Variable+"=xla:cpu", "PJRT_PLUGIN_LIBRARY_PATH="+dir); !strings.Contains(got, "named like a plugin may be none") {
		t.Errorf("no plugin by name: %s", got)
	}
}

func TestInspect(t *testing.T) {
	var s Status
	if err := json.Unmarshal([]byte(child(t, "inspect")), &s); err != nil {
		t.Fatal(err)
	}
	if s.Selected != "go" || s.From != "" || !strings.HasPrefix(s.Name, "pure Go") || len(s.Devices) != 1 || s.SIMD != SIMD || s.Error != "" || (s.Slow == "") != (SIMD || runtime.GOARCH != "amd64") || s.XLA != (noXLA == "") || s.XLA == (s.WithoutXLA != "") {
		t.Errorf("by default: %+v", s)
	}
	s = Status{}
	if err := json.Unmarshal([]byte(child(t, "inspect", Variable+"=tpu")), &s); err != nil {
		t.Fatal(err)
	}
	if s.Selected != "tpu" || s.From != Variable || s.Name != "" || !strings.Contains(s.Error, "try one of") {
		t.Errorf("a backend that there is not: %+v", s)
	}
}
