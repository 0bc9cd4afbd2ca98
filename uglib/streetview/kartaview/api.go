package kartaview

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"urbangraph/uglib/streetview/internal/fetch"
)

const (
	pageSize  = 1000 // photographs in a page of a list
	mostPages = 5    // of a box; one with more is split
	batch     = 150  // photographs in one request for details
)

// api is the source of photographs.
type api struct {
	client *fetch.Client
}

// status says in the body how a request went. Its codes come as numbers or
// strings.
type status struct {
	APICode  fetch.Number `json:"apiCode"`
	Message  fetch.Text   `json:"apiMessage"`
	HTTPCode fetch.Number `json:"httpCode"`
}

// list is an answer of version 1.
type list struct {
	Status status             `json:"status"`
	Items  *[]json.RawMessage `json:"currentPageItems"`
	Total  total              `json:"totalFilteredItems"`
	OSV    struct {
		Items *[]json.RawMessage `json:"currentPageItems"`
		Total total              `json:"totalFilteredItems"`
	} `json:"osv"`
}

// total is a count that comes as ["737"], "737" or 737; -1 is unknown.
type total int

// UnmarshalJSON implements [json.Unmarshaler].
func (t *total) UnmarshalJSON(data []byte) error {
	var several []fetch.Number
	var n fetch.Number
	if json.Unmarshal(data, &several) == nil && len(several) > 0 {
		n = several[0]
	} else if err := n.UnmarshalJSON(data); err != nil {
		return err
	}
	if *t = -1; n.OK && n.V >= 0 && n.V < 1e9 {
		*t = total(n.V)
	}
	return nil
}

// Search implements the source: it lists the photographs in the circle around
// a box.
func (a *api) Search(ctx context.Context, b fetch.Box, last bool, emit func([]Photo) error) error {
	centre, radius := b.Circle()
	form := url.Values{
		"lat": {degrees(centre[1])}, "lng": {degrees(centre[0])},
		"radius": {strconv.Itoa(max(1, int(math.Ceil(float64(radius)))))},
		"ipp":    {strconv.Itoa(pageSize)},
	}
	got := 0
	for page := 1; last || page <= mostPages; page++ {
		form.Set("page", strconv.Itoa(page))
		var l list
		err := a.client.Do(ctx, fetch.Request{Method: http.MethodPost, Path: "/1.0/list/nearby-photos/", Form: form, Last: last}, func(ans fetch.Answer) error {
			l = list{Total: -1}
			return judge(ans, &l, &l.Status)
		})
		if err != nil {
			return err
		}
		items, all := l.Items, l.Total
		if items == nil {
			items, all = l.OSV.Items, l.OSV.Total
		}
		if items == nil {
			if l.Status.APICode.V == noContent {
				return nil
			}
			return fetch.Faultf(fetch.Wrong, "the list of photographs has no currentPageItems; the API must have changed")
		}
		photos := make([]Photo, 0, len(*items))
		for _, raw := range *items {
			var item listed
			if json.Unmarshal(raw, &item) != nil {
				continue
			}
			if p, err := item.photo(); err == nil { // what has no id cannot be asked for, cited or kept apart
				photos = append(photos, p)
			}
		}
		if err := emit(photos); err != nil {
			return err
		}
		got += len(*items)
		if len(*items) == 0 || all >= 0 && got >= int(all) || all < 0 && len(*items) < pageSize {
			return nil
		}
	}
	return fetch.Faultf(fetch.TooMuch, "the box %s holds more than %d photographs", b, got)
}

func degrees(v float64) string { return strconv.FormatFloat(v, 'f', 7, 64) }

// Batch implements the source.
func (*api) Batch() int { return batch }

// details is an answer of version 2.
type details struct {
	Status status `json:"status"`
	Result struct {
		Data *[]json.RawMessage `json:"data"`
	} `json:"result"`
}

// Details implements the source.
func (a *api) Details(ctx context.Context, photos []Photo) ([]Photo, error) {
	byID := make(map[ID]Photo, len(photos))
	ids := make([]string, len(photos))
	for i, p := range photos {
		byID[p.KartaViewID] = p
		ids[i] = strconv.FormatInt(int64(p.KartaViewID), 10)
	}
	q := url.Values{"id": {strings.Join(ids, ",")}, "itemsPerPage": {strconv.Itoa(batch)}}
	var d details
	err := a.client.Do(ctx, fetch.Request{Path: "/2.0/photo/", Query: q, Last: true}, func(ans fetch.Answer) error {
		d = details{}
		return judge(ans, &d, &d.Status)
	})
	if fetch.Is(err, fetch.Gone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if d.Result.Data == nil {
		if d.Status.APICode.V == noContent {
			return nil, nil
		}
		return nil, fetch.Faultf(fetch.Wrong, "the details of photographs have no result.data; the API must have changed")
	}
	var fresh []Photo
	for _, raw := range *d.Result.Data {
		var item detailed
		var id ID
		if json.Unmarshal(raw, &item) != nil || json.Unmarshal(item.ID, &id) != nil {
			continue
		}
		p, ok := byID[id]
		if !ok {
			continue
		}
		delete(byID, id)
		if p, ok = item.complete(p); ok {
			fresh = append(fresh, p)
		}
	}
	return fresh, nil
}

// Codes of KartaView's own.
const (
	success   = 600
	noContent = 601
)

// judge reads an answer and says what it means.
func judge(a fetch.Answer, into any, s *status) error {
	err := json.Unmarshal(a.Body, into)
	if !s.APICode.OK { // no envelope
		if f := fetch.StatusFault(a); f != nil {
			if a.Status == http.StatusInternalServerError || a.Status == http.StatusGatewayTimeout || a.Status == http.StatusRequestTimeout {
				f.Kind = fetch.TooMuch
			}
			return f
		}
		if err == nil {
			return fetch.Faultf(fetch.Wrong, "an answer without status.apiCode; the API must have changed")
		}
		return fmt.Errorf("an answer of %d bytes that is no JSON or not whole: %w", len(a.Body), err)
	}
	code := int(s.APICode.V)
	if code == success || code == noContent || code == 200 {
		if err != nil {
			return fmt.Errorf("an answer of %d bytes that is not as expected: %w", len(a.Body), err)
		}
		return nil
	}
	f := fetch.Faultf(fetch.Wrong, "HTTP %d, apiCode %d: %.300s", a.Status, code, strings.Join(strings.Fields(string(s.Message)), " "))
	f.Code, f.Wait = code, a.Wait
	switch {
	case code == 408, code == 690: // query timeout, server error
		f.Kind = fetch.TooMuch
	case code == http.StatusTooManyRequests || a.Status == http.StatusTooManyRequests:
		f.Kind = fetch.Limited
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		f.Kind = fetch.Refused
		f.Text += "; KartaView asks for an account now: set " + TokenVariable + " to an access token"
	case code == http.StatusNotFound, code == http.StatusGone:
		f.Kind = fetch.Gone
	case code >= 500 && code < 600, a.Status >= 500:
		f.Kind = fetch.Passing
	}
	return f
}
