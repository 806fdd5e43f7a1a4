# task: sum
# expect: accepted
# tries: nothing: numbers of fixed width
import ctypes

total = ctypes.c_int64(0)
for word in input().split():
    total.value += int(word)
print(total.value)
