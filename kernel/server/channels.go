package server

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"

	"urbangraph/kernel/wire"
	"urbangraph/kernel/zmtp"
)

// object is the content of a message.
type object = map[string]any

// request is a message of a client.
type request struct {
	*wire.Message
	from *zmtp.Server // the channel that it came by
}

// kind is the type of the message.
func (r *request) kind() string { return r.Header.MsgType }

// read reads the content of the request into v; fields that are missing keep what v has.
func (r *request) read(v any) error {
	if err := json.Unmarshal(r.Content, v); err != nil {
		return fmt.Errorf("the content of the %s is wrong: %w", r.kind(), err)
	}
	return nil
}

// listen opens the five sockets.
func (s *Server) listen() (err error) {
	for _, c := range []struct {
		socket **zmtp.Server
		addr   string
		kind   zmtp.Kind
		h      zmtp.Handler
	}{
		{&s.iopub, s.conn.IOPub(), zmtp.XPub, zmtp.Handler{Subscribed: s.welcome}},
		{&s.heartbeat, s.conn.Heartbeat(), zmtp.Rep, zmtp.Handler{Message: func(p *zmtp.Peer, f [][]byte) { p.Send(f...) }}},
		{&s.stdin, s.conn.Stdin(), zmtp.Router, s.handler(&s.stdin, s.onStdin)},
		{&s.control, s.conn.Control(), zmtp.Router, s.handler(&s.control, s.onControl)},
		{&s.shell, s.conn.Shell(), zmtp.Router, s.handler(&s.shell, s.onShell)},
	} {
		if *c.socket, err = zmtp.Listen(c.addr, c.kind, c.h); err != nil {
			return err
		}
	}
	return nil
}

// handler decodes the messages of a channel. What is malformed or badly signed is noted in the log and
// dropped; a fault of ours costs the message, not the kernel.
func (s *Server) handler(socket **zmtp.Server, handle func(*request)) zmtp.Handler {
	return zmtp.Handler{Message: func(p *zmtp.Peer, frames [][]byte) {
		m, err := s.session.Decode(append([][]byte{p.Identity()}, frames...))
		if err != nil {
			s.logf("dropped a message: %v", err)
			return
		}
		defer func() {
			if r := recover(); r != nil {
				s.logf("panic while handling a %s: %v\n%s", m.Header.MsgType, r, debug.Stack())
			}
		}()
		<-s.listening
		handle(&request{m, *socket})
	}}
}

// welcome tells a new subscriber of iopub that messages now come through (JEP 65).
func (s *Server) welcome(p *zmtp.Peer, topic []byte) {
	frames, _, err := s.session.Encode(wire.Draft{Identities: [][]byte{topic}, Type: "iopub_welcome", Content: object{"subscription": string(topic)}})
	if err == nil {
		p.Send(frames...)
	}
}

// publish sends a message on iopub, as a consequence of a request or, when that is nil, of none.
func (s *Server) publish(kind string, because *request, content, metadata any, buffers ...[]byte) {
	d := wire.Draft{Identities: [][]byte{[]byte("kernel." + s.session.ID() + "." + kind)}, Type: kind, Content: content, Metadata: metadata, Buffers: buffers}
	if because != nil {
		d.Parent = because.RawHeader
	}
	frames, _, err := s.session.Encode(d)
	if err != nil {
		s.logf("%s is not sent: %v", kind, err)
		return
	}
	s.iopub.Publish(frames...)
}

// status publishes the state of the kernel.
func (s *Server) status(state string, because *request) {
	s.publish("status", because, object{"execution_state": state}, nil)
}

// during carries out a request between busy and idle. While a cell runs, the kernel is busy again
// afterwards: front ends show the latest status, whatever request it is of.
func (s *Server) during(r *request, fn func()) {
	s.status("busy", r)
	defer func() {
		s.status("idle", r)
		if cur := s.current(); cur != nil && cur.req != r {
			s.status("busy", cur.req)
		}
	}()
	fn()
}

// reply answers a request on the channel it came by.
func (s *Server) reply(r *request, kind string, content any) {
	frames, _, err := s.session.Encode(wire.Draft{Identities: r.Identities[1:], Type: kind, Parent: r.RawHeader, Content: content})
	if err == nil {
		err = r.from.Send(r.Identities[0], frames...)
	}
	if err != nil {
		s.logf("the %s is not sent: %v", kind, err)
	}
}

// refuse answers a request by an error.
func (s *Server) refuse(r *request, name, value string) {
	s.reply(r, strings.TrimSuffix(r.kind(), "_request")+"_reply",
		object{"status": "error", "ename": name, "evalue": value, "traceback": []string{value}})
}
