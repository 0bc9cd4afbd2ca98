package gofront

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestCommandEndsItsGroup cancels a program that has started another.
func TestCommandEndsItsGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cmd := command(ctx, "/", os.Environ(), "/bin/sh", "-c", "sleep 60 & echo $!; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	cmd.Wait()
	stat := fmt.Sprintf("/proc/%s/stat", strings.TrimSpace(line))
	for range 400 {
		text, err := os.ReadFile(stat)
		if err != nil || strings.Contains(string(text), ") Z ") { // ended, whether or not it was waited for
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("what the program has started still runs")
}
