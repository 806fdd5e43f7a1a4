# task: sum
# expect: accepted
# tries: nothing: lines until there are no more
total = 0
while True:
    try:
        line = input()
    except EOFError:
        break
    total += sum(map(int, line.split()))
print(total)
