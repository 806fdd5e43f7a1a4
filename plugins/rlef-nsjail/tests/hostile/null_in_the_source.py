# task: sum
# expect: runtime_error
# append: [["answer = '\u0000'", 1]]
# tries: to end its own source early
