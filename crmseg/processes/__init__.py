"""The processes of one machine: a supervisor of children, the tree it grows for `serve` and `demo`, their signals."""
