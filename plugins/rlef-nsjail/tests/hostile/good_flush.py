# task: sum
# expect: accepted
# tries: nothing: a flush for every number
total = 0
for word in input().split():
    total += int(word)
    print(end="", flush=True)
print(total, flush=True)
