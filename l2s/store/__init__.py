"""The only SQL in the tree. `engine` runs units of work; one module per noun holds its statements; `migrate` opens the file."""
