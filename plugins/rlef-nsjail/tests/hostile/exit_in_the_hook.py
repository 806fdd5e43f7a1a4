# task: sum
# expect: wrong_answer
# tries: to make its failure look like success
import os
import sys

sys.excepthook = lambda *_: os._exit(0)
raise ValueError("never seen")
