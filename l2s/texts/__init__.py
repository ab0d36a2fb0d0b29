"""Every visible text, one folder a language: page (templates), widget and console (scripts), error (codes)."""
