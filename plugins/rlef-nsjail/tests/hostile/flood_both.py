# task: sum
# expect: output_limit
# tries: to fill both streams in turns, so that a reader of pipes would wait for ever
import os

while True:
    for descriptor in (2, 1, 2):
        try:
            os.write(descriptor, b"x" * 10_000)
        except OSError:
            if descriptor == 1:
                raise
