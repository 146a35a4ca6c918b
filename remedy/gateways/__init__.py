"""How we reach things: each a small class around one client, from settings or handed in."""
