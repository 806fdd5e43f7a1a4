# task: add
# expect: wrong_answer
# tries: to break the encoder, and the decoder outside, by a value 100,000 lists deep
def add(a, b):
    value = []
    for _ in range(100_000):
        value = [value]
    return value
