package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"urbangraph/uglib/backend"
)

// ugProgram runs the program itself, since a process has one backend.
func ugProgram(t *testing.T, env []string, args ...string) (out, errOut string, status int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(append(os.Environ(), asProgram+"=1", backend.Variable+"=", "GOMLX_BACKEND="), env...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

func TestBackend(t *testing.T) {
	for _, args := range [][]string{{"backend"}, {"backend", "list"}} {
		out, errOut, status := ugProgram(t, nil, args...)
		if status != 0 || errOut != "" || !strings.Contains(out, "pure Go") || !strings.Contains(out, backend.Variable+" chooses another") {
			t.Errorf("ug %s: status %d, %q, %q", strings.Join(args, " "), status, out, errOut)
		}
	}
	out, errOut, status := ugProgram(t, []string{backend.Variable + "=xla:/no/plugin.so"}, "backend", "--json")
	var s backend.Status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	if status != exitFailure || s.Selected != "xla:/no/plugin.so" || s.From != backend.Variable || s.Error == "" || !strings.Contains(errOut, s.Error) {
		t.Errorf("status %d, %+v, %q", status, s, errOut)
	}
	if _, errOut, status := ugProgram(t, nil, "backend", "nonsense"); status != exitUsage {
		t.Errorf("an unknown argument: status %d, %q", status, errOut)
	}
}

func TestInstallXLAOffline(t *testing.T) {
	// A port that nothing listens on.
	_, errOut, status := ugProgram(t, []string{"PIP_INDEX_URL=http://127.0.0.1:1/simple", "PIP_EXTRA_INDEX_URL=", "PIP_CERT=", "NO_PROXY=127.0.0.1"},
		"backend", "install-xla", "--dir", t.TempDir())
	if status != exitFailure || !strings.Contains(errOut, "PIP_INDEX_URL") && !strings.Contains(errOut, "is for linux/amd64") {
		t.Errorf("status %d, %q", status, errOut)
	}
}
