"""What is installed: packages of Python, Node and Debian, and applications. Nothing is run."""
