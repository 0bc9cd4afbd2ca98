package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"urbangraph/kernel/lab"
	"urbangraph/kernel/lab/kernelspec"
)

// pythonProbe prints the versions of Python and of its Jupyter packages, and whether papermill knows Go.
const pythonProbe = `import importlib.metadata as m, json, platform
v = {"python": platform.python_version()}
for p in ("jupyterlab", "jupyter_client", "nbclient", "nbconvert", "papermill"):
    try:
        v[p] = m.version(p)
    except m.PackageNotFoundError:
        v[p] = ""
try:
    from papermill.translators import papermill_translators
    import papermill
    papermill_translators.find_translator("go", "go")
    v["go"] = "yes"
except Exception:
    v["go"] = ""
print(json.dumps(v))`

// python checks the clone's Python environment, which JupyterLab of `lab` runs in.
func (e *exam) python() {
	const check = "python"
	const cure = "ugkernel lab (go run ./kernel/cmd/ugkernel lab) sets one up"
	if _, err := exec.LookPath(e.Python()); err != nil {
		if _, broken := exec.LookPath(filepath.Join(e.Venv(), "bin", "pip")); broken == nil {
			e.add(check, Fail, "ugkernel setup makes it anew", "the Python of the environment %s has gone", e.Venv())
			return
		}
		e.add(check, Warn, cure, "no environment in %s: only the JupyterLab of another Python can be used", e.Venv())
		return
	}
	ctx, cancel := e.within(60 * time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, e.Python(), "-c", pythonProbe).Output()
	var v map[string]string
	if err == nil {
		err = json.Unmarshal(out, &v)
	}
	if err != nil {
		e.add(check, Fail, setupCure+" --force", "%s does not run: %s", e.Python(), stderrOf(err))
		return
	}
	var missing, have []string
	for _, p := range []string{"jupyterlab", "jupyter_client", "nbclient", "nbconvert", "papermill"} {
		if v[p] == "" {
			missing = append(missing, p)
		} else {
			have = append(have, p+" "+v[p])
		}
	}
	switch state, known := e.states["python"]; {
	case len(missing) > 0:
		e.add(check, Fail, setupCure+" --force", "the environment %s lacks %s", e.Venv(), strings.Join(missing, ", "))
	case v["go"] == "":
		e.add(check, Warn, setupCure, "papermill cannot set parameters of Go notebooks, its translator is missing")
	case known && !state.Current:
		e.add(check, Warn, setupCure, "the environment is older than kernel/lab/requirements.txt")
	default:
		e.add(check, OK, "", "%s, %s", v["python"], strings.Join(have, ", "))
	}
}

// stderrOf is the last line that a program printed, or its error.
func stderrOf(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if lines := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n"); lines[len(lines)-1] != "" {
			return lines[len(lines)-1]
		}
	}
	return err.Error()
}

// kernelspecs checks the kernelspecs of this kernel that Jupyter's clients may see.
func (e *exam) kernelspecs() {
	const check = "kernelspec"
	own := kernelspec.PrefixDir(e.Venv())
	dirs := append([]string{own}, kernelspec.DataDirs(lab.Prefixes(e.ctx)...)...)
	found := 0
	for _, f := range kernelspec.Search(dirs...) {
		switch {
		case f.Err != nil:
			e.add(check, Warn, "remove the folder, or mend the file", "%s", oneLine(f.Err.Error()))
		case f.Spec.Own():
			found++
			e.kernelspec(check, f)
		case f.Name == lab.KernelName:
			e.add(check, Warn, "ugkernel install --force replaces it, ugkernel install --name NAME avoids it", "%s, of our name, starts %q", f.Dir, f.Spec.Argv)
		}
	}
	if found == 0 {
		e.add(check, Fail, "ugkernel lab, or ugkernel install to use the kernel in JupyterLab and VS Code of your own", "none of this kernel is where Jupyter looks")
	}
}

// kernelspec checks one.
func (e *exam) kernelspec(check string, f kernelspec.Found) {
	level := Fail
	cure := fmt.Sprintf("ugkernel install in the clone that it is meant for, or remove the folder %s", f.Dir)
	if f.Dir == e.KernelspecDir() {
		cure = setupCure
	}
	if err := f.Spec.Check(); err != nil {
		if f.Spec.Repo() != e.Repo {
			level = Warn // of another clone, which may well have gone
		}
		e.add(check, level, cure, "%s: %s", f.Dir, oneLine(err.Error()))
		return
	}
	if f.Spec.Repo() != e.Repo {
		e.add(check, OK, "", "%q in %s (of the clone %s)", f.Name, f.Dir, f.Spec.Repo())
		return
	}
	e.add(check, OK, "", "%q in %s", f.Name, f.Dir)
}
