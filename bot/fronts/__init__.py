"""One front-end a file: thin, they translate and never decide."""
