package kartaview

import (
	"cmp"
	"context"
	"net/http"
	"os"

	"github.com/paulmach/orb"

	"urbangraph/uglib/streetview/internal/fetch"
)

// Names of environment variables.
const (
	TokenVariable = "KARTAVIEW_TOKEN" // the access token; with _FILE appended, a file that holds it
	URLVariable   = "KARTAVIEW_URL"   // another address of the API
)

// Licence is that of every photograph on KartaView.
const Licence = "CC BY-SA 4.0"

type (
	// Photo is a photograph with its metadata.
	Photo = fetch.Photo
	// ID is the exact number of a photograph.
	ID = fetch.ID
	// Limits say which photographs to take.
	Limits = fetch.Limits
	// Panoramas says what to do about panoramas.
	Panoramas = fetch.Panoramas
	// Options say how the client treats the service.
	Options = fetch.Options
	// Result is what was collected.
	Result = fetch.Result
	// Secret is an access token that does not print.
	Secret = fetch.Secret
)

// What to do about panoramas.
const (
	SkipPanoramas = fetch.SkipPanoramas // the default
	WithPanoramas = fetch.WithPanoramas
	OnlyPanoramas = fetch.OnlyPanoramas
)

// Names of what a collection leaves in its folder.
const (
	PhotosFile = fetch.PhotosFile
	ResultFile = fetch.ResultFile
	ImageDir   = fetch.ImageDir
)

// Query says which photographs to fetch. It is part of specs. Its zero value
// asks for all flat pictures of the city.
type Query struct {
	Limits
}

// Check returns an error for a query that cannot be made.
func (q Query) Check() error { return q.Limits.Check() }

// NewSecret wraps an access token.
func NewSecret(token string) Secret { return fetch.NewSecret(token) }

// FindToken returns the access token in a file, or that of the environment if
// file is "". It is empty if there is none.
func FindToken(file string) (Secret, error) { return fetch.FindSecret(file, TokenVariable) }

type contextKey struct{}

// With returns a context in which KartaView is asked as o says.
func With(ctx context.Context, o Options) context.Context {
	return context.WithValue(ctx, contextKey{}, o)
}

// Requests an hour that are allowed without and with a token.
const (
	hourly          = 100
	hourlyWithToken = 1000
)

// options returns those of the context, completed by the environment and the
// defaults. A fifth of the requests of an hour may come at once, and the rest
// is spread over it, so that no hour sees more than are allowed.
func options(ctx context.Context) (Options, error) {
	o, _ := ctx.Value(contextKey{}).(Options)
	if o.Token.IsZero() {
		token, err := FindToken("")
		if err != nil {
			return o, err
		}
		o.Token = token
	}
	n := hourly
	if !o.Token.IsZero() {
		n = hourlyWithToken
	}
	if o.Rate > 0 && o.Burst == 0 {
		o.Burst = 1
	}
	return o.Or(Options{
		BaseURL: cmp.Or(os.Getenv(URLVariable), "https://api.openstreetcam.org"), Rate: 0.8 * float64(n) / 3600, Burst: n / 5, Parallel: 2,
		ImageRate: 5, ImageParallel: 4,
	}), nil
}

func authorize(h http.Header, token string) { h.Set("X-Auth-Token", token) }

// tileSide is the side of the boxes to begin with, in degrees: the circle
// around one has a radius of 390 m or less.
const tileSide = 0.005

// Collect fetches the photographs of an area, for the city of that key, into a
// folder: [PhotosFile], [ResultFile] and [ImageDir]. It names the files that are to outlive
// an interruption to keep; the next run goes on with them. The context says
// how to ask, see [With].
func Collect(ctx context.Context, q Query, area orb.Bound, city, dir string, keep func(name string)) (*Result, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	o, err := options(ctx)
	if err != nil {
		return nil, err
	}
	client, err := fetch.NewClient(o, authorize)
	if err != nil {
		return nil, err
	}
	return fetch.Collect(ctx, fetch.Job{
		Service: "KartaView", Source: &api{client}, Client: client,
		Area: area, Side: tileSide, Limits: q.Limits, City: city, Query: q,
	}, dir, keep)
}
