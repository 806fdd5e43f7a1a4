# task: sum
# expect: runtime_error
# append: [["answer = ", 1], ["(", 50000], ["1", 1], [")", 50000]]
# tries: to break the parser by parentheses
