package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"urbangraph/uglib/engine"
	"urbangraph/uglib/engine/openai"
)

// serveKeyVariable is the environment variable that holds the API key.
const serveKeyVariable = "UG_SERVE_KEY"

// serveFlags say what is served, and to whom.
type serveFlags struct {
	model   modelFlags
	ask     askFlags
	name    string
	host    string
	port    int
	keyFile string
	batch   int
	wait    time.Duration
	timeout time.Duration
	maxBody int64
}

// newServe is "ug serve".
func newServe(a *app) *cobra.Command {
	var flags serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve a trained model as OpenAI's embeddings API",
		Long: `Answer POST /v1/embeddings, GET /v1/models and GET /healthz as OpenAI's API does, so that its
clients can use the model. An input is a text, or an object with a text, an image as a data URL,
or both; see the documentation of package engine/openai. Requests that come at the same time are
computed together.

The server listens to this machine alone, unless --host says otherwise. With --api-key-file, or
a key in ` + serveKeyVariable + `, requests must bring that key as "Authorization: Bearer KEY". It speaks
plain HTTP: put a proxy with TLS before it where the network is not trusted. An interrupt ends it
when the requests under way are answered.

The model, its tasks and prompts are named as for "ug embed".

` + typeHelp,
		Example: `  ug serve
  ug serve --model models/qwen2-vl --name uge --port 9000
  curl -s localhost:8899/v1/embeddings -H 'Content-Type: application/json' -d '{"model": "uge", "input": "Elm Street"}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return flags.run(cmd.Context(), a) },
	}
	flags.model.register(cmd)
	flags.ask.register(cmd)
	f := cmd.Flags()
	f.StringVar(&flags.name, "name", "", "`NAME` of the model for clients (default the run, or the name of the folder)")
	f.StringVar(&flags.host, "host", "127.0.0.1", "`ADDRESS` to listen at")
	f.IntVar(&flags.port, "port", 8899, "port to listen at; 0 is any that is free")
	f.StringVar(&flags.keyFile, "api-key-file", "", "`FILE` with the key that requests must bring")
	f.IntVar(&flags.batch, "batch", 32, "most inputs that are computed together")
	f.DurationVar(&flags.wait, "max-wait", 5*time.Millisecond, "how long an input waits for others")
	f.DurationVar(&flags.timeout, "timeout", time.Minute, "most time for a request")
	f.Int64Var(&flags.maxBody, "max-body", 64<<20, "most bytes of a request")
	return cmd
}

// serveResult is what "ug serve" says when it is ready.
type serveResult struct {
	URL   string `json:"url"`
	Model string `json:"model"`
	Width int    `json:"width"`
	DType string `json:"dtype"`
	Key   bool   `json:"key"` // whether requests must bring one
}

// closing is how long requests under way have to end.
const closing = 10 * time.Second

func (f *serveFlags) run(ctx context.Context, a *app) error {
	if err := f.check(); err != nil {
		return err
	}
	key, err := f.key()
	if err != nil {
		return err
	}
	ask, err := f.ask.instruction()
	if err != nil {
		return err
	}
	device, err := f.model.device(a)
	if err != nil {
		return err
	}
	m, e, err := f.model.engine(ctx, device, engine.Options{Instruction: ask, Batch: f.batch})
	if err != nil {
		return err
	}
	defer e.Close()
	wait := f.wait
	if wait == 0 {
		wait = -1 // not at all
	}
	live := engine.NewLive(e, engine.LiveOptions{Wait: wait})
	defer live.Close()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(f.host, strconv.Itoa(f.port)))
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	local := isLoopback(listener.Addr())
	if !local {
		warning := "other machines can reach this server"
		if key == "" {
			warning += ", and no key is asked for; give --api-key-file"
		}
		if _, err := fmt.Fprintln(a.errOut, "ug: "+warning); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	r := &serveResult{URL: "http://" + listener.Addr().String() + "/v1", Model: f.modelName(m), Width: e.Width(), DType: f.model.dtype, Key: key != ""}
	server := &http.Server{
		Handler: openai.Handler(live, openai.Options{
			Model: r.Model, Width: r.Width, Created: modified(m.dir), Key: key, MaxBody: f.maxBody, Timeout: f.timeout, Local: local,
			Failed: func(err error) {
				// Nothing can be done about a log that cannot be written.
				_, _ = fmt.Fprintln(a.errOut, "ug: serve:", err)
			},
		}),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: f.timeout, WriteTimeout: 2*f.timeout + closing, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
	err = a.print(r, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "serving %s (vectors of width %d) at %s\n", r.Model, r.Width, r.URL)
		return err
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return serve(ctx, server, listener)
}

// serve answers until ctx ends, and then those requests that are under way.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	err := server.Shutdown(late)
	if err != nil {
		err = errors.Join(fmt.Errorf("serve: some requests did not end within %v: %w", closing, err), server.Close())
	}
	<-ended
	return err
}

// check looks at the command line.
func (f *serveFlags) check() error {
	switch {
	case f.port < 0 || f.port > 65535:
		return usagef("--port %d is not 0 to 65535", f.port)
	case f.host == "":
		return usagef("--host is empty; 0.0.0.0 listens at all addresses")
	case f.wait < 0 || f.wait > time.Minute:
		return usagef("--max-wait %v is not 0 to 1m", f.wait)
	case f.timeout < time.Millisecond:
		return usagef("--timeout %v is shorter than 1ms", f.timeout)
	case f.maxBody < 1:
		return usagef("--max-body %d is less than 1", f.maxBody)
	}
	return nil
}

// key is the key that requests must bring; "" for none.
func (f *serveFlags) key() (string, error) {
	if f.keyFile == "" {
		return strings.TrimSpace(os.Getenv(serveKeyVariable)), nil
	}
	data, err := os.ReadFile(f.keyFile)
	if err != nil {
		return "", fmt.Errorf("API key: %w", err)
	}
	key := strings.TrimSpace(string(data))
	if key == "" || strings.ContainsAny(key, " \t\r\n") {
		return "", fmt.Errorf("API key: %s does not hold one word", f.keyFile)
	}
	return key, nil
}

// modelName is the model's name for clients.
func (f *serveFlags) modelName(m *loadedModel) string {
	if f.name != "" {
		return f.name
	}
	if m.dir == m.name {
		if abs, err := filepath.Abs(m.dir); err == nil {
			return filepath.Base(abs)
		}
	}
	return m.name
}

// modified is when a model's folder last changed.
func modified(dir string) time.Time {
	info, err := os.Stat(dir)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
