"""The invite link, and whose bot a token is."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.fronts.discord.invitation import (
    application_id_of,
    invitation,
    invite_link,
)
from bot.fronts.invitation import InvitationError
from tests.bot.fronts.discord.stage import Stage
from tests.platforms.discord.permissions import Permission


def test_the_link_asks_for_no_more_than_is_needed() -> None:
    address = urlsplit(invite_link("1234567890"))
    query = {name: value for name, (value,) in parse_qs(address.query).items()}
    assert (address.hostname, address.path) == ("discord.com", "/oauth2/authorize")
    assert query["client_id"] == "1234567890"
    assert query["scope"].split() == ["bot", "applications.commands"]
    needed = (
        Permission.VIEW_CHANNEL
        | Permission.SEND_MESSAGES
        | Permission.READ_MESSAGE_HISTORY
        | Permission.ADD_REACTIONS
    )
    assert int(query["permissions"]) == int(needed)


@pytest.mark.parametrize("number", ["1", "12", "112233445566778899", "1122334455667788990"])
def test_a_token_tells_whose_it_is(number: str) -> None:
    first = base64.b64encode(number.encode()).decode().rstrip("=")
    assert application_id_of(f"{first}.Gq1k2b.rest") == number


@pytest.mark.parametrize("token", ["", "wrong", "%%%.a.b", "bm90IGRpZ2l0cw.a.b", "/w==.a.b", "é"])
def test_what_is_no_token_tells_nothing(token: str) -> None:
    assert application_id_of(token) is None


async def test_discord_says_whom_to_invite(stage: Stage) -> None:
    server = stage.server
    link = await invitation(rest_url=server.rest_url, token=server.token, seconds=5)
    assert link == invite_link(str(server.application_id))
    assert application_id_of(server.token) is not None


async def test_the_link_is_known_while_discord_is_away(stage: Stage) -> None:
    await stage.server.stop()
    with pytest.raises(InvitationError, match="cannot be reached") as error:
        await invitation(rest_url=stage.server.rest_url, token=stage.server.token, seconds=5)
    assert invite_link(application_id_of(stage.server.token) or "") in error.value.sentence


@pytest.mark.parametrize("away", [True, False])
async def test_whether_an_error_lasts_is_known(stage: Stage, away: bool) -> None:
    if away:
        await stage.server.stop()
    with pytest.raises(InvitationError) as error:
        await invitation(rest_url=stage.server.rest_url, token="wrong", seconds=5)
    assert error.value.lasting is not away
