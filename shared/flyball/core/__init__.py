"""What should the capacity be, given all that is known? Pure: no I/O, clock or chance."""
