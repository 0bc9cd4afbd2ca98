package wire

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// scheme is the only way of signing that Jupyter uses.
const scheme = "hmac-sha256"

// maxConnectionFile is the largest connection file that is read, in bytes.
const maxConnectionFile = 1 << 20

// Connection is what a connection file says: where the five sockets of a kernel are, and the key.
type Connection struct {
	Transport       string `json:"transport"` // tcp or ipc
	IP              string `json:"ip"`        // host, or with ipc the beginning of the paths
	ShellPort       int    `json:"shell_port"`
	IOPubPort       int    `json:"iopub_port"`
	StdinPort       int    `json:"stdin_port"`
	ControlPort     int    `json:"control_port"`
	HBPort          int    `json:"hb_port"`
	Key             string `json:"key"` // empty: messages are not signed
	SignatureScheme string `json:"signature_scheme"`
	KernelName      string `json:"kernel_name,omitempty"`
}

// Key is the secret that signs messages. With an empty key they are not signed.
type Key []byte

// NewKey returns a fresh key of 256 bits, as hexadecimal text.
func NewKey() Key {
	var b [32]byte
	rand.Read(b[:])
	return Key(hex.EncodeToString(b[:]))
}

// NewConnection describes a kernel whose sockets lie in a folder, with a fresh key.
func NewConnection(dir string) (Connection, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Connection{}, err
	}
	return Connection{
		Transport: "ipc", IP: filepath.Join(dir, "k"), ShellPort: 1, IOPubPort: 2, StdinPort: 3, ControlPort: 4, HBPort: 5,
		Key: string(NewKey()), SignatureScheme: scheme,
	}, nil
}

// ReadConnection reads a connection file. A file without a key is refused; one with an empty key says that
// messages are not signed.
func ReadConnection(path string) (Connection, error) {
	f, err := os.Open(path)
	if err != nil {
		return Connection{}, fmt.Errorf("connection file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConnectionFile))
	if err != nil {
		return Connection{}, fmt.Errorf("connection file: %w", err)
	}
	c, err := parseConnection(text)
	if err != nil {
		return Connection{}, fmt.Errorf("connection file %s: %w", path, err)
	}
	return c, nil
}

// parseConnection reads and checks the text of a connection file.
func parseConnection(text []byte) (Connection, error) {
	var c struct {
		Connection
		Key *string `json:"key"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return Connection{}, err
	}
	if c.Key == nil {
		return Connection{}, errors.New(`there is no "key"; one that is "" means unsigned messages`)
	}
	c.Connection.Key = *c.Key
	return c.Connection, c.Connection.check()
}

// check fills what may be left out and reports what is wrong.
func (c *Connection) check() error {
	if c.Transport == "" {
		c.Transport = "tcp"
	}
	if c.SignatureScheme == "" {
		c.SignatureScheme = scheme
	}
	most := 1<<31 - 1 // with ipc the ports are only parts of names
	switch c.Transport {
	case "tcp":
		most = 65535
		if c.IP == "" {
			c.IP = "127.0.0.1"
		}
	case "ipc":
		if c.IP == "" {
			return errors.New(`"ip" is empty; with ipc it is the beginning of the sockets' paths`)
		}
	default:
		return fmt.Errorf(`"transport" is %q, not tcp or ipc`, c.Transport)
	}
	if c.SignatureScheme != scheme {
		return fmt.Errorf(`"signature_scheme" is %q, only %s is known`, c.SignatureScheme, scheme)
	}
	for _, p := range []struct {
		name string
		port int
	}{
		{"shell_port", c.ShellPort}, {"iopub_port", c.IOPubPort}, {"stdin_port", c.StdinPort},
		{"control_port", c.ControlPort}, {"hb_port", c.HBPort},
	} {
		if p.port < 1 || p.port > most {
			return fmt.Errorf("%q is %d, not between 1 and %d", p.name, p.port, most)
		}
	}
	return nil
}

// Write writes the connection file, for its owner alone. Who reads it meanwhile sees all of it or none.
func (c Connection) Write(path string) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".connection-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("connection file: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("connection file: %w", err)
	}
	return nil
}

// Shell returns the address of the shell socket.
func (c Connection) Shell() string { return c.address(c.ShellPort) }

// IOPub returns the address of the socket that publishes output.
func (c Connection) IOPub() string { return c.address(c.IOPubPort) }

// Stdin returns the address of the socket for input.
func (c Connection) Stdin() string { return c.address(c.StdinPort) }

// Control returns the address of the control socket.
func (c Connection) Control() string { return c.address(c.ControlPort) }

// Heartbeat returns the address of the socket that echoes.
func (c Connection) Heartbeat() string { return c.address(c.HBPort) }

// address is where a port is.
func (c Connection) address(port int) string {
	if c.Transport == "ipc" {
		return "ipc://" + c.IP + "-" + strconv.Itoa(port)
	}
	return "tcp://" + net.JoinHostPort(c.IP, strconv.Itoa(port))
}
