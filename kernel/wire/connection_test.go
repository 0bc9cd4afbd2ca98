package wire

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConnectionFileSurvives(t *testing.T) {
	dir := t.TempDir()
	c, err := NewConnection(dir)
	if err != nil {
		t.Fatal(err)
	}
	c.KernelName = "ug"
	path := filepath.Join(dir, "kernel-1.json")
	for range 2 { // the second time it is there
		if err := c.Write(path); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left in the folder: %v", files)
	}
	got, err := ReadConnection(path)
	if err != nil || got != c {
		t.Errorf("read %+v, %v; wrote %+v", got, err, c)
	}
	if got.Shell() != "ipc://"+dir+"/k-1" || got.Heartbeat() != "ipc://"+dir+"/k-5" {
		t.Errorf("addresses %s, %s", got.Shell(), got.Heartbeat())
	}
	other, _ := NewConnection(dir)
	if len(c.Key) != 64 || c.Key == other.Key {
		t.Errorf("keys %q, %q", c.Key, other.Key)
	}
	if err := c.Write(filepath.Join(dir, "none", "x")); err == nil {
		t.Error("written into a folder that is not there")
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := c.Write(filepath.Join(dir, "folder")); err == nil {
		t.Error("written over a folder")
	}
	if files, _ := os.ReadDir(dir); len(files) != 2 {
		t.Errorf("left in the folder: %v", files)
	}
}

func TestParseConnection(t *testing.T) {
	const ports = `"shell_port":1,"iopub_port":2,"stdin_port":3,"control_port":4,"hb_port":5`
	for _, c := range []struct{ text, shell, err string }{
		{`{"ip":"127.0.0.1","transport":"tcp","key":"k","signature_scheme":"hmac-sha256","kernel_name":"",` + ports + `}`, "tcp://127.0.0.1:1", ""},
		{`{"key":"",` + ports + `}`, "tcp://127.0.0.1:1", ""},
		{`{"key":"k","ip":"::1","jupyter_session":"x",` + ports + `}`, "tcp://[::1]:1", ""},
		{`{"key":"k","transport":"ipc","ip":"/run/k",` + ports + `}`, "ipc:///run/k-1", ""},
		{`{"key":"k","transport":"ipc",` + ports + `}`, "", `"ip" is empty`},
		{`{` + ports + `}`, "", `no "key"`},
		{`{"key":null,` + ports + `}`, "", `no "key"`},
		{`{"key":"k","signature_scheme":"hmac-md5",` + ports + `}`, "", `"signature_scheme" is "hmac-md5"`},
		{`{"key":"k","transport":"udp",` + ports + `}`, "", `"transport" is "udp"`},
		{`{"key":"k",` + strings.Replace(ports, "4", "65536", 1) + `}`, "", `"control_port" is 65536`},
		{`{"key":"k"}`, "", `"shell_port" is 0`},
		{`{"key":"k","shell_port":"1"}`, "", "shell_port"},
		{`[]`, "", "cannot unmarshal"},
		{``, "", "unexpected end"},
	} {
		got, err := parseConnection([]byte(c.text))
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v, want %q", c.text, err, c.err)
		}
		if err == nil && got.Shell() != c.shell {
			t.Errorf("%s: shell %s, want %s", c.text, got.Shell(), c.shell)
		}
	}
	if _, err := ReadConnection(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was read")
	}
}

// FuzzParseConnection: what is accepted has five addresses that sockets can be opened at.
func FuzzParseConnection(f *testing.F) {
	f.Add([]byte(`{"key":"","shell_port":1,"iopub_port":2,"stdin_port":3,"control_port":4,"hb_port":5}`))
	f.Add([]byte(`{"key":"k","transport":"ipc","ip":"x","shell_port":1,"iopub_port":2,"stdin_port":3,"control_port":4,"hb_port":70000}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseConnection(text)
		if err != nil {
			return
		}
		for _, a := range []string{c.Shell(), c.IOPub(), c.Stdin(), c.Control(), c.Heartbeat()} {
			if !strings.HasPrefix(a, "tcp://") && !strings.HasPrefix(a, "ipc://") || strings.HasSuffix(a, ":0") {
				t.Errorf("address %q", a)
			}
		}
		if c.SignatureScheme != scheme {
			t.Errorf("scheme %q", c.SignatureScheme)
		}
	})
}
