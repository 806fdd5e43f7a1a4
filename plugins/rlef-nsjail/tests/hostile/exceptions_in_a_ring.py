# task: sum
# expect: runtime_error
# tries: to lead whoever shows its exception in circles
one, other = ValueError("one"), KeyError("other")
one.__cause__, other.__cause__ = other, one
one.__context__, other.__context__ = other, one
raise one
