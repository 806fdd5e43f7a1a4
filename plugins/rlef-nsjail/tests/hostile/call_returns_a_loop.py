# task: add
# expect: wrong_answer
# tries: to break the encoder by a list that holds itself
def add(a, b):
    value = [a + b]
    value.append({"itself": value})
    return value
