// Package backend chooses what computes the models: GoMLX's pure Go backend,
// which needs nothing but the Go tool chain, or XLA by a PJRT plugin.
//
// The default is pure Go. The environment variable UG_BACKEND, or GOMLX_BACKEND
// if that is not set, names another:
//
//	UG_BACKEND=go                    pure Go (the default)
//	UG_BACKEND=go:ops_sequential     pure Go, one operation at a time
//	UG_BACKEND=xla:/path/plugin.so   XLA by the PJRT plugin at this path
//	UG_BACKEND=xla:cpu               XLA by a plugin that is found by its name
//	UG_BACKEND=xla:cuda,tf32=false   the same, with options
//
// [Inspect] says what a program can use, and so does the command "ug backend".
//
// The pure Go backend is 5 to 15 times faster in programs built with
// GOEXPERIMENT=simd, which a module cannot ask for itself; [Warning] says so
// where it was not set.
//
// # XLA
//
// XLA is linked only into programs built with the build tag "xla" and cgo (gcc
// and the headers of libc; no library). Linking loads nothing: a plugin is
// opened when a backend is made, and none is ever fetched by itself.
// [InstallXLA], or "ug backend install-xla", fetches one for the CPU of Linux
// on amd64 when asked to, pinned by its hash.
//
// A plugin is chosen by its path or by its name: xla:NAME is the file
// pjrt_c_api_NAME_plugin.so in one of the folders of PJRT_PLUGIN_LIBRARY_PATH
// or, where that is not set, in ~/.local/lib/go-xla (where InstallXLA puts its
// own), /usr/local/lib/go-xla or a folder of the dynamic loader. GoMLX tells
// the kind of a plugin by the word "cpu" or "cuda" in its name, or in its whole
// path where that was given: keep a CUDA plugin out of paths with "cpu".
//
// For CUDA, name the plugin of an installation of JAX, beside which lie the
// libraries that it needs:
//
//	UG_BACKEND=xla:/venv/lib/python3.12/site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so
//	XLA_FLAGS=--xla_gpu_cuda_data_dir=/usr/local/cuda
//
// On CUDA, products of float32 are rounded to TF32 unless tf32=false is among
// the options, separated by commas.
//
// XLA compiles every new shape of a graph, which takes seconds where the pure
// Go backend takes milliseconds, and then runs it faster. Both compute in
// [github.com/gomlx/compute/dtypes.BFloat16], XLA faster than in float32 and
// pure Go slower; see transformer.LoadOptions for how a model is loaded in it.
//
// # Tests
//
// The tests of the models, those against the numbers of the reference
// implementations above all, run on the backend that the environment names:
//
//	UG_BACKEND=xla:cpu go test -tags xla ./uglib/backbone/... ./uglib/nn ./uglib/uge
package backend
