package mapillary

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"urbangraph/uglib/streetview/internal/fetch"
)

// pageLimit is the greatest number of images in an answer.
const pageLimit = 2000

// mostPages ends a search whose cursors do not end.
const mostPages = 1000

// api is the source of the photographs of a query.
type api struct {
	client *fetch.Client
	query  Query

	mu     sync.Mutex
	fields []string
}

func newAPI(c *fetch.Client, q Query) *api {
	return &api{client: c, query: q, fields: append(slices.Clone(fields), sizes[q.Size])}
}

// page is an answer of the API.
type page struct {
	Data   []json.RawMessage `json:"data"`
	Paging struct {
		Next    string `json:"next"`
		Cursors struct {
			After string `json:"after"`
		} `json:"cursors"`
	} `json:"paging"`
}

// Search implements the source: it asks for the images in a box.
func (a *api) Search(ctx context.Context, b fetch.Box, last bool, emit func([]Photo) error) error {
	q := url.Values{"bbox": {b.String()}, "limit": {strconv.Itoa(pageLimit)}}
	if t := a.query.Since; !t.IsZero() {
		q.Set("start_captured_at", stamp(t))
	}
	if t := a.query.Until; !t.IsZero() {
		q.Set("end_captured_at", stamp(t))
	}
	switch a.query.Panoramas {
	case SkipPanoramas:
		q.Set("is_pano", "false")
	case OnlyPanoramas:
		q.Set("is_pano", "true")
	}
	if a.query.Creator != "" {
		q.Set("creator_username", a.query.Creator)
	}
	if a.query.Organization != 0 {
		q.Set("organization_id", strconv.FormatInt(int64(a.query.Organization), 10))
	}
	if len(a.query.Sequences) > 0 {
		q.Set("sequence_ids", strings.Join(a.query.Sequences, ","))
	}
	for range mostPages {
		var p page
		if err := a.get(ctx, "/images", q, last, &p); err != nil {
			return err
		}
		photos := make([]Photo, 0, len(p.Data))
		for _, raw := range p.Data {
			if photo, err := a.photo(raw); err == nil { // what has no id cannot be asked for, cited or kept apart
				photos = append(photos, photo)
			}
		}
		if err := emit(photos); err != nil {
			return err
		}
		after := p.Paging.Cursors.After
		switch {
		case p.Paging.Next != "" && after != "" && after != q.Get("after") && len(p.Data) > 0:
			q.Set("after", after)
		case len(p.Data) >= pageLimit:
			return fetch.Faultf(fetch.TooMuch, "the box %s holds %d images or more", b, pageLimit)
		default:
			return nil
		}
	}
	return fetch.Faultf(fetch.TooMuch, "the box %s has more than %d pages", b, mostPages)
}

func (a *api) photo(raw json.RawMessage) (Photo, error) {
	var m image
	if err := json.Unmarshal(raw, &m); err != nil {
		return Photo{}, err
	}
	p, err := m.photo()
	p.ImageURL = m.file(a.query.Size)
	return p, err
}

// Batch implements the source.
func (*api) Batch() int { return 1 }

// Details implements the source: it asks for each image by its id.
func (a *api) Details(ctx context.Context, photos []Photo) ([]Photo, error) {
	var fresh []Photo
	for _, old := range photos {
		var raw json.RawMessage
		err := a.get(ctx, "/"+strconv.FormatInt(int64(old.MapillaryID), 10), url.Values{}, true, &raw)
		if fetch.Is(err, fetch.Gone) {
			continue
		}
		if err != nil {
			return nil, err
		}
		p, err := a.photo(raw)
		switch {
		case err != nil || p.MapillaryID != old.MapillaryID:
			return nil, fetch.Faultf(fetch.Wrong, "image %d: the answer is about another image or none", old.MapillaryID)
		case p.ImageURL == "":
			return nil, fetch.Faultf(fetch.Gone, "image %d has no file %d pixels wide", old.MapillaryID, max(a.query.Size, 0))
		}
		fresh = append(fresh, p)
	}
	return fresh, nil
}

