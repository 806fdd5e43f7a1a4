# task: script
# expect: accepted
# tries: nothing: a function that assertions are made about
def add(a, b):
    return a + b
