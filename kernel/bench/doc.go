// Package bench measures the kernel: cells against an unmodified GoNB with its defaults, run in turn on the
// same machine, and what the kernel bears in the long run.
//
// Reported are medians of the time from the request until both its reply and its idle status are there.
// Both kernels run the same cells in an order that changes from run to run, so that other load on the
// machine meets both alike.
package bench
