package frame

import "syscall"

// receiveFlags make received files close when another program is started, from the first moment.
const receiveFlags = syscall.MSG_CMSG_CLOEXEC
