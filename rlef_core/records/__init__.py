"""The frozen records that every part of rlef-core exchanges."""

from rlef_core.records.cases import case_from_json, case_to_json
from rlef_core.records.checkpoint import Checkpoint, RunState
from rlef_core.records.data import DataError, decode_value, encode_value
from rlef_core.records.episode import (
    Action,
    Episode,
    EpisodeId,
    FaultedEpisode,
    Finish,
    Message,
    Sampling,
    Stop,
    Turn,
    VersionSpan,
)
from rlef_core.records.execution import Completed, Execution, Judgement, LimitHit, Verdict
from rlef_core.records.memory import MemoryQuestion, MemoryUse
from rlef_core.records.model import ModelSpec
from rlef_core.records.program import CaseInput, CaseKind, Job, Language, Program, Tool
from rlef_core.records.rows import task_from_json, task_to_json
from rlef_core.records.task import (
    CallCase,
    Case,
    CheckerRef,
    FileCase,
    Limits,
    Problem,
    Rejected,
    ScriptCase,
    StdioCase,
    Task,
)
from rlef_core.records.trajectory import Probe, Trajectory, TurnReport, TurnSpan, UpdateReport, Weights

__all__ = [
    "Action",
    "CallCase",
    "Case",
    "CaseInput",
    "CaseKind",
    "CheckerRef",
    "Checkpoint",
    "Completed",
    "DataError",
    "Episode",
    "EpisodeId",
    "Execution",
    "FaultedEpisode",
    "FileCase",
    "Finish",
    "Job",
    "Judgement",
    "Language",
    "LimitHit",
    "Limits",
    "MemoryQuestion",
    "MemoryUse",
    "Message",
    "ModelSpec",
    "Probe",
    "Problem",
    "Program",
    "Rejected",
    "RunState",
    "Sampling",
    "ScriptCase",
    "StdioCase",
    "Stop",
    "Task",
    "Tool",
    "Trajectory",
    "Turn",
    "TurnReport",
    "TurnSpan",
    "UpdateReport",
    "Verdict",
    "VersionSpan",
    "Weights",
    "case_from_json",
    "case_to_json",
    "decode_value",
    "encode_value",
    "task_from_json",
    "task_to_json",
]
