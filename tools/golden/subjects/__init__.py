"""One module a subject; each has ABOUT (what the file holds) and cases(dtype)."""
