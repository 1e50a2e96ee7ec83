"""Buttons that work for ever: everything they mean is in their data."""

import re
from typing import Any, Self

import discord

from bot.fronts.actions import ACTION_PATTERN, CANCEL_PATTERN, DECISION_PATTERN

__all__ = ["FORGET_NO", "FORGET_YES", "PersistentButton", "button", "data_of", "is_known"]

FORGET_YES = "forget:yes"
FORGET_NO = "forget:no"

_FORGET_PATTERN = f"{FORGET_YES}|{FORGET_NO}"


class PersistentButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=f"{ACTION_PATTERN}|{CANCEL_PATTERN}|{DECISION_PATTERN}|{_FORGET_PATTERN}",
):
    """Any button of the bot's; the client it comes to knows what to do."""

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: Any, match: re.Match[str], /
    ) -> Self:
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.client.wiring.pressed(interaction)


def button(
    data: str,
    *,
    emoji: str | None = None,
    label: str | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> PersistentButton:
    """A button with its data; it needs an emoji or a label."""
    return PersistentButton(
        discord.ui.Button(custom_id=data, emoji=emoji, label=label, style=style)
    )


def data_of(interaction: discord.Interaction[Any]) -> str:
    """The data of the button that was pressed."""
    data: Any = interaction.data
    return str(data["custom_id"])


def is_known(data: str) -> bool:
    """Whether there is a `PersistentButton` with such data."""
    return PersistentButton.__discord_ui_compiled_template__.fullmatch(data) is not None
