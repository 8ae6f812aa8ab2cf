"""An exported model -> something that can be put online: a page, a server, a container, a function, a repository."""
