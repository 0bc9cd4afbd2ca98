package gopls

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"urbangraph/kernel/gofront"
)

// Variables by which the test program is told to be another.
const (
	fakeMode   = "TEST_FAKE_GOPLS"
	victimWork = "TEST_VICTIM_WORK"
)

// fake is a gopls that answers every completion with "Printed" and every hover with "said", or misbehaves.
func fake(mode string) {
	in := bufio.NewReader(os.Stdin)
	send := func(m message) {
		m.Version = "2.0"
		body, _ := json.Marshal(m)
		os.Stdout.Write(frame(body))
	}
	if mode == "exits at once" {
		os.Exit(3)
	}
	if mode == "says nothing" {
		time.Sleep(time.Hour)
	}
	texts := map[string]string{}
	for {
		body, err := readFrame(in)
		if err != nil {
			if mode == "outlives its input" {
				time.Sleep(time.Hour)
			}
			return
		}
		var m message
		if json.Unmarshal(body, &m) != nil {
			os.Exit(4)
		}
		var p struct {
			TextDocument struct {
				URI     string
				Text    string
				Version int
			}
			ContentChanges []struct{ Text string }
			Position       position
		}
		json.Unmarshal(m.Params, &p)
		answer := func(result any) {
			r, _ := json.Marshal(result)
			send(message{ID: m.ID, Result: r})
		}
		switch m.Method {
		case "initialize":
			send(message{ID: json.RawMessage("7"), Method: "workspace/configuration", Params: json.RawMessage(`{"items":[{},{}]}`)})
			if mode == "starts another" {
				exec.Command("sleep", "1000").Start()
			}
			answer(map[string]any{"capabilities": map[string]any{}})
		case "textDocument/didOpen":
			texts[p.TextDocument.URI] = p.TextDocument.Text
		case "textDocument/didChange":
			texts[p.TextDocument.URI] = p.ContentChanges[0].Text
		case "textDocument/completion":
			switch mode {
			case "dies when asked":
				os.Exit(5)
			case "speaks garbage":
				os.Stdout.WriteString("Content-Length: what\r\n\r\n{}")
			case "answers never":
			case "refuses":
				send(message{ID: m.ID, Error: &rpcError{-32603, "no"}})
			case "stops reading":
				time.Sleep(time.Hour)
			default:
				if mode == "answers late" {
					time.Sleep(300 * time.Millisecond)
				}
				text := texts[p.TextDocument.URI]
				end := offsetOf(text, p.Position)
				from, _ := identifierAt(text, end)
				word := text[from:end]
				answer(map[string]any{"items": []any{
					map[string]any{"label": word + "Printed", "kind": 3, "detail": "func()",
						"textEdit": map[string]any{"range": span{positionOf(text, from), p.Position}, "newText": word + "Printed"}},
					map[string]any{"label": "elsewhere", "textEdit": map[string]any{"range": span{position{0, 0}, p.Position}, "newText": word + "elsewhere"}},
				}})
			}
		case "textDocument/hover":
			if mode != "answers never" {
				answer(map[string]any{"contents": map[string]string{"kind": "markdown", "value": "said"}})
			}
		case "":
		default:
			if len(m.ID) > 0 {
				answer(nil)
			}
		}
	}
}

// withFake makes a server use a fake gopls.
func withFake(mode string) func(*Options) {
	return func(o *Options) {
		o.Gopls, _ = os.Executable()
		o.Env = gofront.Setenv(o.Env, fakeMode, mode)
		o.Patience = 2 * time.Second
	}
}

// victimMode is how the fake gopls of a victim behaves: where the system ends it with the kernel it need
// not notice that itself.
func victimMode() string {
	if runtime.GOOS == "linux" {
		return "outlives its input"
	}
	return "works"
}

// victim is a kernel with a gopls, which it tells the process of before it waits to be killed.
func victim(work string) {
	s := New(Options{Gopls: os.Getenv("TEST_VICTIM_GOPLS"), Env: append(os.Environ(), fakeMode+"="+victimMode(), victimWork+"="), Work: work,
		Module: func(string) error { return nil }, Patience: 20 * time.Second})
	s.Complete(s.life, book{}, "fmt.P", 5)
	fmt.Println(s.Process())
	time.Sleep(time.Hour)
}

// killed starts a victim and kills it when its gopls runs; it returns the process of that.
func killed(work, gopls string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), victimWork+"="+work, "TEST_VICTIM_GOPLS="+gopls)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	cmd.Process.Kill()
	cmd.Wait()
	if err != nil {
		return 0, err
	}
	var pid int
	_, err = fmt.Sscan(strings.TrimSpace(line), &pid)
	return pid, err
}
