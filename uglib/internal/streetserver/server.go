// Package streetserver plays the street-view services Mapillary and KartaView
// on this machine, for tests: their answers, limits and faults. It is no part
// of the library.
package streetserver

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Photo is a photograph that the service has.
type Photo struct {
	ID        int64
	Lon, Lat  float64 // by the camera
	Shift     float64 // of the corrected position to the east, degrees; 0 for no corrected position
	Heading   float64 // negative for none
	Taken     time.Time
	Pano      bool
	Creator   string
	Withdrawn bool // found, but no longer there
}

// Fault is what a request meets in place of its answer, or on the way.
type Fault struct {
	Status     int           // answer with this status
	Body       string        // and this body
	RetryAfter string        // header of an answer with a status
	Delay      time.Duration // before the answer
	Stall      time.Duration // in the middle of the body
	Cut        bool          // the connection ends in the middle of the body
	Half       bool          // half of the body, as if it were whole
	Type       string        // another content type
}

// Call is a request that the service got.
type Call struct {
	At     time.Time
	Kind   string // images, id, file, list, details
	URL    string // path and query
	Form   string // of a POST
	Header http.Header
}

// Server is a service. Set its fields before the first request, or under Lock.
type Server struct {
	Photos []Photo
	Token  string                 // that requests to the API must carry; "" for none
	Most   int                    // images in an answer of Mapillary; 0 for 2000
	Spill  float64                // degrees by which Mapillary looks beyond a box
	Epoch  int                    // addresses of files of an earlier one have expired
	Fault  func(c Call) *Fault    // called with the lock held
	Alter  func(m map[string]any) // changes an image of Mapillary before it is sent
	Refuse map[string]bool        // fields that Mapillary does not know
	Base   string                 // address that file addresses begin with

	mu    sync.Mutex
	calls []Call
	now   int
	peak  int
}

// Lock runs f while no request is looked at.
func (s *Server) Lock(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// Calls returns the requests of a kind so far, or all for "".
func (s *Server) Calls(kind string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var some []Call
	for _, c := range s.calls {
		if kind == "" || c.Kind == kind {
			some = append(some, c)
		}
	}
	return some
}

// Peak returns the greatest number of requests at the same time.
func (s *Server) Peak() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

// Start serves on a port of this machine until the test ends, and returns the
// address.
func (s *Server) Start(t testing.TB) string {
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	s.Base = web.URL
	return web.URL
}

// Pipe serves in memory, which package testing/synctest needs, until stop is
// called.
func (s *Server) Pipe() (client *http.Client, base string, stop func()) {
	s.Base = "http://localhost"
	l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	web := &http.Server{Handler: s}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = web.Serve(l) // ends with Close
	}()
	transport := &http.Transport{
		MaxIdleConnsPerHost: 64,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			mine, theirs := net.Pipe()
			select {
			case l.conns <- theirs:
				return mine, nil
			case <-l.done:
				return nil, net.ErrClosed
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	}
	return &http.Client{Transport: transport}, s.Base, func() {
		transport.CloseIdleConnections()
		_ = web.Close()
		<-ended
	}
}

// pipes is a listener whose connections are in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	c := Call{At: time.Now(), Kind: kind(r.URL.Path), URL: r.URL.RequestURI(), Form: r.PostForm.Encode(), Header: r.Header}
	s.mu.Lock()
	s.calls = append(s.calls, c)
	s.now++
	s.peak = max(s.peak, s.now)
	var f *Fault
	if s.Fault != nil {
		f = s.Fault(c)
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if f == nil {
		f = &Fault{}
	}
	if f.Delay > 0 && !sleep(r.Context(), f.Delay) {
		return
	}
	status, contentType, body := f.Status, "application/json", []byte(f.Body)
	if status == 0 {
		s.mu.Lock()
		status, contentType, body = s.answer(c.Kind, r)
		s.mu.Unlock()
	} else if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Type != "" {
		contentType = f.Type
	}
	if f.Half {
		body = body[:len(body)/2]
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if !f.Cut && f.Stall == 0 {
		_, _ = w.Write(body)
		return
	}
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	if f.Stall > 0 && sleep(r.Context(), f.Stall) {
		_, _ = w.Write(body[len(body)/2:])
		return
	}
	panic(http.ErrAbortHandler)
}

// sleep says whether the client was still there at the end of d.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func kind(path string) string {
	switch {
	case path == "/images":
		return "images"
	case strings.HasPrefix(path, "/file/"):
		return "file"
	case path == "/1.0/list/nearby-photos/":
		return "list"
	case path == "/2.0/photo/":
		return "details"
	}
	return "id"
}

func (s *Server) answer(kind string, r *http.Request) (int, string, []byte) {
	switch kind {
	case "images":
		return s.search(r)
	case "id":
		return s.one(r)
	case "file":
		return s.file(r)
	case "list":
		return s.list(r)
	}
	return s.details(r)
}

func (s *Server) byID(id int64) *Photo {
	for i := range s.Photos {
		if s.Photos[i].ID == id {
			return &s.Photos[i]
		}
	}
	return nil
}

// address is that of the file of a photograph, as of now.
func (s *Server) address(id int64) string {
	return fmt.Sprintf("%s/file/%d.jpg?signature=%d", s.Base, id, s.Epoch)
}

func (s *Server) file(r *http.Request) (int, string, []byte) {
	id, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/file/"), ".jpg"), 10, 64)
	p := s.byID(id)
	switch {
	case r.URL.Query().Get("signature") != strconv.Itoa(s.Epoch):
		return http.StatusForbidden, "text/plain", []byte("URL signature expired")
	case p == nil || p.Withdrawn:
		return http.StatusNotFound, "text/plain", []byte("gone")
	}
	return http.StatusOK, "image/jpeg", Picture(id)
}

// Picture returns the image file of a photograph, a JPEG of 96 by 64 pixels
// that looks like no other.
func Picture(id int64) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 96, 64))
	x := uint64(id)
	for by := range 4 {
		for bx := range 6 {
			x = x*6364136223846793005 + 1442695040888963407
			c := color.RGBA{uint8(x >> 56), uint8(x >> 48), uint8(x >> 40), 255}
			for py := range 16 {
				for px := range 16 {
					img.SetRGBA(bx*16+px, by*16+py, c)
				}
			}
		}
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 80}); err != nil {
		panic(err) // there is no such picture
	}
	return buf.Bytes()
}
