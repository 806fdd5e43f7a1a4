# task: file
# expect: accepted
# tries: nothing: input and output by files
with open("in.txt") as file, open("out.txt", "w") as output:
    print(sum(map(int, file.read().split())), file=output)
print("not the answer")
