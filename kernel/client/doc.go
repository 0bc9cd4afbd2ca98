// Package client is a Jupyter client for tests and benchmarks of kernels.
//
// Its one idea: a request is over when its reply and its idle status have both come, on whatever sockets and
// in whatever order, and every wait ends with its context. A [Client] sends requests on the shell and
// control channels, answers input requests, and tells what came back in which order and when; several
// clients may be connected to one kernel. [Start] runs a kernel as a process, [Connect] joins one that runs.
//
// Messages that a kernel should not have sent (unsigned or malformed ones) are kept as
// [Client.Problems].
package client
