# task: sum
# expect: wrong_answer
# tries: to pass by ending well without a word
import os

os._exit(0)
