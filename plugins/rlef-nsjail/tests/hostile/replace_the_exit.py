# task: sum
# expect: wrong_answer
# tries: to go on in the harness's code after its end
import builtins
import os
import sys


def nothing(*_):
    return 0


os._exit = os.abort = os.kill = os.fork = os.waitpid = os.wait = nothing
sys.exit = builtins.exit = builtins.quit = nothing
print("not the answer")
