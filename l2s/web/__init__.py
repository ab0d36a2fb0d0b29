"""The transport: one aiohttp application. Routes parse and render; what happens is decided in actions."""
