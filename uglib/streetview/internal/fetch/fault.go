package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Kind says what to do about a failed request.
type Kind int

const (
	Passing Kind = iota // make the request again
	TooMuch             // make it again once, then ask for less
	Limited             // too many requests: wait, then make it again
	Refused             // the token or the program is not let in: stop
	Gone                // what was asked for is not there any more
	Wrong               // the request will never be answered
)

// Fault is why a request failed.
type Fault struct {
	Kind Kind
	Text string        // what the service said
	Wait time.Duration // Retry-After; 0 if it did not say
	Code int           // the service's own code, 0 if there is none
	Err  error         // cause, if it is not the service's word
}

// Error implements error.
func (f *Fault) Error() string {
	if f.Err != nil && f.Text == "" {
		return f.Err.Error()
	}
	return f.Text
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Is reports whether err is a fault of a kind.
func Is(err error, k Kind) bool {
	f, ok := errors.AsType[*Fault](err)
	return ok && f.Kind == k
}

// Faultf returns a fault with a text.
func Faultf(k Kind, format string, args ...any) *Fault {
	return &Fault{Kind: k, Text: fmt.Sprintf(format, args...)}
}

// StatusFault returns what an HTTP status means where the body says nothing
// better, or nil for a success.
func StatusFault(a Answer) *Fault {
	if a.Status >= 200 && a.Status < 300 {
		return nil
	}
	f := Faultf(Wrong, "HTTP %d %s", a.Status, http.StatusText(a.Status))
	switch s := a.Status; {
	case s == http.StatusTooManyRequests:
		f.Kind = Limited
	case s == http.StatusServiceUnavailable && a.Wait > 0:
		f.Kind = Limited
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s >= 500:
		f.Kind = Passing
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		f.Kind = Refused
	case s == http.StatusNotFound, s == http.StatusGone:
		f.Kind = Gone
	case s >= 300 && s < 400:
		f.Text += ": a redirection to another host, which is not followed"
	}
	f.Wait = a.Wait
	return f
}

// longestWait bounds what Retry-After may ask for.
const longestWait = 2 * time.Hour

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	var wait time.Duration
	if s, err := strconv.ParseFloat(text, 64); err == nil {
		if !(s > 0) {
			return 0
		}
		wait = time.Duration(min(s, longestWait.Seconds()) * float64(time.Second))
	} else if t, err := http.ParseTime(text); err == nil {
		wait = t.Sub(now)
	}
	return min(max(wait, 0), longestWait)
}
