package endpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// cache keeps replies by the hash of what was asked, one file each: a run that
// is killed, or another over the same views, pays for no reply twice.
type cache struct{ dir string }

// question is what a reply depends on. The address of the endpoint is not among
// it: a model is known by its name.
type question struct {
	Model       string
	Temperature float64
	MaxTokens   int
	Detail      string
	System      string
	Prompt      string
	Image       string // SHA-256 of the image file
	Side        int
	Quality     int
	Round       int
}

// key is the name of the question's file.
func (q question) key() string {
	data, err := json.Marshal(q)
	if err != nil { // there are only texts and finite numbers
		panic(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// cached is the content of a file. It names its own key, so that one which was
// damaged or put elsewhere is not taken.
type cached struct {
	Key   string `json:"key"`
	Reply reply  `json:"reply"`
}

func (c cache) path(key string) string { return filepath.Join(c.dir, key[:2], key+".json") }

// get returns a reply; false if there is none or its file is damaged, so that it
// is asked for and written again.
func (c cache) get(key string) (reply, bool) {
	data, err := os.ReadFile(c.path(key))
	if err != nil {
		return reply{}, false
	}
	return decodeCached(data, key)
}

func decodeCached(data []byte, key string) (reply, bool) {
	var x cached
	if json.Unmarshal(data, &x) != nil || x.Key != key || x.Reply.PromptTokens < 0 || x.Reply.CompletionTokens < 0 {
		return reply{}, false
	}
	return x.Reply, true
}

func (c cache) put(key string, r reply) error {
	data, err := json.MarshalIndent(cached{key, r}, "", "\t")
	path := c.path(key)
	err = errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755))
	if err == nil {
		err = renameio.WriteFile(path, append(data, '\n'), 0o644, renameio.WithTempDir(filepath.Dir(path)))
	}
	if err != nil {
		return fmt.Errorf("endpoint: an answer cannot be kept: %w", err)
	}
	return nil
}
