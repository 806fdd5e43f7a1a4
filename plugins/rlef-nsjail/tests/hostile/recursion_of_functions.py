# task: sum
# expect: runtime_error
# tries: to recurse without an end
def deeper(depth):
    return deeper(depth + 1) + 1


print(deeper(0))
