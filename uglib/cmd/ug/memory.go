package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// peakMemory returns the most memory in bytes that the process has held at
// once, 0 where the system does not say. Linux's own count is asked first:
// getrusage's may be that of the program that started this one.
func peakMemory() int64 {
	if text, err := os.ReadFile("/proc/self/status"); err == nil {
		if kB, ok := highWater(string(text)); ok {
			return kB * 1024
		}
	}
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return rusageBytes(int64(usage.Maxrss))
}

// rusageBytes turns the peak memory of getrusage into bytes.
func rusageBytes(maxrss int64) int64 {
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return maxrss
	}
	return maxrss * 1024
}

// highWater finds VmHWM in the text of /proc/self/status.
func highWater(status string) (kB int64, ok bool) {
	for line := range strings.Lines(status) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			if fields := strings.Fields(rest); len(fields) == 2 && fields[1] == "kB" {
				kB, err := strconv.ParseInt(fields[0], 10, 64)
				return kB, err == nil
			}
		}
	}
	return 0, false
}
