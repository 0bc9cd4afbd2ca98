package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"
)

// maxBody bounds what is read of a response.
const maxBody = 2 << 20

// client sends requests to one endpoint. Its methods may be called from several
// goroutines.
type client struct {
	cfg      Config
	key      string
	http     *http.Client
	requests *rate.Limiter
	tokens   *rate.Limiter

	newLimit atomic.Bool // the endpoint wants max_completion_tokens
	answers  mean        // tokens of an answer

	mu    sync.Mutex
	pause time.Time // the endpoint asked all to wait until then
}

func newClient(cfg Config) (*client, error) {
	key, err := cfg.key()
	if err != nil {
		return nil, err
	}
	if err := cfg.Budget.Check(); err != nil {
		return nil, err
	}
	transport := cfg.transport
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = cfg.Concurrency
		transport = t
	}
	return &client{
		cfg: cfg, key: key,
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		requests: perMinute(cfg.RequestsPerMinute, 1),
		tokens:   perMinute(cfg.TokensPerMinute, max(1, cfg.TokensPerMinute/6)),
		answers:  mean{first: cfg.MaxTokens},
	}, nil
}

// perMinute limits to n a minute at an even pace, with bursts of at most so many.
func perMinute(n, burst int) *rate.Limiter {
	if n == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(float64(n)/60), burst)
}

// mean is the mean of what was measured; first before anything is.
type mean struct {
	first  int
	mu     sync.Mutex
	sum, n int
}

func (m *mean) add(x int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sum, m.n = m.sum+x, m.n+1
}

func (m *mean) value() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.n == 0 {
		return m.first
	}
	return (m.sum + m.n - 1) / m.n
}

// ErrBudget is what a run that spent its budget reports; errors say what is left.
var ErrBudget = errors.New("the budget is spent")

// errOtherLimit is the answer of an endpoint that wants the limit of tokens under
// its newer name; the next request has it so.
var errOtherLimit = errors.New("the endpoint wants max_completion_tokens")

// stopError ends the whole run: the next request would fail as this one did.
type stopError struct{ error }

func (e stopError) Unwrap() error { return e.error }

// viewError is the end of one view alone.
type viewError struct {
	status Status
	error
}

func (e viewError) Unwrap() error { return e.error }

// retryError may pass; after is how long the endpoint asks to wait, 0 if it does
// not say.
type retryError struct {
	error
	after time.Duration
}

func (e retryError) Unwrap() error { return e.error }

// As gives the wait to package backoff.
func (e retryError) As(target any) bool {
	if t, ok := target.(**backoff.RetryAfterError); ok && e.after > 0 {
		*t = &backoff.RetryAfterError{Duration: e.after + time.Duration(rand.Float64()*float64(e.after)/10)}
		return true
	}
	return false
}

