"""Diptych: a workstation that shows an original image beside its AI-enhanced version."""

from viewer.core.references import keep_constants_alive

__version__ = "0.1.0"

keep_constants_alive()
