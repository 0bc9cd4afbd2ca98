package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"urbangraph/uglib/progress"
)

const (
	tries      = 3                // to reach a server or to go on with a download
	userAgent  = "ug"             // servers of packages ask for one
	indexBytes = 64 << 20         // most of a page of an index
	headerWait = 30 * time.Second // for a server's answer
)

// Waiting, shortened in tests.
var (
	retryWait = time.Second      // before the second try, then twice as long each time
	stallWait = 60 * time.Second // without a byte before a try is given up
)

// fetch fills part with the archive, which may have been fetched in part before.
func (w wheel) fetch(ctx context.Context, part *os.File) error {
	if w.archive.check(part.Name()) == nil {
		return nil
	}
	config, err := readPipConfig()
	if err != nil {
		return err
	}
	client, err := config.client()
	if err != nil {
		return err
	}
	at, err := w.locate(ctx, client, config)
	if err != nil {
		return err
	}
	task := progress.Start(ctx, "download "+w.project+" (MB)", int(w.archive.size>>20))
	defer task.Done()
	if info, err := part.Stat(); err == nil {
		task.Add(int(info.Size() >> 20))
	}
	for fresh := false; ; fresh = true {
		if err := w.archive.download(ctx, client, at, part, task); err != nil {
			return err
		}
		err := w.archive.check(part.Name())
		if err == nil {
			return nil
		}
		if err := part.Truncate(0); err != nil {
			return err
		}
		if fresh { // the first time what was there before may be to blame
			return fmt.Errorf("%s: %w", at.Redacted(), err)
		}
	}
}

// download appends to part what is missing of the file at the address.
func (p pinned) download(ctx context.Context, client *http.Client, at *url.URL, part *os.File, task progress.Task) error {
	return retry(ctx, func() error {
		have, err := part.Seek(0, io.SeekEnd)
		if err != nil {
			return final{err}
		}
		if have > p.size {
			if have, err = 0, part.Truncate(0); err != nil {
				return final{err}
			}
		}
		if have == p.size {
			return nil
		}
		ctx, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		resp, err := get(ctx, client, at, http.Header{"Range": {fmt.Sprintf("bytes=%d-", have)}})
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		switch {
		case resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
		case resp.StatusCode == http.StatusOK: // the server sends all of it
			have = 0
			if err := part.Truncate(0); err != nil {
				return final{err}
			}
		default:
			return errors.Join(fmt.Errorf("%s: the server answered %s for a part of it", at.Redacted(), resp.Status), part.Truncate(0))
		}
		if _, err := part.Seek(have, io.SeekStart); err != nil {
			return final{err}
		}
		stalled := time.AfterFunc(stallWait, func() { stop(fmt.Errorf("no byte in %v", stallWait)) })
		defer stalled.Stop()
		count := &counter{task: task}
		body := io.TeeReader(resp.Body, writerFunc(func(b []byte) (int, error) {
			stalled.Reset(stallWait)
			return count.Write(b)
		}))
		// One byte more than is due shows that the file is another.
		n, err := io.Copy(part, io.LimitReader(body, p.size-have+1))
		switch {
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("%s: %w", at.Redacted(), context.Cause(ctx))
		case err != nil:
			return fmt.Errorf("%s: %w", at.Redacted(), err)
		case have+n < p.size:
			return fmt.Errorf("%s: the connection ended after %d of %d bytes", at.Redacted(), have+n, p.size)
		}
		return nil
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// get asks for an address. An answer that another try will not change is a
// final error.
func get(ctx context.Context, client *http.Client, at *url.URL, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, final{err}
	}
	for key, values := range header {
		req.Header[key] = values
	}
	req.Header.Set("User-Agent", userAgent)
	resp, err := client.Do(req)
	if err != nil {
		return nil, offline(at, err)
	}
	switch {
	case resp.StatusCode == http.StatusOK, resp.StatusCode == http.StatusPartialContent, resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return resp, nil
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
		return nil, errors.Join(fmt.Errorf("%s: %s", at.Redacted(), resp.Status), resp.Body.Close())
	}
	return nil, final{errors.Join(fmt.Errorf("%s: %s; is the index that pip is configured for the right one?", at.Redacted(), resp.Status), resp.Body.Close())}
}

// offline says what to do where a server cannot be reached.
func offline(at *url.URL, err error) error {
	if inner := new(url.Error); errors.As(err, &inner) {
		err = inner.Err // without the address, which may hold a password
	}
	return fmt.Errorf("%s cannot be reached (%w); this needs a network: name an index that can be reached by PIP_INDEX_URL or pip's configuration, a proxy by HTTPS_PROXY, or copy the plugin here from another machine", at.Redacted(), err)
}

// final is an error that trying again does not cure.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// retry does work until it succeeds, fails for good, or failed several times.
func retry(ctx context.Context, work func() error) error {
	for try := 1; ; try++ {
		err := work()
		var last final
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &last):
			return last.error
		case try == tries:
			return err
		}
		select {
		case <-time.After(retryWait << (try - 1)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
