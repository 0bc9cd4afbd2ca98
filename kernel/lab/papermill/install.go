package papermill

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

//go:embed python/pyproject.toml python/ug_papermill/*.py
var files embed.FS

// Names of the Python package and of its distribution.
const (
	module       = "ug_papermill"
	distribution = "ug_papermill"
)

// Install installs the Python package for an interpreter, as pip would: its modules and the description by
// which papermill finds them. What is there already and the same is left alone. Nothing else is touched.
func Install(python string) error {
	out, err := exec.Command(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").Output()
	if err != nil {
		return fmt.Errorf("papermill's translator for Go: %s does not tell where its packages lie: %w", python, err)
	}
	if err := installInto(strings.TrimSpace(string(out))); err != nil {
		return fmt.Errorf("papermill's translator for Go cannot be installed for %s, it needs to write into the folder of packages: %w", python, err)
	}
	return nil
}

// installInto installs the package into a folder of packages.
func installInto(site string) error {
	if info, err := os.Stat(site); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is no folder", site)
	}
	version, err := projectVersion()
	if err != nil {
		return err
	}
	want, err := installed(version)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(site, distribution+"-*.dist-info"))
	if err != nil {
		return err
	}
	info := distribution + "-" + version + ".dist-info"
	for _, dir := range old {
		if filepath.Base(dir) != info {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	for name, text := range want {
		if err := write(filepath.Join(site, filepath.FromSlash(name)), text); err != nil {
			return err
		}
	}
	return nil
}

// installed are the files of the package by their paths below the folder of packages.
func installed(version string) (map[string]string, error) {
	want := map[string]string{}
	sources, err := fs.Glob(files, "python/"+module+"/*.py")
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		text, err := files.ReadFile(s)
		if err != nil {
			return nil, err
		}
		want[module+"/"+path.Base(s)] = string(text)
	}
	info := distribution + "-" + version + ".dist-info/"
	want[info+"METADATA"] = "Metadata-Version: 2.1\nName: ug-papermill\nVersion: " + version +
		"\nSummary: Parameters for Go notebooks in papermill\nRequires-Python: >=3.9\nRequires-Dist: papermill>=2.4\n"
	want[info+"WHEEL"] = "Wheel-Version: 1.0\nGenerator: ugkernel\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
	want[info+"INSTALLER"] = "ugkernel\n"
	want[info+"entry_points.txt"] = "[papermill.engine]\ngo = " + module + ":GoEngine\n"
	record := ""
	for _, name := range sorted(want) {
		sum := sha256.Sum256([]byte(want[name]))
		record += fmt.Sprintf("%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(want[name]))
	}
	want[info+"RECORD"] = record + info + "RECORD,,\n"
	return want, nil
}

var versionLine = regexp.MustCompile(`(?m)^version = "([0-9.]+)"$`)

// projectVersion is the version of the Python package.
func projectVersion() (string, error) {
	text, err := files.ReadFile("python/pyproject.toml")
	if err != nil {
		return "", err
	}
	m := versionLine.FindSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("pyproject.toml has no version")
	}
	return string(m[1]), nil
}

// write writes a file unless it holds the text already; it appears whole or not at all.
func write(name, text string) error {
	if have, err := os.ReadFile(name); err == nil && string(have) == text {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".ug-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	return err
}

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
