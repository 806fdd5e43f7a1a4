# task: sum
# expect: accepted
# tries: nothing: input by its descriptor
*numbers, last = map(int, open(0).read().split())
print(sum(numbers) + last, file=open(1, "w"))
