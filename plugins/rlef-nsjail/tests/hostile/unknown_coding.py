# -*- coding: utf-77 -*-
# task: sum
# expect: runtime_error
# tries: to upset whoever reads its source
print("never compiled")
