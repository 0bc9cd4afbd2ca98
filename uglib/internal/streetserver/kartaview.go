package streetserver

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Envelope is the body of an answer of KartaView that says what is wrong.
func Envelope(code int, message string) string {
	return string(encode(map[string]any{"status": map[string]any{"apiCode": code, "apiMessage": message, "httpCode": 400}}))
}

// list answers with the photographs in a circle, all values as strings.
func (s *Server) list(r *http.Request) (int, string, []byte) {
	number := func(name string) float64 {
		v, err := strconv.ParseFloat(r.PostForm.Get(name), 64)
		if err != nil {
			return math.NaN()
		}
		return v
	}
	lat, lng, radius, page, ipp := number("lat"), number("lng"), number("radius"), number("page"), number("ipp")
	if r.Method != http.MethodPost || !(lng >= -180 && lng <= 180) || !(radius > 0 && radius <= 5000) || !(page >= 1) || !(ipp >= 1 && ipp <= 2000) {
		return http.StatusBadRequest, "application/json", []byte(Envelope(610, "invalid parameters "+r.PostForm.Encode()))
	}
	items := []any{}
	for _, p := range s.Photos {
		const metres = 6371000 * math.Pi / 180
		if d := math.Hypot((p.Lon-lng)*math.Cos(lat*math.Pi/180), p.Lat-lat) * metres; d > radius {
			continue
		}
		items = append(items, map[string]any{
			"id": strconv.FormatInt(p.ID, 10), "lat": fmt.Sprintf("%.6f", p.Lat), "lng": fmt.Sprintf("%.6f", p.Lon),
			"heading": fmt.Sprintf("%.2f", p.Heading), "shot_date": shot(p.Taken), "date_added": "2024-05-01 10:00:00",
			"sequence_id": "77", "sequence_index": "3", "username": p.Creator, "projection": plane(p.Pano),
			"name": "storage13/files/photo/x.jpg",
		})
	}
	first := min(len(items), int(page-1)*int(ipp))
	last := min(len(items), first+int(ipp))
	return http.StatusOK, "application/json", encode(map[string]any{
		"status":           map[string]any{"apiCode": "600", "apiMessage": "The request has been processed without incidents", "httpCode": 200},
		"currentPageItems": items[first:last], "totalFilteredItems": []string{strconv.Itoa(len(items))},
	})
}

func shot(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02 15:04:05.000")
}

func plane(pano bool) string {
	if pano {
		return "SPHERE"
	}
	return "PLANE"
}

func (s *Server) details(r *http.Request) (int, string, []byte) {
	if s.Token != "" && r.Header.Get("X-Auth-Token") != s.Token {
		return http.StatusOK, "application/json", []byte(Envelope(401, "You have to be authenticated, not with "+r.Header.Get("X-Auth-Token")))
	}
	ids := strings.Split(r.URL.Query().Get("id"), ",")
	if len(ids) > 150 {
		return http.StatusBadRequest, "application/json", []byte(Envelope(610, "too many ids"))
	}
	data := []any{}
	for _, p := range s.Photos {
		if !slices.Contains(ids, strconv.FormatInt(p.ID, 10)) {
			continue
		}
		status := "active"
		if p.Withdrawn {
			status = "deleted"
		}
		data = append(data, map[string]any{
			"id": strconv.FormatInt(p.ID, 10), "lat": fmt.Sprintf("%.6f", p.Lat), "lng": fmt.Sprintf("%.6f", p.Lon),
			"matchLat": fmt.Sprintf("%.6f", p.Lat), "matchLng": fmt.Sprintf("%.6f", p.Lon+p.Shift),
			"heading": fmt.Sprintf("%.2f", p.Heading), "shotDate": shot(p.Taken), "dateAdded": "2024-05-01 10:00:00",
			"projection": plane(p.Pano), "width": "3840", "height": "2160", "status": status, "visibility": "public",
			"fileurlProc": s.address(p.ID), "fileurl": "https://cdn.kartaview.org/{{sizeprefix}}/x.jpg",
		})
	}
	return http.StatusOK, "application/json", encode(map[string]any{
		"status": map[string]any{"apiCode": 600, "apiMessage": "ok", "httpCode": 200},
		"result": map[string]any{"data": data, "hasMoreData": false},
	})
}
