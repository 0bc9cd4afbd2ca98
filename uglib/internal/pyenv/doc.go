// Package pyenv gives tests a Python with pinned packages, so that they can
// check that files of ours open in the programs that people use. It is for
// tests alone; nothing that ships imports it.
//
//	func TestOpensInGeoPandas(t *testing.T) {
//		python := pyenv.Common(t)
//		out := pyenv.Run(t, python, "testdata/open.py", dir)
//		...
//	}
//
// [Common] has what most tests need: GeoPandas, PyArrow, DuckDB, NetworkX,
// OSMnx, WebDataset. [Python] takes a requirements file of a package's own; each
// line pins a version and its hashes, as this makes it:
//
//	uv pip compile --universal --generate-hashes --python-version 3.11 --only-binary :all: \
//		--no-header --no-annotate requirements.in -o requirements.txt
//
// An environment is made once, in the folder urbangraph/pyenv of the user's
// cache folder, and shared by all tests and processes. Where there is no Python
// or no package index a test is skipped with the reason; with CI in the
// environment it fails, so that nothing is skipped there in silence.
package pyenv
