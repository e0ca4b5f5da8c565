"""The command line: reads arguments, renders values, chooses exit codes. It decides nothing."""
