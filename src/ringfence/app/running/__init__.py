"""Commands in boxes: run, resume, explain, report, kill."""
