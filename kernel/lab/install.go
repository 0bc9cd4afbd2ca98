package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"urbangraph/kernel/lab/kernelspec"
)

// Place says which of Jupyter's folders a kernelspec lies in. The zero value is the user's own.
type Place struct {
	Prefix    string // below this prefix, such as /usr/local or a Python environment
	SysPrefix bool   // below the prefix of the active Python environment, or of Python
	Python    string // whose prefix SysPrefix takes; "" looks for one
	Name      string // of the kernel; "" is [KernelName]
}

// Dir is the folder of the kernelspec.
func (p Place) Dir(ctx context.Context) (string, error) {
	name := p.name()
	if err := kernelspec.CheckName(name); err != nil {
		return "", err
	}
	switch {
	case p.Prefix != "" && p.SysPrefix:
		return "", errors.New("--prefix and --sys-prefix name two places, choose one")
	case p.Prefix != "":
		prefix, err := filepath.Abs(p.Prefix)
		if err != nil {
			return "", err
		}
		return kernelspec.Dir(kernelspec.PrefixDir(prefix), name), nil
	case p.SysPrefix:
		prefix, err := kernelspec.SysPrefix(ctx, p.Python)
		if err != nil {
			return "", err
		}
		return kernelspec.Dir(kernelspec.PrefixDir(prefix), name), nil
	default:
		dir, err := kernelspec.UserDir()
		if err != nil {
			return "", err
		}
		return kernelspec.Dir(dir, name), nil
	}
}

// name is the kernel's name.
func (p Place) name() string {
	if p.Name == "" {
		return KernelName
	}
	return p.Name
}

// Install makes the kernel known to the Jupyter clients of the user, of a Python environment, or of the
// whole machine.
type Install struct {
	Layout Layout
	Place
	Title string    // what clients show; "" is [KernelTitle]
	Env   []string  // variables for the kernel, as "NAME=value"; no secrets, anyone may read them
	Force bool      // replace another kernel of the same name
	Out   io.Writer // progress and how to use the kernel; nil shows none
}

// Run builds what the kernel needs where that is missing, writes the kernelspec and returns its folder.
// A folder of another kernel is refused, with an error that wraps [kernelspec.ErrForeign], before anything
// is built.
func (i Install) Run(ctx context.Context) (dir string, err error) {
	if i.Out == nil {
		i.Out = io.Discard
	}
	if i.Title == "" {
		i.Title = KernelTitle
	}
	if dir, err = i.Dir(ctx); err != nil {
		return "", err
	}
	spec, err := i.spec()
	if err != nil {
		return "", err
	}
	if !i.Force {
		if err := kernelspec.Claim(dir); err != nil {
			return "", err
		}
	}
	if err := (&Setup{Layout: i.Layout, NoPython: true, Out: i.Out}).Run(ctx); err != nil {
		return "", err
	}
	if err := kernelspec.Install(dir, spec, i.Force); err != nil {
		return "", err
	}
	i.explain(dir)
	return dir, nil
}

// spec is the kernelspec with the variables asked for.
func (i Install) spec() (kernelspec.Spec, error) {
	spec := i.Layout.Kernelspec(i.Title)
	for _, e := range i.Env {
		name, value, ok := strings.Cut(e, "=")
		if !ok {
			return spec, fmt.Errorf("%q is no variable, write NAME=value", e)
		}
		if err := kernelspec.CheckEnv(name); err != nil {
			return spec, err
		}
		if spec.Env == nil {
			spec.Env = map[string]string{}
		}
		spec.Env[name] = value
	}
	return spec, nil
}

// explain tells where the kernel is and how to use it.
func (i Install) explain(dir string) {
	fmt.Fprintf(i.Out, `
The kernel %[1]q is in %[2]s
  JupyterLab, notebook   New > Notebook, and %[3]q as its kernel
  VS Code                with the extension Jupyter: open an .ipynb, Select Kernel > Jupyter Kernel... > %[3]s
  terminal               jupyter console --kernel %[1]s
  without a screen       jupyter execute --kernel_name=%[1]s notebook.ipynb
  again gone             ugkernel uninstall%[4]s
It runs from the clone %[5]s, which has to stay where it is.
`, i.name(), dir, i.Title, i.flags(), i.Layout.Repo)
	switch {
	case i.Prefix != "":
		fmt.Fprintf(i.Out, "Clients of other Pythons find it with JUPYTER_PATH=%s\n", filepath.Dir(filepath.Dir(dir)))
	case i.SysPrefix:
		fmt.Fprintln(i.Out, "Only clients of this Python environment see it.")
	}
}

// flags are those by which a command line names the place.
func (p Place) flags() string {
	var b strings.Builder
	switch {
	case p.Prefix != "":
		b.WriteString(" --prefix " + p.Prefix)
	case p.SysPrefix:
		b.WriteString(" --sys-prefix")
	}
	if p.SysPrefix && p.Python != "" {
		b.WriteString(" --python " + p.Python)
	}
	if n := p.name(); n != KernelName {
		b.WriteString(" --name " + n)
	}
	return b.String()
}

// Uninstall removes what [Install] wrote, and nothing else, and returns the folder and the names of files
// in it that are not ours. Where no kernel of this name is installed the error wraps
// [kernelspec.ErrNotInstalled] and names the places that hold one.
func Uninstall(ctx context.Context, p Place, force bool) (dir string, left []string, err error) {
	if dir, err = p.Dir(ctx); err != nil {
		return "", nil, err
	}
	left, err = kernelspec.Uninstall(dir, force)
	if errors.Is(err, kernelspec.ErrNotInstalled) {
		if others := elsewhere(ctx, p.name()); len(others) > 0 {
			err = fmt.Errorf("%w; there is one in %s (name the place by --prefix or --sys-prefix)", err, strings.Join(others, ", "))
		}
	}
	return dir, left, err
}

// elsewhere lists the folders of own kernels of a name that Jupyter may see.
func elsewhere(ctx context.Context, name string) []string {
	var out []string
	for _, f := range kernelspec.Search(kernelspec.DataDirs(Prefixes(ctx)...)...) {
		if f.Name == name && f.Err == nil && f.Spec.Own() {
			out = append(out, f.Dir)
		}
	}
	return out
}

// Prefixes are the prefixes of Pythons that are likely to be used: the active environment's, and that of
// the Python in PATH.
func Prefixes(ctx context.Context) []string {
	var out []string
	for _, v := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if d := os.Getenv(v); d != "" {
			out = append(out, d)
		}
	}
	if p, err := kernelspec.SysPrefix(ctx, "python3"); err == nil {
		out = append(out, p)
	}
	return out
}
