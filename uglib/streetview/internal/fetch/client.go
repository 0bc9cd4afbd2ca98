package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"

	"urbangraph/uglib/progress"
)

// Options say how a client treats its service. They do not change what is
// found, and are no part of any spec. Zero fields take the service's defaults.
type Options struct {
	BaseURL       string        // of the service's API
	Token         Secret        //
	Rate          float64       // requests a second to the API, at most
	Burst         int           // requests that may follow each other at once
	Parallel      int           // requests to the API at the same time
	ImageRate     float64       // image files a second, at most
	ImageParallel int           // image files at the same time
	Tries         int           // how often a request that fails in passing is made
	Timeout       time.Duration // for one try, its body included
	Patience      time.Duration // for one request with all its tries and waits
	Tolerance     float64       // share of the area, and of the photographs, that may fail; more is an error. 0 is 10%, a negative one is none
	HTTP          *http.Client  // what makes the requests
}

// Or returns o with the zero fields taken from d.
func (o Options) Or(d Options) Options {
	o.BaseURL = strings.TrimRight(cmp.Or(o.BaseURL, d.BaseURL), "/")
	o.Token = cmp.Or(o.Token, d.Token)
	o.Rate = cmp.Or(o.Rate, d.Rate)
	o.Burst = cmp.Or(o.Burst, d.Burst)
	o.Parallel = cmp.Or(o.Parallel, d.Parallel)
	o.ImageRate = cmp.Or(o.ImageRate, d.ImageRate)
	o.ImageParallel = cmp.Or(o.ImageParallel, d.ImageParallel)
	o.Tries = cmp.Or(o.Tries, d.Tries, 6)
	o.Timeout = cmp.Or(o.Timeout, d.Timeout, time.Minute)
	o.Patience = cmp.Or(o.Patience, d.Patience, 2*time.Hour)
	o.Tolerance = cmp.Or(o.Tolerance, d.Tolerance, 0.1)
	o.HTTP = cmp.Or(o.HTTP, d.HTTP)
	return o
}

func (o Options) check() error {
	base, err := url.Parse(o.BaseURL)
	switch {
	case err != nil || base.Host == "" || base.User != nil || base.RawQuery != "":
		return fmt.Errorf("the address %q of the service is not that of an API; give one such as https://graph.mapillary.com", o.Token.scrub(o.BaseURL))
	case base.Scheme != "https" && !(base.Scheme == "http" && local(base.Hostname())):
		return fmt.Errorf("the address %s of the service does not begin with https://, so the access token could be read on the way; plain http is for this machine only", o.Token.scrub(o.BaseURL))
	case !(o.Rate > 0) || !(o.ImageRate > 0):
		return fmt.Errorf("%g requests and %g images a second cannot be made; give positive rates", o.Rate, o.ImageRate)
	case o.Parallel < 1 || o.Parallel > 64 || o.ImageParallel < 1 || o.ImageParallel > 64:
		return fmt.Errorf("%d requests and %d images at the same time cannot be had; give 1 to 64", o.Parallel, o.ImageParallel)
	case o.Tries < 1 || o.Burst < 1 || o.Timeout <= 0 || o.Patience <= 0:
		return fmt.Errorf("tries %d, burst %d, timeout %v and patience %v must be positive", o.Tries, o.Burst, o.Timeout, o.Patience)
	}
	return nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// userAgent tells the service who asks.
const userAgent = "urbangraph (street views for urban research)"

// Client makes requests to one service. Its methods may be called from several
// goroutines.
type Client struct {
	Options
	auth   func(h http.Header, token string)
	api    *http.Client
	limit  *rate.Limiter // of the API
	images *rate.Limiter

	requests, retries, waits, bytes atomic.Int64

	mu   sync.Mutex
	held time.Time     // no request before this
	task progress.Task // is told of long waits; nil for none
}

// NewClient returns a client; auth puts the token into the header of requests
// to the API, and only those.
func NewClient(o Options, auth func(h http.Header, token string)) (*Client, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	c := &Client{Options: o, auth: auth}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Transport: transport()}
	}
	api := *c.HTTP
	api.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) > 3 || r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme {
			return http.ErrUseLastResponse
		}
		return nil
	}
	c.api = &api
	c.limit = rate.NewLimiter(rate.Limit(o.Rate), o.Burst)
	c.images = rate.NewLimiter(rate.Limit(o.ImageRate), o.ImageParallel)
	return c, nil
}

// transport is the default one with room for as many connections to a host as
// requests run at the same time.
func transport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	return t
}

// Close drops the idle connections.
func (c *Client) Close() { c.HTTP.CloseIdleConnections() }

// Request is one request to the service.
type Request struct {
	Method string
	Path   string     // after the base URL, such as "/images"; or a whole URL of an image
	Query  url.Values // for GET
	Form   url.Values // for POST
	Image  bool       // a file, not the API: no token, its own rate
	Last   bool       // there is no smaller request: [TooMuch] counts as [Passing]
	Most   int64      // bytes of the body; more is an error
}

// Answer is what came back: the whole body of any status.
type Answer struct {
	Status int
	Header http.Header
	Wait   time.Duration // Retry-After
	Body   []byte
}

