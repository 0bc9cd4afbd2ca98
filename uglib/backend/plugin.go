package backend

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

const (
	xlaName    = "xla"
	pluginName = "pjrt_c_api_cpu_plugin.so" // by which GoMLX finds it as "cpu"
	entryPoint = "GetPjrtApi"               // what a PJRT plugin exports
	pluginCure = `get a plugin for the CPU with "ug backend install-xla" and set ` + Variable + `=xla:cpu, or ` + Variable +
		`=xla:/path/of/the/plugin.so`
)

// The oldest version of PJRT's interface that was seen to work. GoMLX's binding
// calls functions without asking whether a plugin is new enough to have them.
const oldestMajor, oldestMinor = 0, 81

// DefaultDir returns the folder that [InstallXLA] installs into: the first in
// which GoMLX looks for plugins by name.
func DefaultDir() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("backend: no folder for plugins: %w", err)
	}
	return filepath.Join(home, ".local", "lib", "go-xla"), nil
}

// checkFile reports what is wrong with the plugin at path before it is loaded,
// which would run code of it.
func checkFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no plugin %s", path)
	case err != nil:
		return fmt.Errorf("plugin: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("plugin %s is no file", path)
	case runtime.GOOS != "linux":
		return nil // the dynamic loader says what it does not like
	}
	file, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("%s is not a PJRT plugin, nor any shared library (%w)", path, err)
	}
	defer file.Close()
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
	if machine != elf.EM_NONE && file.Machine != machine {
		return fmt.Errorf("plugin %s is for %s, this program for %s", path, file.Machine, runtime.GOARCH)
	}
	symbols, err := file.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return fmt.Errorf("plugin %s: %w", path, err)
	}
	for _, s := range symbols {
		if s.Name == entryPoint && s.Section != elf.SHN_UNDEF {
			return nil
		}
	}
	return fmt.Errorf("%s is not a PJRT plugin: it does not export %s", path, entryPoint)
}

// checkVersion reports a plugin, by path or name, whose interface is too old.
func checkVersion(plugin string, major, minor int) error {
	switch {
	case major != oldestMajor:
		return fmt.Errorf("XLA plugin %q has version %d.%d of PJRT's interface, and this program works with %d.x from %d.%d on", plugin, major, minor, oldestMajor, oldestMajor, oldestMinor)
	case minor < oldestMinor:
		return fmt.Errorf("XLA plugin %q is too old: it has version %d.%d of PJRT's interface, and %d.%d is the oldest that works", plugin, major, minor, oldestMajor, oldestMinor)
	}
	return nil
}
