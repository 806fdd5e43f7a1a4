# task: sum
# expect: runtime_error
# tries: to make a file of a tebibyte that holds nothing
with open("sparse", "wb") as file:
    file.truncate(1 << 40)
