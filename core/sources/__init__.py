"""One module per outside service, and what lies on this disk already; each turns its answers into candidates."""
