package zmtp

import (
	"fmt"
	"io"
	"testing"
)

// BenchmarkRoundTrip sends a message like Jupyter's to a ROUTER and waits for it to come back.
func BenchmarkRoundTrip(b *testing.B) {
	for name, addr := range addresses(b) {
		for _, size := range []int{300, 1 << 20} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				s := open(b, addr, Router, Handler{Message: echo})
				c := connect(b, s, Dealer, "me")
				message := append(strs("<IDS|MSG>", "signature", "header", "parent", "{}"), make([]byte, size))
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					c.Send(message...)
					if _, err := c.Receive(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkPublish publishes short outputs to one subscriber that keeps up, as a cell that prints does.
func BenchmarkPublish(b *testing.B) {
	s := open(b, "ipc://"+b.TempDir()+"/s", XPub, Handler{})
	c := connect(b, s, Sub, "")
	c.Subscribe(nil)
	eventually(b, "subscribed", func() bool { return subscriptions(s) == 1 })
	go func() {
		for {
			if _, err := c.Receive(); err != nil {
				return
			}
		}
	}()
	message := append(strs("stream", "<IDS|MSG>", "signature", "header", "parent", "{}"), make([]byte, 300))
	b.ReportAllocs()
	for b.Loop() {
		s.Publish(message...)
		if err := s.Flush(b.Context(), 8<<20); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncode writes the frames of a message.
func BenchmarkEncode(b *testing.B) {
	message := append(strs("<IDS|MSG>", "signature", "header", "parent", "{}"), make([]byte, 300))
	b.ReportAllocs()
	for b.Loop() {
		if len(encode(nil, message)) == 0 {
			b.Fatal(io.ErrUnexpectedEOF)
		}
	}
}
