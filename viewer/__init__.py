"""Diptych: a workstation that shows an original image beside its AI-enhanced version."""

__version__ = "0.1.0"