// get makes a request with the fields, without those that the API turns out
// not to know.
func (a *api) get(ctx context.Context, path string, q url.Values, last bool, into any) error {
	for tries := 0; ; tries++ {
		a.mu.Lock()
		q.Set("fields", strings.Join(a.fields, ","))
		a.mu.Unlock()
		var unknown string
		err := a.client.Do(ctx, fetch.Request{Path: path, Query: q, Last: last}, func(ans fetch.Answer) error {
			if f := judge(ans); f != nil {
				if m := unknownField.FindStringSubmatch(f.Text); m != nil && f.Kind == fetch.Wrong {
					unknown = m[1]
				}
				return f
			}
			if err := json.Unmarshal(ans.Body, into); err != nil {
				return fmt.Errorf("an answer of %d bytes that is no JSON or not whole: %w", len(ans.Body), err)
			}
			return nil
		})
		if err == nil || unknown == "" || tries > len(fields) || !a.drop(unknown) {
			return err
		}
	}
}

// unknownField is how the API complains about a field.
var unknownField = regexp.MustCompile(`nonexisting field \((\w+)\)`)

// drop takes a field out of further requests; it says whether it can do without.
func (a *api) drop(field string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if needed[field] || field == sizes[a.query.Size] {
		return false
	}
	// Another request may have dropped it meanwhile.
	if i := slices.Index(a.fields, field); i >= 0 {
		a.fields = slices.Delete(a.fields, i, i+1)
		return true
	}
	return slices.Contains(fields, field)
}

// apiError is how the API says that it failed.
type apiError struct {
	Error struct {
		Message   fetch.Text   `json:"message"`
		Title     fetch.Text   `json:"error_user_title"`
		Detail    fetch.Text   `json:"error_user_msg"`
		Code      fetch.Number `json:"code"`
		Subcode   fetch.Number `json:"error_subcode"`
		Transient truth        `json:"is_transient"`
	} `json:"error"`
}

// judge says what an answer means: nil if it is good.
func judge(a fetch.Answer) *fetch.Fault {
	var e apiError
	if json.Unmarshal(a.Body, &e) != nil || !e.Error.Code.OK && e.Error.Message == "" {
		f := fetch.StatusFault(a)
		if f != nil && (a.Status == http.StatusInternalServerError || a.Status == http.StatusGatewayTimeout) {
			f.Kind = fetch.TooMuch
		}
		return f
	}
	parts := []string{fmt.Sprintf("HTTP %d, code %.0f", a.Status, e.Error.Code.V)}
	for _, t := range []fetch.Text{e.Error.Title, e.Error.Message, e.Error.Detail} {
		if t != "" && !slices.Contains(parts, string(t)) {
			parts = append(parts, string(t))
		}
	}
	f := &fetch.Fault{Kind: fetch.Wrong, Text: shorten(strings.Join(parts, ": ")), Wait: a.Wait, Code: int(e.Error.Code.V)}
	lower := strings.ToLower(f.Text)
	switch f.Code {
	case -2: // query timeout
		f.Kind = fetch.TooMuch
	case 4, 17, 32, 613: // limits of application, user, page and call in Meta's APIs
		f.Kind = fetch.Limited
	case 102, 190: // no or wrong token
		f.Kind = fetch.Refused
		f.Text += "; the access token is not valid: get one on www.mapillary.com/dashboard/developers and set " + TokenVariable
	case 10, 200:
		f.Kind = fetch.Refused
		f.Text += "; the access token does not allow this: give that of an application with the right to read"
	case 100:
		if strings.Contains(lower, "does not exist") || strings.Contains(lower, "cannot be loaded") {
			f.Kind = fetch.Gone
		} else if strings.Contains(lower, "bbox") || strings.Contains(lower, "bounding box") {
			f.Kind = fetch.TooMuch
		}
	case 1: // unknown, often with "reduce the amount of data"
		f.Kind = fetch.TooMuch
	case 2: // out of service for a while
		f.Kind = fetch.Passing
	default:
		switch {
		case strings.Contains(lower, "timeout") || strings.Contains(lower, "reduce the amount"):
			f.Kind = fetch.TooMuch
		case bool(e.Error.Transient):
			f.Kind = fetch.Passing
		default:
			if s := fetch.StatusFault(a); s != nil {
				f.Kind = s.Kind
			}
			if a.Status == http.StatusInternalServerError || a.Status == http.StatusGatewayTimeout {
				f.Kind = fetch.TooMuch
			}
		}
	}
	if a.Status == http.StatusTooManyRequests {
		f.Kind = fetch.Limited
	}
	return f
}

// shorten bounds what is repeated of a service's words.
func shorten(s string) string {
	const most = 300
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
