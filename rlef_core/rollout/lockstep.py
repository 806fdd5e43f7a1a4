"""Let the episodes of a collection answer in step: which requests are computed together then depends on nothing but the episodes."""

import asyncio
from collections.abc import Sequence

from rlef_core.records import Action, EpisodeId
from rlef_core.roles import BatchPolicy, BatchRequest


class Lockstep:
    """Holds back requests until every episode under way has asked; then all go to the policy together, in the order of the episodes.

    It serves one collection, which plays `ids` in order, at most `abreast` at once, and tells every end by `ended`. Whoever completes a
    round of requests has it answered, on behalf of the others.
    """

    def __init__(self, policy: BatchPolicy, ids: Sequence[EpisodeId], abreast: int) -> None:
        self._policy = policy
        self._places = {id: place for place, id in enumerate(ids)}
        self._left = len(ids)
        self._abreast = abreast
        self._waiting: dict[EpisodeId, tuple[BatchRequest, asyncio.Future[Action]]] = {}

    async def ask(self, id: EpisodeId, request: BatchRequest) -> Action:
        """The answer, once the others under way have asked too. Raises what the policy raises, for all of a round."""
        answer: asyncio.Future[Action] = asyncio.get_running_loop().create_future()
        self._waiting[id] = request, answer
        await self._answer_if_all_ask()
        return await answer

    async def ended(self) -> None:
        """One more episode has ended, however."""
        self._left -= 1
        await self._answer_if_all_ask()

    async def _answer_if_all_ask(self) -> None:
        if not self._waiting or len(self._waiting) < min(self._abreast, self._left):
            return
        asked = [self._waiting[id] for id in sorted(self._waiting, key=self._places.__getitem__)]
        self._waiting.clear()
        waiting = [answer for _, answer in asked]
        try:
            actions = await self._policy.act_together([request for request, _ in asked])
            for answer, action in list(zip(waiting, actions, strict=True)):
                answer.set_result(action)
        except Exception as error:  # raised by whoever awaits an answer
            for answer in waiting:
                answer.set_exception(error)
        except asyncio.CancelledError:  # the whole collection is
            for answer in waiting:
                answer.cancel()
            raise
