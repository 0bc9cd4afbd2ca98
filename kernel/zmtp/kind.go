package zmtp

import "slices"

// Kind is the type of a socket, as the protocol writes it.
type Kind string

// The kinds of sockets. Servers are Router, Rep, XPub and Pub; connections are Dealer, Req and Sub.
const (
	Router Kind = "ROUTER"
	Dealer Kind = "DEALER"
	Rep    Kind = "REP"
	Req    Kind = "REQ"
	XPub   Kind = "XPUB"
	Pub    Kind = "PUB"
	Sub    Kind = "SUB"
)

// talksTo lists the kinds of peers that each kind may be connected with.
var talksTo = map[Kind][]Kind{
	Router: {Dealer, Req, Router},
	Dealer: {Router, Rep, Dealer},
	Rep:    {Req, Dealer},
	Req:    {Rep, Router},
	XPub:   {Sub, "XSUB"},
	Pub:    {Sub, "XSUB"},
	Sub:    {Pub, XPub},
}

// accepts reports whether a peer of that kind may be talked to.
func (k Kind) accepts(peer Kind) bool { return slices.Contains(talksTo[k], peer) }

// publishes reports whether sockets of this kind send by topic.
func (k Kind) publishes() bool { return k == XPub || k == Pub }
