# task: sum
# expect: accepted
# tries: nothing: the exit of contest programs
print(sum(map(int, input().split())))
exit()