// Do makes a request until judge accepts the answer, or until it fails for
// good. What judge returns is a *[Fault] or nil; any other error counts as
// [Passing].
func (c *Client) Do(ctx context.Context, r Request, judge func(Answer) error) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.Multiplier, wait.MaxInterval = time.Second, 2, time.Minute
	fails, tries := 0, 0
	once := func() (struct{}, error) {
		tries++
		err := c.try(ctx, r, judge)
		if err == nil {
			return struct{}{}, nil
		}
		if ctx.Err() != nil {
			return struct{}{}, backoff.Permanent(context.Cause(ctx))
		}
		f, ok := errors.AsType[*Fault](err)
		if !ok {
			f = &Fault{Kind: Passing, Err: err}
		}
		if f.Kind == TooMuch && r.Last {
			f.Kind = Passing
		}
		switch f.Kind {
		case Limited:
			c.waits.Add(1)
			return struct{}{}, later(f)
		case Passing, TooMuch:
			fails++
			if f.Kind == TooMuch && fails < 2 || f.Kind == Passing && fails < c.Tries {
				c.retries.Add(1)
				return struct{}{}, later(f)
			}
		}
		return struct{}{}, backoff.Permanent(f)
	}
	_, err := backoff.Retry(ctx, once, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(c.Patience),
		backoff.WithNotify(func(err error, pause time.Duration) {
			if Is(err, Limited) {
				c.hold(pause)
			}
		}))
	if err == nil || ctx.Err() != nil {
		return err
	}
	f, ok := errors.AsType[*Fault](err)
	if !ok {
		f = &Fault{Kind: Passing, Err: err}
	}
	text := fmt.Sprintf("%s: %s", c.where(r), c.Token.scrub(f.Error()))
	if tries > 1 {
		text += fmt.Sprintf(" (after %d tries)", tries)
	}
	return &Fault{Kind: f.Kind, Text: text, Code: f.Code, Err: bare(f.Err)}
}

// later makes a fault's Retry-After the pause before the next try, plus up to
// a second so that not all come back at once.
func later(f *Fault) error {
	if f.Wait <= 0 {
		return f
	}
	return errors.Join(f, &backoff.RetryAfterError{Duration: f.Wait + rand.N(time.Second)})
}

// where names a request without its query.
func (c *Client) where(r Request) string {
	u, err := url.Parse(r.url(c.BaseURL))
	if err != nil {
		return "request"
	}
	return c.Token.scrub(u.Host + u.Path)
}

func (r Request) url(base string) string {
	if r.Image {
		return r.Path
	}
	u := base + r.Path
	if len(r.Query) > 0 {
		u += "?" + r.Query.Encode()
	}
	return u
}

// hold keeps all requests back for a while.
func (c *Client) hold(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	until := time.Now().Add(d)
	if !until.After(c.held) {
		return
	}
	c.held = until
	if c.task != nil && d >= 5*time.Second {
		c.task.Note(fmt.Sprintf("the service asks to wait until %s", until.Local().Format(time.TimeOnly)))
	}
}

// tell makes a task hear of long waits.
func (c *Client) tell(t progress.Task) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.task = t
}

// turn waits until a request may be made.
func (c *Client) turn(ctx context.Context, l *rate.Limiter) error {
	for {
		c.mu.Lock()
		d := time.Until(c.held)
		c.mu.Unlock()
		if d <= 0 {
			return l.Wait(ctx)
		}
		t := time.NewTimer(d)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		}
	}
}

// try makes a request once.
func (c *Client) try(ctx context.Context, r Request, judge func(Answer) error) error {
	limit, do := c.limit, c.api.Do
	if r.Image {
		limit, do = c.images, c.HTTP.Do
	}
	if err := c.turn(ctx, limit); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("no whole answer within %v", c.Timeout))
	defer cancel()
	var body io.Reader
	if r.Form != nil {
		body = strings.NewReader(r.Form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.Method, http.MethodGet), r.url(c.BaseURL), body)
	if err != nil {
		return Faultf(Wrong, "the request cannot be made: %v", bare(err))
	}
	if r.Image && req.URL.Scheme != "https" && !local(req.URL.Hostname()) {
		return Faultf(Wrong, "the image's address does not begin with https://")
	}
	req.Header.Set("User-Agent", userAgent)
	if r.Form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if !r.Image {
		req.Header.Set("Accept", "application/json")
		if !c.Token.IsZero() {
			c.auth(req.Header, c.Token.value)
		}
	}
	c.requests.Add(1)
	resp, err := do(req)
	if err != nil {
		return &Fault{Kind: Passing, Err: reason(ctx, err)}
	}
	defer resp.Body.Close()
	most := cmp.Or(r.Most, 64<<20)
	data, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	c.bytes.Add(int64(len(data)))
	a := Answer{Status: resp.StatusCode, Header: resp.Header, Wait: retryAfter(resp.Header, time.Now()), Body: data}
	switch {
	case err != nil:
		if f := StatusFault(a); f != nil { // the status says more than the broken body
			return f
		}
		return &Fault{Kind: Passing, Err: fmt.Errorf("the answer ended after %d bytes: %w", len(data), reason(ctx, err))}
	case int64(len(data)) > most:
		return Faultf(Wrong, "the answer is larger than %d bytes", most)
	}
	return judge(a)
}

// reason returns why a request that ended with ctx ended.
func reason(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return bare(err)
}
