package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"urbangraph/kernel/lab"
)

// installCommand makes the kernel known to Jupyter's clients.
func installCommand(repo *string) *cobra.Command {
	i := lab.Install{Out: os.Stdout}
	cmd := &cobra.Command{
		Use:   "install [--user | --prefix DIR | --sys-prefix]",
		Short: "Make the kernel known to JupyterLab, VS Code and other clients",
		Long: `Build what the kernel needs where that is missing (Go tools, kernel, a warm build cache; no Python), then
write a kernelspec, the folder by which Jupyter's clients know a kernel. The kernel runs from this clone,
so the clone has to stay where it is.

The kernelspec goes to
  --user         your own kernels (default): $JUPYTER_DATA_DIR, or $XDG_DATA_HOME/jupyter, which is
                 ~/.local/share/jupyter, or ~/Library/Jupyter on macOS
  --prefix DIR   DIR/share/jupyter, for example of an environment, or /usr/local for all users
  --sys-prefix   the active Python environment ($VIRTUAL_ENV, $CONDA_PREFIX), or that of python3

A kernelspec of the same name that starts another kernel is kept; choose another name by --name, or
replace it by --force. Its kernel.json may be read by anyone: variables that look like secrets are refused
by --env; set them where Jupyter is started.`,
		Example: `  ugkernel install                                  for you, in all your Jupyter clients and VS Code
  ugkernel install --sys-prefix                     for the active Python environment alone
  sudo ugkernel install --prefix /usr/local         for all users of this machine
  ugkernel install --name urbangraph-gpu --display-name "Go (GPU)" --env UG_BACKEND=xla:/opt/pjrt.so`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := layout(*repo)
			if err != nil {
				return err
			}
			i.Layout = l
			ctx, cancel := interruptible(cmd.Context())
			defer cancel()
			_, err = i.Run(ctx)
			return err
		},
	}
	addPlaceFlags(cmd, &i.Place)
	f := cmd.Flags()
	f.StringVar(&i.Title, "display-name", lab.KernelTitle, "what clients show")
	f.StringArrayVar(&i.Env, "env", nil, "a variable for the kernel, `NAME=VALUE`; may be given again")
	f.BoolVar(&i.Force, "force", false, "replace another kernel of the same name")
	return cmd
}

// uninstallCommand removes what installCommand wrote.
func uninstallCommand() *cobra.Command {
	var (
		place lab.Place
		force bool
	)
	cmd := &cobra.Command{
		Use:   "uninstall [--user | --prefix DIR | --sys-prefix]",
		Short: "Remove a kernelspec that install has written",
		Long: `Remove the kernelspec from the place named as for install, and nothing else: other files in its folder are
left and named, a kernelspec that starts another kernel is kept (unless --force says otherwise), and the
clone stays as it is. Remove its folders .ug and .venv by hand to take back the set-up.`,
		Example: `  ugkernel uninstall
  ugkernel uninstall --prefix /usr/local
  ugkernel uninstall --name urbangraph-gpu`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, left, err := lab.Uninstall(cmd.Context(), place, force)
			if err != nil {
				return err
			}
			if len(left) > 0 {
				fmt.Printf("kernelspec removed from %s; left there, as not ours: %s\n", dir, strings.Join(left, ", "))
				return nil
			}
			fmt.Println("removed", dir)
			return nil
		},
	}
	addPlaceFlags(cmd, &place)
	cmd.Flags().BoolVar(&force, "force", false, "remove it even when it starts another kernel")
	return cmd
}

// addPlaceFlags adds the flags that say where a kernelspec lies.
func addPlaceFlags(cmd *cobra.Command, p *lab.Place) {
	f := cmd.Flags()
	f.Bool("user", false, "your own kernels (default)")
	f.StringVar(&p.Prefix, "prefix", "", "below share/jupyter of this `DIR`")
	f.BoolVar(&p.SysPrefix, "sys-prefix", false, "the active Python environment, or that of python3")
	f.StringVar(&p.Python, "python", "", "with --sys-prefix: the Python whose environment is meant")
	f.StringVar(&p.Name, "name", lab.KernelName, "of the kernel, as clients' command lines name it")
	cmd.MarkFlagsMutuallyExclusive("user", "prefix", "sys-prefix")
}
