"""The tiny base model: what its dialogues say, that it is made whole, once, and the same again."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
import torch
from attrs import evolve

from rlef_core import Message, ModelSpec, Transcript
from rlef_core.builtin.feedback.failing_cases import FailingCases, FailingCasesConfig
from rlef_core.builtin.tiny_programs import TinyPrograms
from rlef_models.model import chat_tokenizer
from rlef_torch.tiny import Recipe, tiny_base
from rlef_torch.tiny.dialogues import IDLE, WEAK, Author, Manners, executed
from rlef_torch.tiny.tokens import layout, train_tokenizer
from rlef_torch.tiny.training import loss, new_model, train

QUICK = Recipe(vocabulary=600, hidden_size=16, intermediate_size=32, layers=1, steps=3, batch=4)


@pytest.fixture(scope="module")
def author() -> Author:
    return Author(TinyPrograms(), FailingCases(FailingCasesConfig()))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("cache"), recipe=QUICK)


def answers(dialogue: Sequence[Message]) -> list[str]:
    return [message.content for message in dialogue if message.role == "assistant"]


def fenced(source: str | None) -> str:
    return f"```python\n{source}```"


def references(author: Author) -> set[str]:
    return {fenced(task.reference) for task in author.tasks}


def test_a_skilled_assistant_is_right_as_soon_as_it_has_feedback(author: Author) -> None:
    random = Random(0)
    lengths = {len(author.dialogue(random, Manners(skill=1, bug=0, idle=0))) for _ in range(100)}
    assert lengths == {2, 4}


def test_an_idle_assistant_writes_no_program_and_is_told_so(author: Author) -> None:
    dialogue = author.dialogue(Random(0), Manners(skill=1, bug=0, idle=1))
    assert [message.role for message in dialogue] == ["user", "assistant"] * 3
    assert set(answers(dialogue)) <= set(IDLE)
    assert "holds no code" in dialogue[2].content


def test_a_careless_assistant_writes_only_buggy_variants(author: Author) -> None:
    variants = {fenced(task.wrong[0]) for task in author.tasks}
    random = Random(0)
    for _ in range(50):
        assert set(answers(author.dialogue(random, Manners(skill=0, bug=1, idle=0)))) <= variants


def test_a_weak_assistant_does_a_little_of_everything(author: Author) -> None:
    random = Random(0)
    said = {answer for _ in range(200) for answer in answers(author.dialogue(random, WEAK))}
    assert said & set(IDLE)
    assert said & references(author)
    assert said - set(IDLE) - references(author)


def test_what_a_sibling_prints_is_known_without_running_it(author: Author) -> None:
    first, second = author.tasks[:2]
    wanted, printed = first.problem.public_cases[0], second.problem.public_cases[0]
    execution = executed(first.problem, second)
    assert wanted != printed
    assert [judgement.output.decode() for judgement in execution.judgements] == [case.output for case in second.problem.public_cases]
    assert not execution.accepted
    assert executed(first.problem, first).accepted


def test_dialogues_are_about_the_base_split_alone(author: Author) -> None:
    taskset = TinyPrograms()
    assert {task.problem.id for task in author.tasks} == set(taskset.ids("base"))


def test_dialogues_are_laid_out_as_the_policy_lays_out_conversations(base: Path, author: Author) -> None:
    tokenizer = chat_tokenizer(str(base), ModelSpec(str(base)))
    lay_out = layout(train_tokenizer([[Message("user", "unused")]], 300).from_pretrained(base))
    dialogue = author.dialogue(Random(3), Manners(skill=0, bug=0, idle=0.3))
    transcript, said = Transcript(tokenizer), []
    for message in dialogue:
        if message.role == "user":
            transcript.observe([message])
            said += [False] * (len(transcript.ids) - len(said))
        else:
            answer = [*tokenizer.encode(message.content, special=False), *tokenizer.end_of_turn]
            transcript.answer(answer)
            said += [True] * len(answer)
    ids, mask = lay_out(dialogue)
    assert ids == [*transcript.ids, *tokenizer.encode("\n", special=True)]
    assert mask == [*said, False]


def test_the_model_ends_its_turns_with_the_end_that_the_template_writes(base: Path) -> None:
    tokenizer = chat_tokenizer(str(base), ModelSpec(str(base)))
    assert tokenizer.end_of_turn == {tokenizer.encode("<|im_end|>", special=True)[0]}
    assert tokenizer.decode(tokenizer.encode("x = -12\n  [é]", special=False)) == "x = -12\n  [é]"


def test_a_number_is_one_token_wherever_it_is_printed(author: Author) -> None:
    random = Random(0)
    tokenizer = train_tokenizer([author.dialogue(random, WEAK) for _ in range(500)], 1024)
    number = tokenizer.encode("105", add_special_tokens=False)
    assert len(number) == 1
    for printed in ("  expected: Answer: 105\n", "  observed: [105]\n"):
        assert number[0] in tokenizer.encode(printed, add_special_tokens=False)


def test_the_model_has_at_most_two_million_parameters() -> None:
    recipe = Recipe()
    model = new_model(recipe, recipe.vocabulary, pad=0, end=2, seed=0)
    assert sum(parameter.numel() for parameter in model.parameters()) <= 2_000_000


def test_training_lowers_the_loss(author: Author) -> None:
    random, recipe = Random(0), evolve(QUICK, steps=40, batch=16, hidden_size=32, learning_rate=1e-2, warmup=5)
    dialogues = [author.dialogue(random, WEAK) for _ in range(recipe.steps * recipe.batch)]
    tokenizer = train_tokenizer(dialogues, recipe.vocabulary)
    rows = [layout(tokenizer)(dialogue) for dialogue in dialogues]
    model = new_model(recipe, len(tokenizer), 0, 2, seed=0)
    with torch.no_grad():
        before = loss(model, rows[:32]).item()
    train(model, rows, recipe, random, lambda done, total: None)
    with torch.no_grad():
        assert loss(model, rows[:32]).item() < before / 2


def test_the_loss_is_that_of_what_the_assistant_says(author: Author) -> None:
    model = new_model(QUICK, 600, 0, 2, seed=0)
    rows = [([5, 6, 7, 8], [False, False, True, True]), ([9, 10], [False, True])]
    with torch.no_grad():
        first, second = (model(torch.tensor([ids])).logits.log_softmax(-1)[0] for ids, _ in rows)
        expected = -(first[1, 7] + first[2, 8] + second[0, 10]) / 3
        assert loss(model, rows).item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_same_seed_makes_the_same_model_and_another_seed_another(tmp_path: Path, base: Path) -> None:
    again = tiny_base(tmp_path, recipe=QUICK)
    other = tiny_base(tmp_path, seed=1, recipe=QUICK)
    assert again.name == base.name != other.name
    assert (again / "model.safetensors").read_bytes() == (base / "model.safetensors").read_bytes()
    assert (again / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()
    assert (other / "model.safetensors").read_bytes() != (base / "model.safetensors").read_bytes()


def test_other_words_of_the_formatter_make_another_model(tmp_path: Path, base: Path) -> None:
    formatter = FailingCases(FailingCasesConfig(opening="Solve this.\n{statement}"))
    assert tiny_base(tmp_path, recipe=QUICK, formatter=formatter).name != base.name


def test_a_model_that_is_there_is_not_made_again(base: Path) -> None:
    steps: list[int] = []
    assert tiny_base(base.parent, progress=lambda done, total: steps.append(done), recipe=QUICK) == base
    assert not steps


def test_two_who_ask_at_once_get_one_model_made_once(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(tiny_base, tmp_path, progress=lambda *step: steps.append(step), recipe=QUICK) for _ in range(2)]
    assert asked[0].result() == asked[1].result()
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_a_making_that_fails_leaves_no_model_behind(tmp_path: Path) -> None:
    def fail(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiny_base(tmp_path, progress=fail, recipe=QUICK)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_making_a_model_leaves_the_random_state_of_the_process_alone(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    tiny_base(tmp_path, recipe=QUICK)
    assert torch.equal(torch.get_rng_state(), before)
