package server

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// parentEvery is how often the kernel looks whether Jupyter is still there.
const parentEvery = time.Second

// Run runs the kernel as the process that Jupyter has started: an interrupt signal interrupts the running
// cell, other signals and the end of Jupyter end the kernel.
func Run(ctx context.Context, o Options) error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	parent := os.Getppid()
	s, err := New(ctx, o)
	if err != nil {
		return err
	}
	s.background(func(ctx context.Context) {
		tick := time.NewTicker(parentEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case sig := <-signals:
				if sig == syscall.SIGINT {
					s.interrupt()
					continue
				}
				s.Shutdown()
			case <-tick.C:
				// Jupyter sets the variable for kernels that are not meant to outlive it.
				if os.Getenv("JPY_PARENT_PID") != "" && os.Getppid() != parent {
					s.logf("Jupyter is gone")
					s.Shutdown()
				}
			}
		}
	})
	return s.Serve()
}
