# task: sum
# expect: accepted
# tries: nothing: it tells what it does, and warns
import logging
import sys
import warnings

logging.warning("a warning")
warnings.warn("another", stacklevel=1)
print(sum(map(int, sys.stdin.read().split())))
