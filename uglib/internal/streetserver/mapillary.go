package streetserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// failure is an answer of Mapillary that says what is wrong.
func failure(status, code int, message string) (int, string, []byte) {
	return status, "application/json", encode(map[string]any{"error": map[string]any{
		"message": message, "type": "MLYApiException", "code": code, "fbtrace_id": "A1b2C3",
	}})
}

// QueryTimeout is the body of Mapillary's answer to a box that is too much.
const QueryTimeout = `{"error":{"message":"Timeout","type":"OAuthException","code":-2,"error_subcode":3404014,"is_transient":false,` +
	`"error_user_title":"Query Timeout","error_user_msg":"The query took too long","fbtrace_id":"AbC"}}`

// ReduceData is another.
const ReduceData = `{"error":{"code":1,"message":"Please reduce the amount of data you're asking for, then retry your request"}}`

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // the answers are made here
	}
	return data
}

func (s *Server) search(r *http.Request) (int, string, []byte) {
	if status, kind, body := s.refuse(r); status != 0 {
		return status, kind, body
	}
	q := r.URL.Query()
	var box [4]float64
	for i, part := range strings.Split(q.Get("bbox"), ",") {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil || i > 3 {
			return failure(http.StatusBadRequest, 100, "Invalid parameter: bbox")
		}
		box[i] = v
	}
	if box[2] <= box[0] || box[3] <= box[1] || box[0] < -180 || box[2] > 180 || (box[2]-box[0])*(box[3]-box[1]) >= 0.01 {
		return failure(http.StatusBadRequest, 100, fmt.Sprintf("Invalid parameter: bbox %v", box))
	}
	most := s.Most
	if most == 0 {
		most = 2000
	}
	if n, err := strconv.Atoi(q.Get("limit")); err == nil {
		most = min(most, n)
	}
	data := []any{}
	for i := range s.Photos {
		p := &s.Photos[i]
		if p.Lon < box[0]-s.Spill || p.Lon > box[2]+s.Spill || p.Lat < box[1]-s.Spill || p.Lat > box[3]+s.Spill || !matches(p, q) {
			continue
		}
		if len(data) < most {
			data = append(data, s.image(p, q.Get("fields")))
		}
	}
	return http.StatusOK, "application/json; charset=UTF-8", encode(map[string]any{"data": data})
}

func matches(p *Photo, q url.Values) bool {
	if v := q.Get("is_pano"); v != "" && v != strconv.FormatBool(p.Pano) {
		return false
	}
	if v := q.Get("creator_username"); v != "" && v != p.Creator {
		return false
	}
	if t, err := time.Parse(time.RFC3339, q.Get("start_captured_at")); err == nil && p.Taken.Before(t) {
		return false
	}
	if t, err := time.Parse(time.RFC3339, q.Get("end_captured_at")); err == nil && !p.Taken.Before(t) {
		return false
	}
	return true
}

// refuse answers a request with a wrong token or unknown field; the status is
// 0 for a good one. As the real service may, it repeats the token.
func (s *Server) refuse(r *http.Request) (int, string, []byte) {
	if got := r.Header.Get("Authorization"); s.Token != "" && got != "OAuth "+s.Token {
		return failure(http.StatusInternalServerError, 190, "Malformed access token "+got)
	}
	for _, f := range strings.Split(r.URL.Query().Get("fields"), ",") {
		if s.Refuse[f] {
			return failure(http.StatusBadRequest, 100, fmt.Sprintf("(#100) Tried accessing nonexisting field (%s) on node type (MLYImage)", f))
		}
	}
	return 0, "", nil
}

func (s *Server) one(r *http.Request) (int, string, []byte) {
	if status, kind, body := s.refuse(r); status != 0 {
		return status, kind, body
	}
	id, _ := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/"), 10, 64)
	p := s.byID(id)
	if p == nil || p.Withdrawn {
		return failure(http.StatusBadRequest, 100, fmt.Sprintf("Unsupported get request. Object with ID '%d' does not exist, cannot be loaded due to missing permissions", id))
	}
	return http.StatusOK, "application/json", encode(s.image(p, r.URL.Query().Get("fields")))
}

// image is an image as Mapillary tells of it: the fields that are asked for.
func (s *Server) image(p *Photo, fields string) map[string]any {
	point := func(lon float64) map[string]any {
		return map[string]any{"type": "Point", "coordinates": []float64{lon, p.Lat}}
	}
	all := map[string]any{
		"geometry": point(p.Lon), "captured_at": p.Taken.UnixMilli(), "camera_type": "perspective", "is_pano": p.Pano,
		"width": 4000, "height": 3000, "make": "GoPro", "model": "Max", "sequence": fmt.Sprintf("seq%d", p.ID%7),
		"creator": map[string]any{"username": p.Creator, "id": "101"},
	}
	if p.Pano {
		all["camera_type"] = "spherical"
	}
	if p.Heading >= 0 {
		all["compass_angle"] = p.Heading
	}
	if p.Shift != 0 {
		all["computed_geometry"], all["computed_compass_angle"] = point(p.Lon+p.Shift), p.Heading+1
	}
	for _, size := range []string{"256", "1024", "2048", "original"} {
		all["thumb_"+size+"_url"] = s.address(p.ID)
	}
	m := map[string]any{"id": strconv.FormatInt(p.ID, 10)}
	for _, f := range strings.Split(fields, ",") {
		if v, ok := all[f]; ok {
			m[f] = v
		}
	}
	if s.Alter != nil {
		s.Alter(m)
	}
	return m
}
