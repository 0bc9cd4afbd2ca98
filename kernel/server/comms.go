package server

import (
	"encoding/json"
	"sync"

	"urbangraph/kernel/wire"
)

// gonbTarget is the only target of comms that GoNB has.
const gonbTarget = "gonb_comm"

// comms are the open comms, by id.
type comms struct {
	mu   sync.Mutex
	byID map[string]string // target
}

func (c *comms) open(id, target string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[string]string{}
	}
	c.byID[id] = target
}

func (c *comms) close(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byID, id)
}

// list lists the comms of a target, all for "".
func (c *comms) list(target string) object {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := object{}
	for id, t := range c.byID {
		if target == "" || t == target {
			out[id] = object{"target_name": t}
		}
	}
	return out
}

// note keeps track of a comm that the kernel's side opens or closes.
func (c *comms) note(kind string, content []byte) {
	var m struct {
		ID     string `json:"comm_id"`
		Target string `json:"target_name"`
	}
	if json.Unmarshal(content, &m) != nil {
		return
	}
	switch kind {
	case "comm_open":
		c.open(m.ID, m.Target)
	case "comm_close":
		c.close(m.ID)
	}
}

// fromChild hands on what GoNB publishes by itself: traffic of its widgets.
func (s *Server) fromChild(m *wire.Message) {
	var because *request
	if cur := s.current(); cur != nil {
		because = cur.req
	}
	s.fromComm(m, because)
}

// fromComm hands on a message of GoNB about a comm; others are left out.
func (s *Server) fromComm(m *wire.Message, because *request) {
	switch kind := m.Header.MsgType; kind {
	case "comm_open", "comm_msg", "comm_close":
		s.comms.note(kind, m.Content)
		s.publish(kind, because, m.Content, m.Metadata, m.Buffers...)
	}
}
