package gopls

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"urbangraph/kernel/gofront"
)

// session is a running gopls that knows the shadow module.
type session struct {
	process *process
	conn    *conn
	dir     string
	warm    atomic.Bool // it has answered a question about the cell

	mu   sync.Mutex
	docs map[string]*openDoc // by file name
}

// openDoc is a file as gopls knows it.
type openDoc struct {
	version int
	text    string
}

// settings make gopls light: it only completes and explains.
var settings = map[string]any{
	"completeUnimported":             false, // what the cell uses is imported in the text that it gets
	"completeFunctionCalls":          false,
	"usePlaceholders":                false,
	"experimentalPostfixCompletions": false,
	"deepCompletion":                 false,
	"matcher":                        "CaseInsensitive",
	"completionBudget":               "100ms",
	"diagnosticsTrigger":             "Save",
	"diagnosticsDelay":               "1h",
	"staticcheck":                    false,
	"vulncheck":                      "Off",
	"codelenses":                     map[string]bool{},
	"symbolScope":                    "workspace",
	"expandWorkspaceToModule":        false,
	"hoverKind":                      "FullDocumentation",
	"linksInHover":                   false,
	"semanticTokens":                 false,
	"verboseOutput":                  false,
}

// environment is that of gopls. It never uses the network, starts no process that counts its use, and
// keeps its memory small at the cost of some time. The go command that it starts is the real one, which
// need not be the first in the PATH of a kernel.
func environment(base []string, goCommand string) []string {
	if goCommand != "" {
		path := filepath.Dir(goCommand)
		for _, e := range base {
			if rest, ok := strings.CutPrefix(e, "PATH="); ok {
				path = filepath.Dir(goCommand) + string(os.PathListSeparator) + rest
			}
		}
		base = gofront.Setenv(base, "PATH", path)
	}
	for _, kv := range [][2]string{
		{"GOPROXY", "off"}, {"GO_TELEMETRY_CHILD", "2"}, {"GOGC", "50"}, {"GOMEMLIMIT", "400MiB"}, {"GOMAXPROCS", "2"},
	} {
		base = gofront.Setenv(base, kv[0], kv[1])
	}
	return base
}

// startSession starts gopls for the module in dir and waits until it is ready to be asked, or until ctx
// ends.
func startSession(ctx context.Context, path, dir string, env []string) (*session, error) {
	p, err := startProcess(command(path, dir, env))
	if err != nil {
		return nil, err
	}
	s := &session{process: p, dir: dir, docs: map[string]*openDoc{}}
	s.conn = newConn(p.stdout, p.stdin, answerServer)
	folder := map[string]string{"uri": fileURI(dir), "name": "notebook"}
	err = s.conn.call(ctx, "initialize", map[string]any{
		"processId":             os.Getpid(),
		"rootUri":               folder["uri"],
		"workspaceFolders":      []any{folder},
		"initializationOptions": settings,
		"capabilities": map[string]any{
			"workspace": map[string]any{"configuration": true, "workspaceFolders": true},
			"textDocument": map[string]any{
				"completion": map[string]any{
					"contextSupport": true,
					"completionItem": map[string]any{"snippetSupport": false, "documentationFormat": []string{"plaintext"}},
				},
				"hover": map[string]any{"contentFormat": []string{"markdown"}},
				"signatureHelp": map[string]any{
					"signatureInformation": map[string]any{"documentationFormat": []string{"markdown"}},
				},
			},
		},
	}, new(json.RawMessage))
	if err == nil {
		err = s.conn.notify("initialized", struct{}{})
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("gopls at %s is not ready: %w", path, err)
	}
	return s, nil
}

// answerServer answers what gopls asks: its settings. Everything else is allowed.
func answerServer(method string, params json.RawMessage) any {
	if method != "workspace/configuration" {
		return nil
	}
	var p struct{ Items []json.RawMessage }
	if json.Unmarshal(params, &p) != nil {
		return []any{}
	}
	out := make([]any, len(p.Items))
	for i := range out {
		out[i] = settings
	}
	return out
}

// alive reports whether the session can still be asked.
func (s *session) alive() bool {
	select {
	case <-s.conn.ended:
		return false
	case <-s.process.ended:
		return false
	default:
		return true
	}
}

// close ends gopls at once; it has nothing to save.
func (s *session) close() {
	s.conn.end(errGone)
	s.process.kill()
	s.conn.wait()
}

// show makes gopls know the files of a project.
func (s *session) show(p *project) error {
	for _, f := range []struct{ name, text string }{{notebookFile, p.notebook}, {cellFile, p.text}} {
		d := s.docs[f.name]
		if d == nil {
			d = &openDoc{version: 1, text: f.text}
			s.docs[f.name] = d
			err := s.conn.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{
				"uri": s.uri(f.name), "languageId": "go", "version": d.version, "text": d.text}})
			if err != nil {
				return err
			}
			continue
		}
		if d.text == f.text {
			continue
		}
		d.version++
		d.text = f.text
		err := s.conn.notify("textDocument/didChange", map[string]any{
			"textDocument":   map[string]any{"uri": s.uri(f.name), "version": d.version},
			"contentChanges": []any{map[string]string{"text": d.text}}})
		if err != nil {
			return err
		}
	}
	return nil
}

// begin asks about an offset in the cell's file of a project. The files shown and the question about them
// reach gopls with nothing between them.
func (s *session) begin(p *project, method string, offset int) (*pendingCall, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.show(p); err != nil {
		return nil, err
	}
	return s.conn.start(method, map[string]any{
		"textDocument": map[string]string{"uri": s.uri(cellFile)},
		"position":     positionOf(p.text, offset),
	})
}

// ask asks about an offset in the cell's file of a project and waits for the answer.
func (s *session) ask(ctx context.Context, p *project, method string, offset int, result any) error {
	call, err := s.begin(p, method, offset)
	if err != nil {
		return err
	}
	return s.await(ctx, call, result)
}

// await waits for an answer and notes that gopls can give one.
func (s *session) await(ctx context.Context, call *pendingCall, result any) error {
	err := call.wait(ctx, result)
	if err == nil {
		s.warm.Store(true)
	}
	return err
}

func (s *session) uri(name string) string { return fileURI(filepath.Join(s.dir, name)) }

// reason is why the session is of no more use.
func (s *session) reason() error {
	select {
	case <-s.conn.ended:
		return s.conn.err
	default:
		return errGone
	}
}
