package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"urbangraph/uglib/store"
)

// startServer runs "ug serve" and returns where it listens, and what ends it and
// gives its status.
func startServer(t *testing.T, args ...string) (url string, end func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	status := make(chan int, 1)
	go func() {
		code := run(ctx, append([]string{"serve", "--port", "0", "--json"}, args...), write, io.Discard)
		status <- code
		_ = write.Close() // of a pipe, cannot fail
	}()
	var r serveResult
	if err := json.NewDecoder(bufio.NewReader(read)).Decode(&r); err != nil {
		cancel()
		t.Fatalf("ug serve: %v, status %d", err, <-status)
	}
	return r.URL, func() int {
		cancel()
		return <-status
	}
}

func TestServe(t *testing.T) {
	with := inSharedHome(t)
	runs := mustJSON[[]trainResult](t, with("train")...)
	key := write(t, "key", "secret\n")
	t.Setenv(serveKeyVariable, "other")
	url, end := startServer(t, "--model", runs[1].Dir, "--name", "uge", "--api-key-file", key, "--max-wait", "1ms")
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("it listens at %s", url)
	}
	post := func(bearer string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/embeddings", strings.NewReader(`{"model": "uge", "input": ["Elm Street", "a school"]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+bearer)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(data)
	}
	if status, data := post("secret"); status != 200 || strings.Count(data, `"object":"embedding"`) != 2 {
		t.Errorf("%d %s", status, data)
	}
	if status, data := post("other"); status != 401 {
		t.Errorf("%d %s", status, data)
	}
	if code := end(); code != 0 {
		t.Errorf("status %d", code)
	}
	if _, err := http.Get(url + "/models"); err == nil {
		t.Error("it still answers")
	}
	empty := write(t, "empty", "\n")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--api-key-file", empty}, "one word"},
		{[]string{"--api-key-file", "none"}, "none"},
		{[]string{"--model", "nowhere/at/all"}, "neither a folder nor a run"},
		{[]string{"--model", runs[1].Dir, "--host", "256.1.1.1"}, "256.1.1.1"},
	} {
		if code, out, errOut := ug(t, append([]string{"serve"}, c.args...)...); code != exitFailure || out != "" || !strings.Contains(errOut, c.want) {
			t.Errorf("ug serve %v: status %d: %s%s", c.args, code, out, errOut)
		}
	}
}

// A run that is killed goes on where it stopped, with the same command; with
// another prompt it starts anew.
func TestEmbedAfterKill(t *testing.T) {
	with := inSharedHome(t)
	runs := mustJSON[[]trainResult](t, with("train")...)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	const n = 3000
	for i := range n {
		line, err := json.Marshal(map[string]any{"id": i, "text": strings.Repeat("Elm Street ", i%20) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	table := write(t, "items.jsonl", lines.String())
	out := filepath.Join(t.TempDir(), "v.jsonl")
	journal := strings.TrimSuffix(out, ".jsonl") + ".journal"
	args := []string{"embed", table, "--model", runs[0].Dir, "--out", out, "--batch", "2"}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", store.HomeVariable+"="+os.Getenv(store.HomeVariable))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		if info, err := os.Stat(journal); err == nil && info.Size() > 10000 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("it was not killed: %v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Fatal("the result is there already")
	}
	kept, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	r := mustJSON[embedResult](t, args...)
	if r.Known < 50 || r.Known+r.Encoded+r.Same != n || r.Anew != "" {
		t.Errorf("gone on with: %+v", r)
	}
	data, err := os.ReadFile(out)
	if err != nil || strings.Count(string(data), "\n") != n || !strings.HasPrefix(string(data), `{"id":"0",`) {
		t.Errorf("%d lines, %v", strings.Count(string(data), "\n"), err)
	}
	if err := os.WriteFile(journal, kept, 0o644); err != nil {
		t.Fatal(err)
	}
	few := write(t, "few.jsonl", lines.String()[:2000])
	code, text, errOut := ug(t, "embed", few, "--model", runs[0].Dir, "--out", out, "--force", "--prompt", "Say: {text}")
	if code != exitSkipped || !strings.Contains(errOut, "the prompt has changed: starting anew") { // the last line is cut
		t.Errorf("status %d: %s%s", code, text, errOut)
	}
	if err := os.WriteFile(journal, kept, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, text, errOut := ug(t, "embed", "--text", "x", "--model", runs[1].Dir, "--out", out, "--force"); code != 0 || !strings.Contains(errOut, "the model has changed: starting anew") {
		t.Errorf("status %d: %s%s", code, text, errOut)
	}
}
