package kartaview

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/streetview/internal/fetch"
)

// listed is a photograph in a list of version 1.
type listed struct {
	ID            json.RawMessage `json:"id"`
	Lat           fetch.Number    `json:"lat"`
	Lng           fetch.Number    `json:"lng"`
	MatchLat      fetch.Number    `json:"match_lat"`
	MatchLng      fetch.Number    `json:"match_lng"`
	Heading       fetch.Number    `json:"heading"`
	ShotDate      fetch.Text      `json:"shot_date"`
	DateAdded     fetch.Text      `json:"date_added"`
	Projection    fetch.Text      `json:"projection"`
	SequenceID    fetch.Text      `json:"sequence_id"`
	SequenceIndex fetch.Number    `json:"sequence_index"`
	Username      fetch.Text      `json:"username"`
}

// detailed is a photograph of version 2.
type detailed struct {
	ID            json.RawMessage `json:"id"`
	Lat           fetch.Number    `json:"lat"`
	Lng           fetch.Number    `json:"lng"`
	MatchLat      fetch.Number    `json:"matchLat"`
	MatchLng      fetch.Number    `json:"matchLng"`
	Heading       fetch.Number    `json:"heading"`
	ShotDate      fetch.Text      `json:"shotDate"`
	DateAdded     fetch.Text      `json:"dateAdded"`
	Projection    fetch.Text      `json:"projection"`
	Width         fetch.Number    `json:"width"`
	Height        fetch.Number    `json:"height"`
	SequenceID    fetch.Text      `json:"sequenceId"`
	SequenceIndex fetch.Number    `json:"sequenceIndex"`
	Status        fetch.Text      `json:"status"`
	Visibility    fetch.Text      `json:"visibility"`
	File          fetch.Text      `json:"fileurlProc"`
	Image         fetch.Text      `json:"imageProcUrl"`
	Large         fetch.Text      `json:"fileurlLTh"`
}

// mostID keeps the ids of views, which are KartaView's plus 8e15, below 9e15.
const mostID = 1e15

// photo returns the photograph of a row of a list.
func (l *listed) photo() (Photo, error) {
	var id ID
	if len(l.ID) > 0 {
		if err := json.Unmarshal(l.ID, &id); err != nil {
			return Photo{}, err
		}
	}
	if id == 0 || id >= mostID {
		return Photo{}, fmt.Errorf("it has no id of KartaView, or the wrong one %d", id)
	}
	p := Photo{
		KartaViewID: id, Geometry: point(l.Lng, l.Lat), Computed: point(l.MatchLng, l.MatchLat), Compass: l.Heading.Ptr(),
		CapturedAt: taken(string(l.ShotDate), string(l.DateAdded)),
		Sequence:   string(l.SequenceID), SequenceIndex: l.SequenceIndex.Int(), Creator: string(l.Username),
		Licence: Licence, Attribution: "KartaView, " + Licence,
	}
	p.CameraType, p.Pano = projection(string(l.Projection))
	if p.Creator != "" {
		p.Attribution = p.Creator + " on " + p.Attribution
	}
	p.URL = page(p.Sequence, p.SequenceIndex)
	return p, nil
}

// complete adds the details of a photograph; it is false where the photograph
// is withdrawn or has no file.
func (d *detailed) complete(p Photo) (Photo, bool) {
	if d.Status != "" && d.Status != "active" || d.Visibility != "" && d.Visibility != "public" {
		return p, false
	}
	for _, address := range []fetch.Text{d.File, d.Image, d.Large} {
		if p.ImageURL = fileURL(string(address)); p.ImageURL != "" {
			break
		}
	}
	p.Width, p.Height = d.Width.Int(), d.Height.Int()
	if kind, pano := projection(string(d.Projection)); kind != "" {
		p.CameraType, p.Pano = kind, pano
	}
	if q := point(d.MatchLng, d.MatchLat); q != nil {
		p.Computed = q
	}
	if t := taken(string(d.ShotDate), string(d.DateAdded)); t != 0 {
		p.CapturedAt = t
	}
	return p, p.ImageURL != ""
}

// page returns the address of a photograph's page.
func page(sequence string, index int) string {
	if sequence == "" {
		return "https://kartaview.org"
	}
	return "https://kartaview.org/details/" + url.PathEscape(sequence) + "/" + strconv.Itoa(index) + "/track-info"
}

// point returns a position; 0,0 and what is not on the Earth is none.
func point(lng, lat fetch.Number) *fetch.Point {
	p := orb.Point{lng.V, lat.V}
	if !lng.OK || !lat.OK || p == (orb.Point{}) || !fetch.OnEarth(p) {
		return nil
	}
	return new(fetch.Point(p))
}

// projection returns the camera's projection and whether it is a panorama's.
func projection(s string) (kind string, pano bool) {
	kind = strings.ToUpper(strings.TrimSpace(s))
	return kind, kind != "" && kind != "PLANE"
}

// taken returns the time of a photograph in milliseconds since 1970; 0 where it
// is not known, or is the time of the upload in its place.
func taken(shot, added string) int64 {
	s, a := parse(shot), parse(added)
	if s.IsZero() || !a.IsZero() && !s.Before(a) {
		return 0
	}
	return s.UnixMilli()
}

// parse reads a time as KartaView writes it; zero for what is none, such as
// "0000-00-00 00:00:00".
func parse(s string) time.Time {
	for _, layout := range []string{time.DateTime, "2006-01-02 15:04:05.999", time.RFC3339} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil && t.Year() >= 1990 && t.Year() < 2200 {
			return t
		}
	}
	return time.Time{}
}

// storage is a path on one of KartaView's file servers.
var storage = regexp.MustCompile(`^(?:https?://(?:www\.)?(?:kartaview|openstreetcam)\.org)?/?(storage\d+)/(files/.+)$`)

// fileURL returns the address of an image file: paths on a file server become
// addresses, and those with gaps to fill in ({{sizeprefix}}) are none.
func fileURL(s string) string {
	if strings.ContainsAny(s, "{}[]<> ") {
		return ""
	}
	if m := storage.FindStringSubmatch(s); m != nil {
		return "https://" + m[1] + ".openstreetcam.org/" + m[2]
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return s
}
