# task: add
# expect: accepted
# tries: nothing: a function that prints besides
def add(a, b):
    print("adding", a, b)
    return a + b
