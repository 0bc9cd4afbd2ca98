//go:build unix && !linux

package frame

// receiveFlags are none where files cannot be received closed to programs started at the same moment.
const receiveFlags = 0
