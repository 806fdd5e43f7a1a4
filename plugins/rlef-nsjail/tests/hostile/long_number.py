# task: sum
# expect: runtime_error
# append: [["answer = ", 1], ["7", 500000]]
# tries: to keep the parser busy by a number
