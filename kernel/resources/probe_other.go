//go:build !linux

package resources

// probe knows nothing of other processes here.
type probe struct{}

func newProbe(int) *probe { return &probe{} }

func (*probe) read() (Usage, bool) { return Usage{}, false }

func (*probe) final() Usage { return Usage{} }

func (*probe) close() {}
