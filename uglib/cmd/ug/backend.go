package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"urbangraph/uglib/backend"
)

// newBackend is "ug backend".
func newBackend(a *app) *cobra.Command {
	show := func(*cobra.Command, []string) error { return a.showBackend() }
	cmd := &cobra.Command{
		Use:   "backend",
		Short: "Show what computes the models, or install XLA's plugin",
		Long: `Show which backend computes the models, on which devices, and what else this program can use.

The variable ` + backend.Variable + ` chooses: "go" (the default) is pure Go; "xla:/path/plugin.so" and "xla:cpu" are
XLA by a PJRT plugin, which is faster and needs a program that was built with cgo and -tags xla.
"ug backend install-xla" fetches a plugin for the CPU; nothing fetches one by itself.

The exit status is 1 if the chosen backend does not work.`,
		Example: `  ug backend
  ` + backend.Variable + `=xla:cpu ug backend --json
  ug backend install-xla`,
		Args: cobra.NoArgs,
		RunE: show,
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "Show what computes the models",
		Example: `  ug backend list`,
		Args:    cobra.NoArgs,
		RunE:    show,
	}, newInstallXLA(a))
	return cmd
}

// showBackend prints what this program computes with.
func (a *app) showBackend() error {
	s, failed := backend.Inspect()
	if err := a.print(s, func(w io.Writer) error { return writeStatus(w, s) }); err != nil {
		return err
	}
	return failed
}

// writeStatus writes a status for people.
func writeStatus(w io.Writer, s backend.Status) error {
	yes := map[bool]string{true: "yes", false: "no"}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) // Flush has the error
	}
	from := "by default; " + backend.Variable + " chooses another"
	if s.From != "" {
		from = "by " + s.From
	}
	row("selected", "%s (%s)", s.Selected, from)
	if s.Error != "" {
		row("works", "no, see below")
	} else {
		row("backend", "%s", s.Name)
		row("devices", "%s", strings.Join(s.Devices, ", "))
		row("bfloat16", "%s", yes[s.BFloat16])
	}
	row("processors", "%d, %s", s.Processors, s.Go)
	row("SIMD", "%s", yes[s.SIMD])
	if s.Slow != "" {
		row("", "%s", s.Slow)
	}
	switch {
	case s.XLA:
		row("XLA", "in this program")
	default:
		row("XLA", "no: %s", s.WithoutXLA)
	}
	for i, p := range s.Plugins {
		name := "plugins"
		if i > 0 {
			name = ""
		}
		row(name, "xla:%s is %s", p.Name, p.Path)
	}
	if len(s.Plugins) == 0 {
		row("plugins", `none found by name; "ug backend install-xla" fetches one for the CPU`)
	}
	return t.Flush()
}

// newInstallXLA is "ug backend install-xla".
func newInstallXLA(a *app) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "install-xla",
		Short: "Fetch XLA's plugin for the CPU (Linux on amd64; 63 MB, 202 MB unpacked)",
		Long: `Fetch XLA's PJRT plugin for the CPU from the Python package index that pip is configured for
(PIP_INDEX_URL, pip.conf). No Python is needed. Sizes and SHA-256 of the package and of the plugin
are fixed in this program. An interrupted download goes on where it stopped, and a plugin that is
there and whole is not fetched again.`,
		Example: "  ug backend install-xla\n  ug backend install-xla --dir ~/plugins",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := backend.InstallXLA(cmd.Context(), dir)
			if err != nil {
				return err
			}
			return a.print(in, func(w io.Writer) error {
				did := "is there already, whole:"
				if in.Fetched {
					did = "installed:"
				}
				_, err := fmt.Fprintf(w, `XLA's plugin for the CPU (PJRT %s) %s %s

Use it in a program that was built with cgo and -tags xla, such as this one built by
  GOEXPERIMENT=simd go build -tags xla ./uglib/cmd/ug
and choose it by
  export %s=%s
`, in.API, did, in.Path, backend.Variable, in.Backend)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`FOLDER` to install into (default ~/.local/lib/go-xla, where xla:cpu finds it)")
	return cmd
}
