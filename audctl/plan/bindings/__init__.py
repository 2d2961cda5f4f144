"""How bindings stand: from what is desired, live and last applied, and what live systems say about moving people."""