// ask sends a request until it is answered, at most cfg.Attempts times. The
// error is a stopError, ErrBudget, that of the context, or a viewError.
func (c *client) ask(ctx context.Context, system, prompt, image string, promptTokens int) (reply, error) {
	pauses := &backoff.ExponentialBackOff{InitialInterval: time.Second, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: time.Minute}
	r, err := backoff.Retry(ctx, func() (reply, error) {
		r, err := c.attempt(ctx, system, prompt, image, promptTokens)
		if err == nil {
			return r, nil
		}
		if ctx.Err() != nil {
			return r, backoff.Permanent(context.Cause(ctx))
		}
		if !errors.As(err, new(retryError)) {
			return r, backoff.Permanent(err)
		}
		return r, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxTries(uint(c.cfg.Attempts)), backoff.WithMaxElapsedTime(0))
	var again retryError
	if errors.As(err, &again) {
		return reply{}, viewError{Unavailable, fmt.Errorf("no answer in %d attempts, at last: %w", c.cfg.Attempts, again.error)}
	}
	return r, err
}

// attempt sends one request, when the limits allow it.
func (c *client) attempt(ctx context.Context, system, prompt, image string, promptTokens int) (reply, error) {
	expected := promptTokens + c.answers.value()
	if err := c.wait(ctx, expected); err != nil {
		return reply{}, err
	}
	reserved, ok := c.cfg.Budget.reserve(promptTokens, c.cfg.MaxTokens)
	if !ok {
		return reply{}, ErrBudget
	}
	r, lost, err := c.send(ctx, system, prompt, image)
	if errors.Is(err, errOtherLimit) {
		r, lost, err = c.send(ctx, system, prompt, image)
	}
	switch {
	case err == nil && r.PromptTokens+r.CompletionTokens == 0: // the endpoint does not count
		c.cfg.Budget.settle(reserved, promptTokens, textTokens(r.Text))
	case err == nil:
		c.cfg.Budget.settle(reserved, r.PromptTokens, r.CompletionTokens)
		c.answers.add(r.CompletionTokens)
		if more := r.PromptTokens + r.CompletionTokens - expected; more > 0 {
			c.take(more) // the next waits for what this took
		}
	case lost: // it may have been worked on
		c.cfg.Budget.settle(reserved, promptTokens, 0)
	default:
		c.cfg.Budget.settle(reserved, 0, 0)
	}
	return r, err
}

// wait waits until the endpoint may be asked for so many tokens.
func (c *client) wait(ctx context.Context, tokens int) error {
	if err := c.requests.Wait(ctx); err != nil {
		return err
	}
	if err := sleep(ctx, c.take(tokens)); err != nil {
		return err
	}
	for {
		c.mu.Lock()
		left := time.Until(c.pause)
		c.mu.Unlock()
		if left <= 0 {
			return nil
		}
		if err := sleep(ctx, left); err != nil {
			return err
		}
	}
}

// take takes so many tokens from the limiter and returns how long to wait for
// them.
func (c *client) take(tokens int) time.Duration {
	if c.cfg.TokensPerMinute == 0 {
		return 0
	}
	var longest time.Duration
	now := time.Now()
	for tokens > 0 {
		n := min(tokens, c.tokens.Burst())
		longest = max(longest, c.tokens.ReserveN(now, n).DelayFrom(now))
		tokens -= n
	}
	return longest
}

// hold lets all requests wait.
func (c *client) hold(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := time.Now().Add(d); until.After(c.pause) {
		c.pause = until
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// body is the JSON of a request.
func (c *client) body(system, prompt, image string, newLimit bool) ([]byte, error) {
	req := chatRequest{Model: c.cfg.Model, Messages: []chatMessage{
		{"system", system},
		{"user", []chatPart{
			{Type: "image_url", Image: &chatImage{URL: image, Detail: c.cfg.Detail}},
			{Type: "text", Text: prompt},
		}},
	}}
	if newLimit {
		req.MaxCompletionTokens = c.cfg.MaxTokens
	} else {
		req.MaxTokens = c.cfg.MaxTokens
	}
	if t := c.cfg.Temperature; t > Greedy {
		req.Temperature = &t
	} else if t >= 0 {
		req.Temperature = new(float64)
	}
	return json.Marshal(req)
}

// send sends a request once. lost is true where the answer was lost on the way.
func (c *client) send(ctx context.Context, system, prompt, image string) (r reply, lost bool, err error) {
	newLimit := c.newLimit.Load()
	body, err := c.body(system, prompt, image, newLimit)
	if err != nil {
		return reply{}, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.completions(), bytes.NewReader(body))
	if err != nil {
		return reply{}, false, stopError{err}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{}, true, c.transportError(ctx, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return reply{}, true, c.transportError(ctx, fmt.Errorf("the answer broke off after %d bytes: %w", len(data), err))
	}
	if len(data) > maxBody {
		return reply{}, true, retryError{error: fmt.Errorf("the answer is longer than %d bytes", maxBody)}
	}
	if resp.StatusCode == http.StatusBadRequest && !newLimit && strings.Contains(string(data), "max_completion_tokens") {
		c.newLimit.Store(true)
		return reply{}, false, errOtherLimit
	}
	if resp.StatusCode != http.StatusOK {
		return reply{}, false, c.statusError(resp, data)
	}
	if r, err = parseResponse(data); err != nil {
		kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
		if !strings.HasSuffix(kind, "json") {
			err = fmt.Errorf("the answer is of type %q, not JSON: %s", kind, c.clean(string(data)))
		}
		return reply{}, true, retryError{error: err}
	}
	r.Text, r.Refusal = redact(r.Text, c.key), redact(r.Refusal, c.key)
	return r, false, nil
}

// clean makes a text of the endpoint fit for an error.
func (c *client) clean(s string) string { return short(redact(s, c.key)) }

func (c *client) transportError(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %v", c.cfg.Timeout)
	}
	return retryError{error: errors.New(c.clean(err.Error()))}
}

// statusError says what a status other than 200 means for the view and the run.
func (c *client) statusError(resp *http.Response, body []byte) error {
	e := parseError(body)
	msg := c.clean(e.Message)
	code := strings.ToLower(e.Code + " " + e.Param)
	says := fmt.Errorf("status %d: %s", resp.StatusCode, msg)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(code, w) {
				return true
			}
		}
		return false
	}
	switch s := resp.StatusCode; {
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		cure := "set " + KeyVariables[0] + " to the key of this endpoint"
		if c.key != "" {
			cure = "check the key in " + KeyVariables[0] + ", " + KeyVariables[1] + " or the key file, and what it allows"
		}
		return stopError{fmt.Errorf("the endpoint does not let us in (%w); %s", says, cure)}
	case s == http.StatusPaymentRequired, s == http.StatusTooManyRequests && has("insufficient_quota", "billing"):
		return stopError{fmt.Errorf("the account of this endpoint has no credit left (%w)", says)}
	case s == http.StatusNotFound:
		return stopError{fmt.Errorf("there is no %s, or no model %q there (%w)", c.cfg.completions(), c.cfg.Model, says)}
	case s >= 300 && s < 400:
		return stopError{fmt.Errorf("the endpoint sends us elsewhere (status %d); give its own URL", s)}
	case s == http.StatusTooManyRequests || s == http.StatusRequestTimeout || s == http.StatusConflict || s == http.StatusTooEarly || s >= 500:
		after := retryAfter(resp.Header, time.Now())
		if after > c.cfg.Patience {
			return stopError{fmt.Errorf("the endpoint asks to wait %v (%w), longer than the %v that were allowed", after.Round(time.Second), says, c.cfg.Patience)}
		}
		if after > 0 {
			c.hold(after)
		}
		return retryError{says, after}
	case has("content_filter", "content_policy", "data_inspection", "moderation"):
		return viewError{Refused, says}
	}
	return viewError{Rejected, says}
}

// retryAfter reads how long an endpoint asks to wait: retry-after-ms, or
// Retry-After in seconds or as a date; 0 if it does not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	number := func(text string, unit time.Duration) (time.Duration, bool) {
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || math.IsNaN(v) || v < 0 {
			return 0, false
		}
		return time.Duration(min(v*float64(unit), float64(365*24*time.Hour))), true
	}
	if d, ok := number(h.Get("Retry-After-Ms"), time.Millisecond); ok {
		return d
	}
	text := h.Get("Retry-After")
	if d, ok := number(text, time.Second); ok {
		return d
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
