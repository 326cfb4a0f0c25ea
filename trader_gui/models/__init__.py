"""Qt models between a session's steps and the widgets; one flush a frame."""
