"""Diptych: an original image beside its AI-enhanced version, and always clear which is which."""
