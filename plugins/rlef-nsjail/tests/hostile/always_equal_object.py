# task: add
# expect: wrong_answer
# tries: to return an object that equals everything
class Anything:
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return 0

    def __repr__(self):
        return "5"

    __str__ = __repr__


def add(a, b):
    return Anything()
