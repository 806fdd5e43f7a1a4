# task: sum
# expect: runtime_error
# tries: to print text that is no text
print("\ud800")
