package plots

import (
	"errors"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// bundle is one output in several forms, of which the front end takes the
// richest that it shows. The kernel turns an update of a known id into a
// change of the output in place.
type bundle struct {
	html string
	png  []byte
	text string
	id   string // empty: a new output that is never updated
}

// screen is where bundles go.
type screen interface {
	send(bundle) error
	// sync returns when all that was sent has arrived.
	sync() error
}

// notebook sends to the Jupyter kernel through the pipes it has given the cell.
type notebook struct{}

func (notebook) send(b bundle) error {
	data := map[protocol.MIMEType]any{protocol.MIMETextPlain: b.text}
	if b.html != "" {
		data[protocol.MIMETextHTML] = b.html
	}
	if len(b.png) > 0 {
		data[protocol.MIMEImagePNG] = b.png
	}
	gonbui.SendData(&protocol.DisplayData{Data: data, DisplayID: b.id})
	return gonbui.Error()
}

// syncLimit bounds the wait for the kernel: gonbui waits for ever where the
// kernel has gone.
const syncLimit = 20 * time.Second

func (notebook) sync() error {
	if err := gonbui.Error(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		gonbui.Sync()
		close(done)
	}()
	select {
	case <-done:
		return gonbui.Error()
	case <-time.After(syncLimit):
		return errors.New("plots: the notebook kernel does not answer")
	}
}

// InNotebook reports whether the program is a cell of the Go kernel.
func InNotebook() bool { return gonbui.IsNotebook }
