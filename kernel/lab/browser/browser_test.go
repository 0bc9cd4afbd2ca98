package browser

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"urbangraph/kernel/gofront"
	"urbangraph/kernel/lab"
	"urbangraph/kernel/lab/labtest"
)

// TestJupyterLab does in JupyterLab what its users do. Each step of the driver is a subtest.
func TestJupyterLab(t *testing.T) {
	if os.Getenv("UG_FULL") != "1" {
		t.Skip("takes a minute and a browser: set UG_FULL=1")
	}
	tl := findTools(t)
	l, err := lab.FindLayout(".")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	if err := (&lab.Setup{Layout: l}).Run(ctx); err != nil {
		labtest.Unavailable(t, err)
	}
	root := t.TempDir()
	files := writeBooks(t, root)
	s := startLab(t, l, root)
	shots := screenshots(t)
	t.Log("screenshots in ", shots)
	steps := drive(ctx, t, tl, map[string]any{
		"url": s.url, "token": s.token, "kernel": lab.KernelTitle, "chromium": tl.chromium, "sandbox": os.Geteuid() != 0, "shots": shots, "notebooks": files,
	})
	if len(steps) == 0 {
		t.Fatal("the driver has done nothing")
	}
	for _, st := range steps {
		t.Run(strings.ReplaceAll(st.Step, " ", "_"), func(t *testing.T) {
			t.Logf("%.1f s: %s", float64(st.Milliseconds)/1000, st.Detail)
			if !st.OK {
				t.Fail()
			}
		})
	}
	if t.Failed() {
		t.Log("JupyterLab said:\n", s.log())
	}
}

// screenshots is the folder for screenshots, made where needed.
func screenshots(t *testing.T) string {
	dir := os.Getenv("UG_SCREENSHOTS")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "urbangraph-screenshots")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// outcome is a line of the driver.
type outcome struct {
	Step         string
	OK           bool
	Detail       string
	Milliseconds int `json:"ms"`
}

// drive runs the driver and returns what it tells.
func drive(ctx context.Context, t *testing.T, tl tools, job map[string]any) []outcome {
	t.Helper()
	text, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, tl.node, filepath.Join("driver", "driver.js"))
	cmd.Env = append(os.Environ(), "NODE_PATH="+tl.modules)
	cmd.Stdin = bytes.NewReader(text)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		t.Errorf("the driver: %v\n%s", err, stderr.String())
	}
	var out []outcome
	for sc := bufio.NewScanner(&stdout); sc.Scan(); {
		var o outcome
		if err := json.Unmarshal(sc.Bytes(), &o); err != nil {
			t.Errorf("the driver printed %q: %v", sc.Text(), err)
			continue
		}
		out = append(out, o)
	}
	return out
}

// server is a JupyterLab of a test.
type server struct {
	url, token string
	logFile    string
}

// log is the end of what it printed.
func (s server) log() string {
	data, _ := os.ReadFile(s.logFile)
	return string(data[max(0, len(data)-4000):])
}

// startLab starts JupyterLab on the notebooks in root, with folders of its own for all that it keeps, and
// ends it with the test.
func startLab(t *testing.T, l lab.Layout, root string) server {
	t.Helper()
	port := freePort(t)
	s := server{url: fmt.Sprintf("http://127.0.0.1:%d", port), token: rand.Text(), logFile: filepath.Join(t.TempDir(), "jupyterlab.log")}
	args := []string{"-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=" + strconv.Itoa(port),
		"--ServerApp.port_retries=0", "--ServerApp.root_dir=" + root, "--IdentityProvider.token=" + s.token, "--log-level=WARN"}
	if os.Geteuid() == 0 {
		args = append(args, "--allow-root")
	}
	cmd := exec.Command(l.Python(), args...)
	cmd.Dir = root
	cmd.Env = lab.JupyterEnv(l)
	for _, name := range []string{"JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"} {
		cmd.Env = gofront.Setenv(cmd.Env, name, t.TempDir())
	}
	cmd.Env = gofront.Setenv(cmd.Env, "UG_HISTORY", filepath.Join(t.TempDir(), "history"))
	logFile, err := os.Create(s.logFile)
	if err != nil {
		t.Fatal(err)
	}
	defer logFile.Close()
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
			t.Error("JupyterLab did not end when it was told to")
		}
	})
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		resp, err := http.Get(s.url + "/api/status?token=" + s.token)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return s
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("JupyterLab does not answer: %v\n%s", err, s.log())
		}
	}
}

// freePort is a port of the loopback address that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
