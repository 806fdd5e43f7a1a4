# task: sum
# expect: output_limit
# tries: to write ten megabytes at once
print("x" * 10_000_000)
