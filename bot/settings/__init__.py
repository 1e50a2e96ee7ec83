"""The settings: config.toml and PUNCHLINE_* variables become one frozen `Settings`."""

from bot.settings.keys import Key, every_key
from bot.settings.loading import configuration_file, load_settings
from bot.settings.refusal import SettingsError
from bot.settings.sections import (
    CommunitySection,
    DiscordSettings,
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
    StoreSettings,
    TelegramSettings,
)

__all__ = [
    "CommunitySection",
    "DiscordSettings",
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
    "StoreSettings",
    "TelegramSettings",
    "configuration_file",
    "every_key",
    "load_settings",
]
