// Package papermill teaches papermill to set the parameters of Go notebooks.
//
//	papermill in.ipynb out.ipynb -p n 7 -p lr 0.1
//
// Papermill writes a cell with the parameters behind the one tagged "parameters", by a translator for the
// notebook's language, of which it has none for Go. A small Python package, ug_papermill, adds one; it
// lies in the folder python and is installed by [Install], which needs neither a network nor pip. Anybody
// else can do without this program:
//
//	pip install --no-deps --no-build-isolation kernel/lab/papermill/python
//
// Parameters keep the form and the type of their declaration: with `var lr = 0.1` in the tagged cell,
// `-p lr 1` gives `var lr float64 = 1.0`, and a value that does not fit is an error before anything runs.
// `papermill --help-notebook` lists the parameters with their types and comments.
package papermill
