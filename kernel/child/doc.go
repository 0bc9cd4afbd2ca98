// Package child runs an unmodified GoNB as a process of its own and talks to it as a Jupyter client does.
//
// The child listens on ipc sockets in a private folder, with a key that only this process knows. Requests
// get message ids of their own; what comes back is given to the [Call] that it answers. A child that has
// died is not restarted here: [Child.Dead] says so, and its owner starts another.
package child
