"""Local listeners: which of them answer model requests, and as which server."""
