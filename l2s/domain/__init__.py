"""Pure rules: frozen values in, a decision out. No I/O, no clock, no random; time and ids come in as arguments."""
