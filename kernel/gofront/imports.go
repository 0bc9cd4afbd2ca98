package gofront

import "context"

// fixImports answers `goimports -w`.
func (d *Daemon) fixImports(context.Context, request, *answer) (code int, handled bool) {
	return 0, false
}
