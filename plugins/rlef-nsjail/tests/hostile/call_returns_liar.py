# task: add
# expect: runtime_error|wrong_answer (whether the encoder trusts `__class__` is its own affair)
# tries: to return an object that claims to be an int
class Liar:
    __class__ = int


def add(a, b):
    return Liar()
