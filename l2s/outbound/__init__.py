"""The only part that opens connections to somewhere else. Today: the running server's own unix socket, for commands."""
