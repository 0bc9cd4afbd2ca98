package endpoint

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"unicode"
)

// KeyVariables are the environment variables that are looked up for the API key,
// in this order. The second is that of many other programs, so it is not sent
// over plain http to another machine.
var KeyVariables = [2]string{"UG_CAPTION_KEY", "OPENAI_API_KEY"}

// key returns the API key; empty if there is none, as for most servers on one's
// own machine. No error repeats it.
func (c Config) key() (string, error) {
	if c.KeyFile != "" {
		data, err := os.ReadFile(c.KeyFile)
		if err != nil {
			return "", fmt.Errorf("endpoint: key file: %w", err)
		}
		k := strings.TrimSpace(string(data))
		if k == "" {
			return "", fmt.Errorf("endpoint: key file %s is empty", c.KeyFile)
		}
		return k, sendable(k, c.KeyFile)
	}
	if k := strings.TrimSpace(os.Getenv(KeyVariables[0])); k != "" {
		return k, sendable(k, KeyVariables[0])
	}
	if k := strings.TrimSpace(os.Getenv(KeyVariables[1])); k != "" && private(c.URL) {
		return k, sendable(k, KeyVariables[1])
	}
	return "", nil
}

// sendable reports a key that cannot stand in a header.
func sendable(key, from string) error {
	if strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII || unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fmt.Errorf("endpoint: the key of %s is no single word of ASCII; it should hold the key alone", from)
	}
	return nil
}

// private reports whether others cannot read what is sent to an address.
func private(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if u.Scheme == "https" || u.Hostname() == "localhost" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

// redact takes a key out of a text that may repeat it.
func redact(text, key string) string {
	if key == "" {
		return text
	}
	return strings.ReplaceAll(text, key, "[key]")
}
