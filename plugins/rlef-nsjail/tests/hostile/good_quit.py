# task: sum
# expect: accepted
# tries: nothing: the other exit, inside a function
def main():
    print(sum(map(int, input().split())))
    quit(0)


main()
