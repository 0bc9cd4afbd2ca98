package wire

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// dateFormat is ISO 8601, in UTC.
const dateFormat = "2006-01-02T15:04:05.000000Z"

// Session writes and reads the messages of one side. All methods may be called concurrently.
type Session struct {
	key      Key
	id       string
	username json.RawMessage // quoted
	sent     atomic.Uint64
	signers  sync.Pool
	seen     replays
}

// NewSession starts a session. With an empty key messages are neither signed nor checked.
func NewSession(key Key, username string) *Session {
	quoted, _ := json.Marshal(username) // a text can always be written
	s := &Session{key: key, id: newID(), username: quoted}
	s.signers.New = func() any { return hmac.New(sha256.New, key) }
	return s
}

// newID returns a random UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// ID returns what the headers say as session.
func (s *Session) ID() string { return s.id }

// Encode writes a message and returns its frames and its id. An error means that content or metadata
// cannot be a JSON object.
func (s *Session) Encode(m Draft) (frames [][]byte, id string, err error) {
	content, err := object("content", m.Content)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", m.Type, err)
	}
	metadata, err := object("metadata", m.Metadata)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", m.Type, err)
	}
	parent := m.Parent
	if len(parent) == 0 {
		parent = json.RawMessage("{}")
	}
	header, id := s.header(m.Type)
	frames = make([][]byte, 0, len(m.Identities)+6+len(m.Buffers))
	frames = append(frames, m.Identities...)
	frames = append(frames, []byte(delimiter), s.sign(header, parent, metadata, content), header, parent, metadata, content)
	return append(frames, m.Buffers...), id, nil
}

// header writes the header of a new message.
func (s *Session) header(msgType string) (header []byte, id string) {
	quoted, _ := json.Marshal(msgType) // a text can always be written
	id = s.id + "_" + strconv.FormatUint(s.sent.Add(1), 10)
	b := make([]byte, 0, 256)
	b = append(append(b, `{"msg_id":"`...), id...)
	b = append(append(b, `","username":`...), s.username...)
	b = append(append(b, `,"session":"`...), s.id...)
	b = append(append(b, `","msg_type":`...), quoted...)
	b = append(b, `,"version":"`+Version+`","date":"`...)
	b = time.Now().UTC().AppendFormat(b, dateFormat)
	return append(b, `"}`...), id
}

// sign returns the signature of the four parts in hexadecimal, or nothing without a key.
func (s *Session) sign(parts ...[]byte) []byte {
	if len(s.key) == 0 {
		return []byte{}
	}
	h := s.signers.Get().(hash.Hash)
	defer s.signers.Put(h)
	h.Reset()
	for _, p := range parts {
		h.Write(p)
	}
	var sum [sha256.Size]byte
	return hex.AppendEncode(nil, h.Sum(sum[:0]))
}

// Decode checks and reads a message. The error is ErrMalformed, ErrSignature or ErrReplay.
func (s *Session) Decode(frames [][]byte) (*Message, error) {
	i := 0
	for i < len(frames) && string(frames[i]) != delimiter {
		i++
	}
	if i == len(frames) {
		return nil, fmt.Errorf("%w: there is no frame %s", ErrMalformed, delimiter)
	}
	identities, frames := frames[:i:i], frames[i+1:]
	if len(frames) < 5 {
		return nil, fmt.Errorf("%w: %d frames after %s, want at least 5", ErrMalformed, len(frames), delimiter)
	}
	signature, parts, buffers := frames[0], frames[1:5], frames[5:]
	if len(s.key) > 0 {
		if !hmac.Equal(s.sign(parts...), signature) {
			return nil, ErrSignature
		}
		if !s.seen.add(signature) {
			return nil, ErrReplay
		}
	}
	for i, name := range []string{"metadata", "content"} {
		if err := checkObject(name, parts[2+i]); err != nil {
			return nil, err
		}
	}
	m := &Message{
		Identities: identities, RawHeader: parts[0], RawParent: parts[1], Metadata: parts[2], Content: parts[3], Buffers: buffers,
	}
	var err error
	if m.Header, err = parseHeader("header", parts[0], true); err != nil {
		return nil, err
	}
	if string(parts[1]) != "{}" {
		if m.Parent, err = parseHeader("parent header", parts[1], false); err != nil {
			return nil, err
		}
	}
	return m, nil
}
