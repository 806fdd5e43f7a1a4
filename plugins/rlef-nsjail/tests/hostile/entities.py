# task: sum
# limits: cpu_seconds=1 wall_seconds=4
# expect: runtime_error|memory_limit|time_limit (a newer parser notices, an older one does as it is told)
# tries: to let a text of a few lines grow to a terabyte
import xml.etree.ElementTree as tree

names = "abcdefghij"
entities = "".join(f'<!ENTITY {name} "{("&" + last + ";") * 16}">' for last, name in zip(names, names[1:]))
print(len(tree.fromstring(f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaa">{entities}]><x>&j;</x>').text))
