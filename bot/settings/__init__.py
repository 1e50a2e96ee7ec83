"""The settings: config.toml and PUNCHLINE_* variables become one frozen `Settings`."""

from bot.settings.keys import Key, every_key
from bot.settings.loading import configuration_file, load_settings
from bot.settings.refusal import SettingsError
from bot.settings.sections import (
    CommunitySection,
    DiscordSettings,
    GateSettings,
    GenerationSettings,
    HubSettings,
    LearningSettings,
    LogSettings,
    ModelSettings,
    ModerationSettings,
    QueueSettings,
    QuotaSettings,
    ServiceSettings,
    Settings,
    ShelfSettings,
    StoreSettings,
    TasteSettings,
    TelegramSettings,
    TrainingSettings,
    TrialSettings,
)

__all__ = [
    "CommunitySection",
    "DiscordSettings",
    "GateSettings",
    "GenerationSettings",
    "HubSettings",
    "Key",
    "LearningSettings",
    "LogSettings",
    "ModelSettings",
    "ModerationSettings",
    "QueueSettings",
    "QuotaSettings",
    "ServiceSettings",
    "Settings",
    "SettingsError",
    "ShelfSettings",
    "StoreSettings",
    "TasteSettings",
    "TelegramSettings",
    "TrainingSettings",
    "TrialSettings",
    "configuration_file",
    "every_key",
    "load_settings",
]
