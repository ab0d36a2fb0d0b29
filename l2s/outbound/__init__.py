"""The only part that opens connections to somewhere else. Today: the running server's own unix socket, for
commands; the demo's guest; the witness of `l2s prove`."""
