"""History through the same callback into the simulated exchange's matching; no socket, no sleep."""
