"""One board over its REPL: code, files, deployment, read-back."""
