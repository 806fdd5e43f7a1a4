# task: sum
# expect: wrong_answer
# tries: to call whatever around it has the name of a harness's function, with arguments that say `accepted`
import gc
import types

NAMES = ("answer", "reply", "respond", "finish", "complete", "completed", "judge", "judgement", "verdict", "passed", "succeed", "report_result")
for thing in gc.get_objects():
    if isinstance(thing, types.FunctionType) and thing.__name__.lstrip("_") in NAMES:
        for arguments in ((), (True,), ("accepted",), (0, True), ({"verdict": "accepted"},)):
            try:
                thing(*arguments)
            except Exception:
                continue
