package server

import (
	"encoding/json"
	"regexp"
	"syscall"
	"time"

	"urbangraph/kernel/trace"
	"urbangraph/kernel/wire"
)

// wireMessage shortens the type of handlers.
type wireMessage = wire.Message

// drainTime bounds the wait for displays of a program that has ended.
const drainTime = 2 * time.Second

// fromGoNB handles what GoNB itself prints and shows while it executes a text. What programs print does not
// come this way.
func (e *execution) fromGoNB(m *wireMessage) {
	switch m.Header.MsgType {
	case "stream":
		var c struct{ Name, Text string }
		if json.Unmarshal(m.Content, &c) != nil || e.muted || c.Name == "stderr" && trace.IsExit(c.Text) {
			return
		}
		e.say(c.Name, hideSecrets(c.Text))
	case "display_data", "update_display_data":
		var c struct{ Data, Metadata, Transient object }
		if json.Unmarshal(m.Content, &c) == nil {
			if html, ok := c.Data["text/html"].(string); ok {
				c.Data["text/html"] = added.ReplaceAllString(html, "")
			}
			e.publish(m.Header.MsgType, object{"data": c.Data, "metadata": c.Metadata, "transient": c.Transient})
		}
	default:
		e.s.fromComm(m, e.req)
	}
}

// secret is a variable whose value must not stand in a notebook.
var secret = regexp.MustCompile(`(?i)^(Set: \w*(?:TOKEN|KEY|SECRET|PASSWORD|PASSWD|CREDENTIAL)\w*)=.*`)

// added are the lines of %ls about what the kernel adds to cells.
var added = regexp.MustCompile(`<li><pre>ug(Cell|show|keep)</pre></li>\s*`)

// hideSecrets leaves out the value when GoNB repeats what %env has set.
func hideSecrets(text string) string { return secret.ReplaceAllString(text, "$1=(not shown)") }

// alive reports whether a process group has members.
func alive(group int) bool { return syscall.Kill(-group, 0) == nil }
