"""From syntax tree to circuit IR: names, kinds, numbers, shapes, gates."""
