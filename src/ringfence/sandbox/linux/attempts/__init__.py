"""What a program in a box must not be able to do, as attempts that do no harm where one works."""
