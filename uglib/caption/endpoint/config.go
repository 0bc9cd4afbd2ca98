package endpoint

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"urbangraph/uglib/geo"
)

// Config says which model captions the views, and what it is asked. The zero
// value of a field means its default. Fields of the second part say how the
// answers are fetched; they are no part of a spec, and what a run gives does not
// depend on them.
type Config struct {
	URL   string // base of the API, such as "https://api.example.com/v1"; "/chat/completions" is added
	Model string // as the endpoint names it

	Temperature float64    // default 0.2, the reference's; Greedy for none; below 0: left to the endpoint
	MaxTokens   int        // of an answer; default 1300, the reference's
	Prompt      string     // version of the prompt; default and only one "1"
	Reach       geo.Metres // how far around a view its prompt tells of the map; default 200, the reference's
	Places      int        // groups of nearby places in the prompt at most; default 10, the reference's
	Lines       int        // connections between them in the prompt at most; default 17, the reference's
	Side        int        // pixels of the longer side of the image as sent; larger ones are reduced; default 1024
	Quality     int        // of the JPEG as sent, 1 to 100; default 85
	Detail      string     `json:",omitempty"` // "low", "high" or "auto", where the endpoint knows it; not sent if empty

	// Round 0 asks about every view. Round n takes what round n-1 has and asks
	// again where it failed; see [Latest].
	Round int `json:",omitempty"`

	KeyFile           string        `json:"-"` // file that holds the API key; else KeyVariables
	Concurrency       int           `json:"-"` // requests under way at a time; default 4
	RequestsPerMinute int           `json:"-"` // 0: no limit
	TokensPerMinute   int           `json:"-"` // of prompts and answers; 0: no limit
	Timeout           time.Duration `json:"-"` // of one request; default 2 minutes
	Attempts          int           `json:"-"` // for each view; default 5
	Patience          time.Duration `json:"-"` // longest wait that an endpoint may ask for; default 10 minutes
	Budget            *Budget       `json:"-"` // what a run may spend; nil: no limit

	transport http.RoundTripper // of tests; nil: the net
}

// Greedy is the temperature at which a model always takes the likeliest token.
// It is sent as 0, which in a Config is the default.
const Greedy = 1e-6

// PromptVersion is the version of the prompt that this package writes.
const PromptVersion = "1"

// withDefaults fills in the defaults and checks the rest.
func (c Config) withDefaults() (Config, error) {
	c.URL = strings.TrimRight(strings.TrimSpace(c.URL), "/")
	c.URL = strings.TrimSuffix(c.URL, "/chat/completions")
	c.Model = strings.TrimSpace(c.Model)
	c.Prompt = cmp.Or(c.Prompt, PromptVersion)
	c.Timeout = cmp.Or(c.Timeout, 2*time.Minute)
	c.Patience = cmp.Or(c.Patience, 10*time.Minute)
	c.Temperature = cmp.Or(c.Temperature, 0.2)
	c.Reach = cmp.Or(c.Reach, 200)
	if err := checkURL(c.URL); err != nil {
		return c, err
	}
	switch {
	case c.Model == "":
		return c, fmt.Errorf("endpoint: no model named; give the name by which %s knows it", c.URL)
	case c.Prompt != PromptVersion:
		return c, fmt.Errorf("endpoint: there is no version %q of the prompt; try %q", c.Prompt, PromptVersion)
	case math.IsNaN(c.Temperature) || c.Temperature > 2:
		return c, fmt.Errorf("endpoint: temperature %v is not one of 0 to 2; try 0.2", c.Temperature)
	case c.Temperature < 0:
		c.Temperature = -1
	case !(c.Reach >= 10 && c.Reach <= 2000):
		return c, fmt.Errorf("endpoint: a prompt cannot tell of %v around a view; try one of 10 to 2000 m", c.Reach)
	}
	if !slices.Contains([]string{"", "low", "high", "auto"}, c.Detail) {
		return c, fmt.Errorf("endpoint: image detail %q is not known; try low, high or auto", c.Detail)
	}
	if c.Timeout < 0 || c.Patience < 0 {
		return c, fmt.Errorf("endpoint: timeout %v and patience %v must be positive; try 2m and 10m", c.Timeout, c.Patience)
	}
	for _, x := range []struct {
		name        string
		v           *int
		def, lo, hi int
	}{
		{"MaxTokens", &c.MaxTokens, 1300, 16, 100_000}, {"Places", &c.Places, 10, 1, 100}, {"Lines", &c.Lines, 17, 1, 200},
		{"Side", &c.Side, 1024, 64, 8192}, {"Quality", &c.Quality, 85, 1, 100}, {"Round", &c.Round, 0, 0, 1000},
		{"Concurrency", &c.Concurrency, 4, 1, 256}, {"Attempts", &c.Attempts, 5, 1, 100},
		{"RequestsPerMinute", &c.RequestsPerMinute, 0, 0, 1e6}, {"TokensPerMinute", &c.TokensPerMinute, 0, 0, 1e9},
	} {
		if *x.v == 0 {
			*x.v = x.def
		}
		if *x.v < x.lo || *x.v > x.hi {
			return c, fmt.Errorf("endpoint: %s is %d, try one of %d to %d", x.name, *x.v, x.lo, x.hi)
		}
	}
	return c, nil
}

// checkURL refuses what is no base of an API, and one that holds a secret: specs
// are written into artefacts.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return fmt.Errorf("endpoint: no URL given; try https://HOST/v1, or http://127.0.0.1:8000/v1 for a server on this machine")
	case err != nil: // the error repeats the URL
		return fmt.Errorf("endpoint: the URL cannot be read; try https://HOST/v1")
	case u.User != nil:
		return fmt.Errorf("endpoint: the URL of %s holds a user or password, which artefacts would keep; give the key by %s", u.Host, KeyVariables[0])
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("endpoint: %q is no http or https URL; try https://HOST/v1", text)
	case u.Fragment != "":
		return fmt.Errorf("endpoint: the URL of %s has a fragment; leave out what follows #", u.Host)
	}
	for name := range u.Query() {
		if name != "api-version" {
			return fmt.Errorf("endpoint: the URL of %s has the query parameter %q, which artefacts would keep; only api-version may stand there, give keys by %s", u.Host, name, KeyVariables[0])
		}
	}
	return nil
}

// completions returns the address that requests go to.
func (c Config) completions() string {
	u, err := url.Parse(c.URL)
	if err != nil {
		return c.URL
	}
	return u.JoinPath("chat", "completions").String()
}
