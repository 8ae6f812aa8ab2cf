"""The studio: a page on this machine that does what the commands do. A server of JSON, pictures and events."""
