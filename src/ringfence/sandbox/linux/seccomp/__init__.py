"""What happens to each system call, as a table, as the kernel's filter program, and as it is loaded."""
