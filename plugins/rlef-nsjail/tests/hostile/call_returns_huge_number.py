# task: add
# expect: wrong_answer
# tries: to make the reader of values read a number of many digits
def add(a, b):
    return 10**4000 + a + b
