package server

import (
	"os"
	"runtime"

	"urbangraph/kernel/resources"
)

// noteUsage keeps what a cell took.
func (s *Server) noteUsage(u resources.Usage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = u
}

// lastUsage is what the last cell took.
func (s *Server) lastUsage() resources.Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// usage answers a usage_request, by which JupyterLab's extensions show what a kernel takes.
func (s *Server) usage() object {
	host, _ := os.Hostname()
	u := s.lastUsage()
	return object{"hostname": host, "pid": os.Getpid(), "kernel_memory": u.PeakRSS, "cpu_count": runtime.NumCPU()}
}
