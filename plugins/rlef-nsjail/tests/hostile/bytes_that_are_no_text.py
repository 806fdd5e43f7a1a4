# task: sum
# expect: wrong_answer
# tries: to upset whoever decodes its output
import os

os.write(1, b"\xff\xfe\xc3\x28\xed\xa0\x80 6 \xf8\x88\x80\x80\x80\n")
os.write(2, bytes(range(256)) * 10)
