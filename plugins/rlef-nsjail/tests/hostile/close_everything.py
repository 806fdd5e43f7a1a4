# task: sum
# expect: wrong_answer
# tries: to upset the harness by closing everything that is open
import os

os.closerange(0, 1 << 16)
