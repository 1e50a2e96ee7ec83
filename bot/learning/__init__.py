"""The loop from votes to a better model."""

from bot.learning.port import Learner, LearningRefused, ModelLine, Role, RunReport, TrialReport

__all__ = ["Learner", "LearningRefused", "ModelLine", "Role", "RunReport", "TrialReport"]
