package shown

import "strconv"

// Mark returns the mark of a frame: an application program command, which terminals ignore. It is far
// shorter than what one write puts into a pipe unbroken.
func Mark(seq uint32) string {
	return "\x1b_ug" + strconv.FormatUint(uint64(seq), 10) + "\x1b\\"
}
