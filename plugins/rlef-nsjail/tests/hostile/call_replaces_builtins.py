# task: add
# expect: runtime_error|wrong_answer (the encoder runs in the program's process; which of its steps fails is its own affair)
# tries: to make the encoder lie by replacing what it is built of
import builtins


def add(a, b):
    builtins.isinstance = lambda *_: True
    builtins.type = builtins.repr = builtins.str = lambda *_: "5"
    return [object()]
