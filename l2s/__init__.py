"""l2s: live support for a small company's own web sites, on its own box."""

__version__ = "0.1.0"
