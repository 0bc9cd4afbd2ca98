package endpoint

import (
	"encoding/json"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestConfig(t *testing.T) {
	c, err := Config{URL: " https://api.example.com/v1/chat/completions ", Model: " eye "}.withDefaults()
	if err != nil || c.URL != "https://api.example.com/v1" || c.Model != "eye" || c.completions() != "https://api.example.com/v1/chat/completions" ||
		c.MaxTokens != 1300 || c.Temperature != 0.2 || c.Prompt != "1" || c.Concurrency != 4 || c.Timeout != 2*time.Minute {
		t.Errorf("%+v, %v", c, err)
	}
	again, err := c.withDefaults()
	a, _ := json.Marshal(c)
	b, _ := json.Marshal(again)
	if err != nil || string(a) != string(b) {
		t.Errorf("defaults of defaults: %s, %s, %v", a, b, err)
	}
	azure := Config{URL: "https://x.example.com/openai/deployments/eye?api-version=2026-01-01", Model: "eye"}
	if azure, err = azure.withDefaults(); err != nil || azure.completions() != "https://x.example.com/openai/deployments/eye/chat/completions?api-version=2026-01-01" {
		t.Errorf("%q, %v", azure.completions(), err)
	}
	// How answers are fetched is no part of the spec.
	fetched := c
	fetched.KeyFile, fetched.Concurrency, fetched.Budget, fetched.Timeout = "secret.txt", 9, &Budget{Requests: 1}, time.Hour
	if f, _ := json.Marshal(fetched); string(f) != string(a) {
		t.Errorf("%s, want %s", f, a)
	}
	for _, bad := range []Config{
		{}, {URL: "https://h/v1"}, {Model: "m"}, {URL: "h/v1", Model: "m"}, {URL: "ftp://h", Model: "m"}, {URL: "https://", Model: "m"},
		{URL: "https://user:pa55@h/v1", Model: "m"}, {URL: "https://h/v1?key=pa55", Model: "m"}, {URL: "https://h/v1#pa55", Model: "m"}, {URL: "https://h:pa55/v1", Model: "m"},
		{URL: "https://h", Model: "m", Temperature: 3}, {URL: "https://h", Model: "m", Temperature: math.NaN()}, {URL: "https://h", Model: "m", MaxTokens: 5},
		{URL: "https://h", Model: "m", Prompt: "2"}, {URL: "https://h", Model: "m", Reach: 5}, {URL: "https://h", Model: "m", Quality: 101}, {URL: "https://h", Model: "m", Side: 10},
		{URL: "https://h", Model: "m", Detail: "best"}, {URL: "https://h", Model: "m", Concurrency: -1}, {URL: "https://h", Model: "m", Timeout: -1}, {URL: "https://h", Model: "m", Round: -1},
		{URL: "https://h", Model: "m", RequestsPerMinute: -1},
	} {
		_, err := bad.withDefaults()
		if err == nil {
			t.Errorf("%+v is accepted", bad)
		} else if strings.Contains(err.Error(), "pa55") {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
}

func TestKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	https := Config{URL: "https://h/v1"}
	set := func(own, common string) {
		t.Setenv(KeyVariables[0], own)
		t.Setenv(KeyVariables[1], common)
	}
	for _, x := range []struct {
		cfg         Config
		own, common string
		want        string
	}{
		{https, "", "", ""},
		{https, "own", "common", "own"},
		{https, "", "common", "common"},
		{Config{URL: "http://127.0.0.1:8000/v1"}, "", "common", "common"},
		{Config{URL: "http://[::1]:8000/v1"}, "", "common", "common"},
		{Config{URL: "http://localhost/v1"}, "", "common", "common"},
		{Config{URL: "http://10.0.0.7/v1"}, "", "common", ""}, // it would be read on the way
		{Config{URL: "http://10.0.0.7/v1"}, "own", "common", "own"},
		{Config{URL: "https://h", KeyFile: file}, "own", "common", "from-file"},
	} {
		set(x.own, x.common)
		if got, err := x.cfg.key(); got != x.want || err != nil {
			t.Errorf("%+v: %q, %v, want %q", x.cfg, got, err, x.want)
		}
	}
	for _, bad := range []string{"two words", "schlüssel", "a\nb"} {
		set(bad, "")
		if _, err := https.key(); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, f := range []string{filepath.Join(t.TempDir(), "none"), os.DevNull} {
		if _, err := (Config{URL: "https://h", KeyFile: f}).key(); err == nil {
			t.Errorf("%s is accepted", f)
		}
	}
	if got := redact("Bearer abc, abc", "abc"); got != "Bearer [key], [key]" {
		t.Errorf("redact: %q", got)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "", 0}, {"Retry-After", "7", 7 * time.Second}, {"Retry-After", " 1.5 ", 1500 * time.Millisecond}, {"Retry-After", "-3", 0},
		{"Retry-After", "soon", 0}, {"Retry-After", "NaN", 0}, {"Retry-After", "1e300", 365 * 24 * time.Hour}, {"Retry-After-Ms", "250", 250 * time.Millisecond},
		{"Retry-After", now.Add(time.Minute).Format(http.TimeFormat), time.Minute}, {"Retry-After", now.Add(-time.Minute).Format(http.TimeFormat), 0},
	} {
		h := http.Header{}
		h.Set(x.name, x.value)
		if got := retryAfter(h, now); got != x.want {
			t.Errorf("%s: %s is %v, want %v", x.name, x.value, got, x.want)
		}
	}
}
