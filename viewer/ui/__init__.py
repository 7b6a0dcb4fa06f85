"""The window: widgets that receive state and emit intent; the only place with Qt."""
