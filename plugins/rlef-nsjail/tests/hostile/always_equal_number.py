# task: add
# expect: wrong_answer
# tries: to return a number that equals everything and shows itself as the right one
class Anything(int):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __repr__(self):
        return "5"

    def __int__(self):
        return 5

    __str__ = __index__ = __repr__


def add(a, b):
    return Anything(-1)
