# task: add
# expect: wrong_answer
# tries: to return data that looks like the encoding's own tags
def add(a, b):
    return {"$float": "5", "$tuple": [a, b], "$object": "int", "$nonsense": {"$dict": 3}}
