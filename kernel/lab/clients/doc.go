// Package clients tests the kernel with the Python programs by which people use kernels: the conformance
// suite of Jupyter, nbclient, nbconvert, papermill, nbmake, jupyter console, and the discovery of kernels.
//
// It has only tests. They use the Python environment and the kernel of the clone's set-up, with folders of
// their own for all that Jupyter keeps.
package clients
