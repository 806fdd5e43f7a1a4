"""PID 1 of a jail: small, trusted, standard library only. It runs no program, reads no case's data, sees no expected output."""
