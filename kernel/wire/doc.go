// Package wire holds Jupyter's messages as they go over sockets, and the file that says where these are.
//
// Its one idea: what comes in is either whole, signed, new and well-typed, or an error that names what is
// wrong; nothing behind [Session.Decode] needs to check it again. Raw JSON is kept beside what was read of
// it, so that a message can be passed on, or answered, without being written anew.
//
// It follows version 5.4 of https://jupyter-client.readthedocs.io/en/stable/messaging.html.
package wire
