# task: sum
# expect: runtime_error
# append: [["answer = '\ud800'", 1]]
# tries: to upset whoever writes its source to a file
