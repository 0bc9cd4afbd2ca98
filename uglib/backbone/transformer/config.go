package transformer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// ConfigName is the file in a model folder that holds the configuration of its backbone.
const ConfigName = "config.json"

// ReadConfig reads path, which is a config.json or a model folder that holds one, into c; name is that of the backbone.
func ReadConfig(name, path string, c json.Unmarshaler) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, ConfigName)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := json.Unmarshal(data, c); err != nil {
		return fmt.Errorf("%s: %s: %w", name, path, err)
	}
	return nil
}

// WriteConfig writes c to path, or into a model folder, as config.json, replacing the file in one step; name is that of
// the backbone.
func WriteConfig(name, path string, c interface{ Validate() error }) error {
	if filepath.Ext(path) != ".json" {
		path = filepath.Join(path, ConfigName)
	}
	if err := c.Validate(); err != nil {
		return fmt.Errorf("%s: %s not written: %w", name, path, err)
	}
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := renameio.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// First sets dst to the first value given, and reports whether there was one: fields of config.json that may stand in
// several places or be absent.
func First[T any](dst *T, values ...*T) bool {
	for _, v := range values {
		if v != nil {
			*dst = *v
			return true
		}
	}
	return false
}
