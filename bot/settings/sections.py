"""Every setting: its section, name, default, limits and what it does."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bot.settings.values import (
    Address,
    Allowed,
    DatabaseUrl,
    Directory,
    Id,
    Ids,
    OptionalAddress,
    OptionalPath,
    Shards,
    Text,
    Token,
    Url,
)
from finetune.bases import default_cache

__all__ = [
    "CommunitySection",
    "DiscordSettings",
    "GateSettings",
    "GenerationSettings",
    "HubSettings",
    "LearningSettings",
    "LogSettings",
    "MetricsSettings",
    "ModelSettings",
    "ModerationSettings",
    "QueueSettings",
    "QuotaSettings",
    "RaySettings",
    "Section",
    "ServerSettings",
    "ServiceSettings",
    "Settings",
    "ShelfSettings",
    "StoreSettings",
    "TasteSettings",
    "TelegramSettings",
    "TrainingSettings",
    "TrialSettings",
]


class Section(BaseModel):
    """One [section]: frozen, nothing unknown, nothing converted silently."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
    )


TokenFile = Annotated[
    OptionalPath,
    Field(description="A file that holds this token and nothing else."),
    Allowed('the path of a file, or "" for none'),
]


class ModelSettings(Section):
    """[model]: which weights tell the jokes and where they are kept."""

    base: Annotated[
        Text,
        Field(
            min_length=1,
            description="The base model. A local directory is written in full or as ./directory.",
        ),
        Allowed(
            '"starter", a hub id such as "openai-community/gpt2", a local directory or a .gguf file'
        ),
    ] = "starter"
    version: Annotated[
        Text,
        Field(
            min_length=1,
            description="The taught version; auto means the shipped one on the starter, else none.",
        ),
        Allowed('"auto", "none" for the base alone, or the directory of a version'),
    ] = "auto"
    revision: Annotated[
        Text,
        Field(description="Branch, tag or commit of a base model from the hub."),
        Allowed('a revision, or "" for the newest'),
    ] = ""
    cache: Annotated[
        OptionalPath,
        Field(description="Where converted base weights are kept, to be made again if lost."),
        Allowed(
            'the path of a directory, or "" for the user\'s ($XDG_CACHE_HOME or ~/.cache)/punchline'
        ),
    ] = None

    @property
    def cache_directory(self) -> Path:
        """`cache`, or the user's cache directory where that is empty."""
        return self.cache or default_cache(os.environ)


class GenerationSettings(Section):
    """[generation]: how candidates are decoded, and how the worker is watched."""

    where: Annotated[
        Literal["here", "server", "ray"],
        Field(
            description="In a worker on this machine, on the server that [server] names, or on "
            "the Ray cluster that [ray] names."
        ),
    ] = "here"
    device: Annotated[
        Literal["auto", "cpu", "cuda"],
        Field(description="Where the model runs; auto takes the GPU if there is one."),
    ] = "auto"
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Field(description="Number format of the weights; auto takes what is faster there."),
    ] = "auto"
    threads: Annotated[
        int, Field(ge=0, le=1024, description="CPU threads the worker uses; 0 means all cores.")
    ] = 0
    slots: Annotated[
        int, Field(ge=1, le=1024, description="Candidates decoded at the same time, in one batch.")
    ] = 32
    candidates: Annotated[
        int,
        Field(
            ge=1,
            le=64,
            description="Candidates decoded for one joke, the best of which is told; "
            "not more than slots.",
        ),
    ] = 4
    rounds: Annotated[
        int,
        Field(ge=1, le=20, description="Times candidates are drawn for one joke while none fits."),
    ] = 3
    temperature: Annotated[
        float,
        Field(ge=0, le=5, description="How adventurous the wording is; 0 means greedy decoding."),
    ] = 0.95
    top_k: Annotated[
        int,
        Field(ge=0, le=100_000, description="Draw from this many likeliest tokens; 0 means all."),
    ] = 0
    top_p: Annotated[
        float,
        Field(gt=0, le=1, description="Draw from the likeliest tokens of this total probability."),
    ] = 0.95
    max_tokens: Annotated[
        int, Field(ge=1, le=1024, description="Length of the longest joke, in tokens.")
    ] = 96
    attempts: Annotated[
        int, Field(ge=1, le=10, description="Times a request is tried when its worker dies.")
    ] = 3
    heartbeat_seconds: Annotated[
        float, Field(ge=0.1, le=600, description="A worker silent for longer is replaced.")
    ] = 10.0
    start_seconds: Annotated[
        float, Field(ge=1, le=3600, description="A worker not ready by then is replaced.")
    ] = 300.0

    @property
    def jokes_at_once(self) -> int:
        """How many jokes, each with all its candidates, the slots hold."""
        return max(1, self.slots // self.candidates)


class ServerSettings(Section):
    """[server]: the OpenAI-compatible server that generates where generation.where says so."""

    url: Annotated[
        Url,
        Field(min_length=1, description="Where its interface begins; models are at url/models."),
        Allowed("a URL"),
    ] = "http://127.0.0.1:8000/v1"
    model: Annotated[
        Text,
        Field(description="The model to ask for; the base of the versions where adapters are."),
        Allowed("a name that url/models lists"),
    ] = ""
    token: Annotated[Token, Field(description="The key that the server asks for.")] = None
    token_file: TokenFile = None
    requests: Annotated[
        int, Field(ge=1, le=1024, description="HTTP requests open at the same time.")
    ] = 8
    timeout_seconds: Annotated[
        float,
        Field(ge=0.1, le=3600, description="A request not answered by then is tried again."),
    ] = 30.0
    logprobs: Annotated[
        bool,
        Field(
            description="Ask for probabilities, to rank candidates by; some servers are slow at it."
        ),
    ] = True
    models: Annotated[
        Text,
        Field(
            description="Where the server finds data/models, from which it loads adapters; "
            "the same path as here if empty."
        ),
        Allowed('the path of a directory, or ""'),
    ] = ""


class RaySettings(Section):
    """[ray]: the Ray cluster that generates where generation.where says so."""

    address: Annotated[
        Text,
        Field(
            min_length=1,
            description="Where Ray is; auto is the one this machine is a node of, local one that "
            "is started here for trials.",
        ),
        Allowed('"auto", "local", "ray://host:10001" or "host:6379"'),
    ] = "auto"
    models_url: Annotated[
        Text,
        Field(
            description="Where weights are put for all nodes, which fetch and check them once; "
            "if empty, they have the same paths as here."
        ),
        Allowed('a path that all nodes share, an fsspec URL such as "s3://bucket/models", or ""'),
    ] = ""
    num_cpus: Annotated[
        float, Field(ge=0, le=1024, description="Processors of the cluster that a replica takes.")
    ] = 1.0
    num_gpus: Annotated[
        float,
        Field(ge=0, le=64, description="GPUs that a replica takes; 0.25 lets four share one."),
    ] = 0.0
    min_replicas: Annotated[
        int, Field(ge=1, le=1000, description="Replicas of a version there always are.")
    ] = 1
    max_replicas: Annotated[
        int, Field(ge=1, le=1000, description="Replicas of a version there may be.")
    ] = 2
    target_ongoing_requests: Annotated[
        float,
        Field(
            ge=0,
            le=1024,
            description="Requests for each replica that the number of replicas follows; 0 is half "
            "of what one may have.",
        ),
    ] = 0.0
    upscale_delay_seconds: Annotated[
        float,
        Field(ge=0, le=86_400, description="Replicas are added after so long above that number."),
    ] = 30.0
    downscale_delay_seconds: Annotated[
        float,
        Field(ge=0, le=86_400, description="Replicas are taken away after so long below it."),
    ] = 600.0
    max_ongoing_requests: Annotated[
        int,
        Field(
            ge=0,
            le=1024,
            description="Requests that a replica has at the same time; 0: as many jokes as "
            "generation.slots hold.",
        ),
    ] = 0
    max_queued_requests: Annotated[
        int,
        Field(
            ge=1,
            le=10_000,
            description="Requests of one bot that Ray may keep waiting; more are told that it is "
            "busy.",
        ),
    ] = 16
    timeout_seconds: Annotated[
        float,
        Field(ge=0.1, le=3600, description="A request not answered by then is tried again."),
    ] = 30.0


class QueueSettings(Section):
    """[queue]: how many requests may wait, and for how long."""

    capacity: Annotated[
        int, Field(ge=1, le=10_000, description="Requests that may wait in all.")
    ] = 64
    per_community: Annotated[
        int, Field(ge=1, le=10_000, description="Requests of one community that may wait.")
    ] = 48
    per_member: Annotated[
        int, Field(ge=1, le=10_000, description="Requests of one member that may wait.")
    ] = 8
    deadline_seconds: Annotated[
        float,
        Field(ge=0.1, le=3600, description="A request not answered by then gets an apology."),
    ] = 60.0


class QuotaSettings(Section):
    """[quota]: how many jokes a member and a community may ask for."""

    member_jokes: Annotated[
        int, Field(ge=0, le=1_000_000, description="Jokes for one member in a window; 0: no limit.")
    ] = 30
    community_jokes: Annotated[
        int,
        Field(ge=0, le=1_000_000, description="Jokes for one community in a window; 0: no limit."),
    ] = 300
    window_seconds: Annotated[
        float, Field(ge=0.1, le=86_400, description="Length of that window, which slides.")
    ] = 60.0


class ModerationSettings(Section):
    """[moderation]: what may be asked and what may be told."""

    tier: Annotated[
        Literal["family", "standard", "adult"],
        Field(description="How daring a joke may be where a community has not chosen."),
    ] = "family"
    boldest_tier: Annotated[
        Literal["family", "standard", "adult"],
        Field(description="The most daring tier a community may choose."),
    ] = "adult"
    flags_to_hide: Annotated[
        int, Field(ge=1, le=1000, description="Members who find a joke offensive until it hides.")
    ] = 3
    topic_characters: Annotated[
        int, Field(ge=1, le=2000, description="Length of the longest topic, in characters.")
    ] = 80
    opening_characters: Annotated[
        int, Field(ge=1, le=2000, description="Length of the longest opening, in characters.")
    ] = 200


class CommunitySection(Section):
    """[community]: what holds where a community's admins have chosen nothing."""

    vote_style: Annotated[
        Literal["both", "reactions", "buttons"],
        Field(description="How members vote where the platform has both ways."),
    ] = "both"
    language: Annotated[
        Literal["auto", "en", "de", "es"],
        Field(description="The language of everything but the jokes; auto: the member's own."),
    ] = "auto"
    daily_jokes: Annotated[
        int, Field(ge=0, le=1_000_000, description="Jokes for one member in a day; 0: no limit.")
    ] = 0
    tally_seconds: Annotated[
        float, Field(ge=0.1, le=3600, description="The votes under a joke are updated this often.")
    ] = 3.0


class LearningSettings(Section):
    """[learning]: which votes a better model is made of, and how much each counts."""

    minimum_votes: Annotated[
        int, Field(ge=1, le=1_000_000, description="Votes there must be before any are learned.")
    ] = 100
    member_share: Annotated[
        float,
        Field(gt=0, le=1, description="The most that one member's votes weigh, of all weight."),
    ] = 0.1
    clique_share: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="The most that the five busiest weigh together, where there are members "
            "enough.",
        ),
    ] = 0.25
    held_out: Annotated[
        float,
        Field(ge=0, le=0.5, description="Share of jokes whose votes judge and are never learned."),
    ] = 0.1
    flood_votes: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="So many votes of new members in a short time are set aside.",
        ),
    ] = 50
    flood_minutes: Annotated[
        float, Field(gt=0, le=10_080, description="How long that short time is.")
    ] = 10.0
    new_member_days: Annotated[
        float,
        Field(
            ge=0,
            le=365,
            description="Members are new until they vote this long after their first vote.",
        ),
    ] = 2.0


class TasteSettings(Section):
    """[taste]: how each vote teaches at once what a community likes."""

    enabled: Annotated[
        bool,
        Field(
            description="Tell the candidate a community probably likes best; otherwise the one "
            "the model holds likeliest."
        ),
    ] = True
    votes: Annotated[
        int,
        Field(
            ge=1,
            le=20_000,
            description="Newest votes that count, of a community and of all communities together.",
        ),
    ] = 2_000
    exploration: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="How readily something is told of which it is not known whether it is "
            "liked; 0 means never.",
        ),
    ] = 0.3


class ShelfSettings(Section):
    """[shelf]: jokes made in idle time, for whoever asks without a topic."""

    enabled: Annotated[
        bool, Field(description="Make jokes while nobody asks, so that some are there at once.")
    ] = True
    jokes_per_shelf: Annotated[
        int, Field(ge=1, le=1_000, description="Jokes kept for each version that serves.")
    ] = 24
    idle_share: Annotated[
        float,
        Field(gt=0, le=1, description="The most of the time it may take; on battery it is none."),
    ] = 0.25
    quiet_seconds: Annotated[
        float, Field(ge=0, le=86_400, description="Begin when nobody has asked for so long.")
    ] = 5.0


class TrainingSettings(Section):
    """[training]: how a better model is made of the votes, and when."""

    corpus: Annotated[
        OptionalPath,
        Field(
            description="Jokes that are read along, so that none are forgotten; the 260 that ship "
            "with Punchline if empty."
        ),
        Allowed('the path of a prepared corpus or of a file of jokes, or ""'),
    ] = None
    recipe: Annotated[
        Text,
        Field(min_length=1, description="How votes are learned from."),
        Allowed("the name of a recipe, or the path of a .toml file"),
    ] = "taste"
    where: Annotated[
        Literal["here", "ray"],
        Field(
            description="On this machine, or on the Ray cluster that [ray] names, whose nodes then "
            "have the same paths as here."
        ),
    ] = "here"
    workers: Annotated[
        int,
        Field(
            ge=1,
            le=1024,
            description="Processes that share each step of training; each takes a GPU if there "
            "is one for it.",
        ),
    ] = 1
    threads: Annotated[
        int,
        Field(
            ge=0,
            le=1024,
            description="Processor threads of each worker; 0 takes half of this machine's for all, "
            "on Ray one for each.",
        ),
    ] = 0
    niceness: Annotated[
        int, Field(ge=0, le=19, description="How far the trainer stands back behind the jokes.")
    ] = 19
    every_hours: Annotated[
        float,
        Field(ge=0, le=8_760, description="Learn by itself this often; 0 only when asked to."),
    ] = 0.0
    keep_versions: Annotated[
        int,
        Field(ge=1, le=1_000, description="Versions kept beside those that serve; older ones go."),
    ] = 5


class GateSettings(Section):
    """[gate]: what a new version must show before anybody sees it, compared with the champion."""

    jokes: Annotated[
        int, Field(ge=20, le=10_000, description="Jokes that each version tells to be judged by.")
    ] = 120
    loss: Annotated[
        float,
        Field(ge=0, le=1, description="The loss of held-out jokes may rise by this share."),
    ] = 0.05
    agreement: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="How often it must prefer a liked joke to a disliked one, on votes it "
            "never saw.",
        ),
    ] = 0.5
    complete: Annotated[
        float, Field(ge=0, le=1, description="So many more of its jokes may break off.")
    ] = 0.02
    looping: Annotated[
        float, Field(ge=0, le=1, description="So many more of its jokes may repeat themselves.")
    ] = 0.01
    distinct_2: Annotated[
        float, Field(ge=0, le=1, description="The variety of its words may fall by this share.")
    ] = 0.15
    copied: Annotated[
        float, Field(ge=0, le=1, description="So many more may copy what it was taught.")
    ] = 0.02
    near_duplicates: Annotated[
        float, Field(ge=0, le=1, description="So many more may be like one another.")
    ] = 0.02
    offensive_family: Annotated[
        float, Field(ge=0, le=1, description="So many more may be unfit for families, unfiltered.")
    ] = 0.05
    offensive_after_filter: Annotated[
        float, Field(ge=0, le=1, description="So many more may be unfit for families, as told.")
    ] = 0.005
    topic_told: Annotated[
        float, Field(ge=0, le=1, description="So many more may miss the topic asked for.")
    ] = 0.05


class TrialSettings(Section):
    """[trial]: how a new version proves itself on part of the traffic."""

    share: Annotated[
        float, Field(gt=0, le=0.5, description="Share of requests that the challenger answers.")
    ] = 0.2
    auto_promote: Annotated[
        bool, Field(description="Decide by the votes alone; otherwise an admin is asked.")
    ] = True
    promote_at: Annotated[
        float,
        Field(ge=0.5, le=0.999, description="How sure it must be that the challenger is better."),
    ] = 0.95
    retire_at: Annotated[
        float,
        Field(ge=0.001, le=0.5, description="Below this the challenger is given up."),
    ] = 0.05
    minimum_votes: Annotated[
        int,
        Field(
            ge=2,
            le=1_000_000,
            description="Members who must have voted on each version's jokes; as many are assumed "
            "to have liked both alike.",
        ),
    ] = 30
    days: Annotated[float, Field(gt=0, le=365, description="After this the champion stays.")] = 14.0


class StoreSettings(Section):
    """[store]: where Punchline remembers."""

    directory: Annotated[
        Directory, Field(description="The database, the member key and the socket live here.")
    ] = Path("data")
    url: Annotated[
        DatabaseUrl,
        Field(description="A database on PostgreSQL; without one it is SQLite in the directory."),
    ] = None
    url_file: Annotated[
        OptionalPath,
        Field(description="A file that holds this URL and nothing else."),
        Allowed('the path of a file, or "" for none'),
    ] = None


class ServiceSettings(Section):
    """[service]: how Punchline stops."""

    grace_seconds: Annotated[
        float, Field(ge=0, le=600, description="Running jokes may finish this long after SIGTERM.")
    ] = 10.0


class LogSettings(Section):
    """[log]: what is written on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="The least important lines that are written."),
    ] = "info"
    format: Annotated[
        Literal["text", "json"],
        Field(description="Lines for people, or one JSON object a line."),
    ] = "text"


class MetricsSettings(Section):
    """[metrics]: what monitoring may ask the bot in the background."""

    listen: Annotated[
        OptionalAddress,
        Field(description="Where /metrics, /healthz and /readyz are answered; not for everybody."),
    ] = ""


class HubSettings(Section):
    """[hub]: where base models are downloaded from."""

    token: Annotated[
        Token,
        Field(
            description="Only to download a private or gated base model, or to publish a version."
        ),
    ] = None
    token_file: TokenFile = None


class DiscordSettings(Section):
    """[discord]: the Discord front-end, which runs when there is a token."""

    token: Annotated[Token, Field(description="The bot's token from the developer portal.")] = None
    token_file: TokenFile = None
    admins: Annotated[
        Ids, Field(description="Users who may type /retrain, /models, /rollback and /pause.")
    ] = ()
    admin_channel: Annotated[
        Id, Field(description="A channel that hears of reported jokes and of what was learned.")
    ] = ""
    sharded: Annotated[
        bool, Field(description="Several gateway connections, as large bots need.")
    ] = False
    shard_ids: Annotated[
        Shards,
        Field(description="The connections of this process, where several share the shards."),
    ] = ()
    shard_count: Annotated[
        int,
        Field(
            ge=0,
            le=100_000,
            description="Connections of all processes together; 0 leaves it to Discord.",
        ),
    ] = 0
    presence: Annotated[bool, Field(description="Show the model version under the bot's name.")] = (
        True
    )
    development_guild: Annotated[
        Id,
        Field(description="Commands are registered in this guild alone, where they show at once."),
    ] = ""
    rest_url: Annotated[
        Url,
        Field(min_length=1, description="Where Discord's REST interface is."),
        Allowed("a URL"),
    ] = "https://discord.com/api/v10"
    gateway_url: Annotated[
        Url,
        Field(min_length=1, description="Where Discord's gateway is."),
        Allowed("a URL"),
    ] = "wss://gateway.discord.gg"


class TelegramSettings(Section):
    """[telegram]: the Telegram front-end, which runs when there is a token."""

    token: Annotated[Token, Field(description="The bot's token from @BotFather.")] = None
    token_file: TokenFile = None
    admins: Annotated[
        Ids, Field(description="Users who may type /retrain, /models, /rollback and /pause.")
    ] = ()
    admin_chat: Annotated[
        Id, Field(description="A chat that hears of reported jokes and of what was learned.")
    ] = ""
    webhook_url: Annotated[
        Url,
        Field(description="Where Telegram reaches the bot; the bot asks Telegram itself if empty."),
        Allowed('a public https URL, or "" for long polling'),
    ] = ""
    webhook_listen: Annotated[
        Address, Field(description="Where the bot listens for what comes to webhook_url.")
    ] = "127.0.0.1:8443"
    base_url: Annotated[
        Url,
        Field(min_length=1, description="Where Telegram's Bot API is."),
        Allowed("a URL"),
    ] = "https://api.telegram.org/bot"


class Settings(Section):
    """Everything that can be set, one attribute a section."""

    model: ModelSettings = ModelSettings()
    generation: GenerationSettings = GenerationSettings()
    server: ServerSettings = ServerSettings()
    ray: RaySettings = RaySettings()
    queue: QueueSettings = QueueSettings()
    quota: QuotaSettings = QuotaSettings()
    moderation: ModerationSettings = ModerationSettings()
    community: CommunitySection = CommunitySection()
    learning: LearningSettings = LearningSettings()
    taste: TasteSettings = TasteSettings()
    shelf: ShelfSettings = ShelfSettings()
    training: TrainingSettings = TrainingSettings()
    gate: GateSettings = GateSettings()
    trial: TrialSettings = TrialSettings()
    store: StoreSettings = StoreSettings()
    service: ServiceSettings = ServiceSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    hub: HubSettings = HubSettings()
    discord: DiscordSettings = DiscordSettings()
    telegram: TelegramSettings = TelegramSettings()

    @property
    def jokes_at_once(self) -> int:
        """How many jokes are told at the same time, at most, by whatever tells them."""
        if self.generation.where == "ray":
            return self.jokes_on_replica * self.ray.max_replicas
        return self.generation.jokes_at_once

    @property
    def jokes_on_replica(self) -> int:
        """How many jokes one replica on Ray tells at the same time."""
        return self.ray.max_ongoing_requests or self.generation.jokes_at_once

    def secrets(self) -> tuple[str, ...]:
        """Every token and password that is set, so that the log can strike them out."""
        tokens = (
            *(self.hub.token, self.server.token, self.discord.token, self.telegram.token),
            self.store.url,
        )
        secrets = [token.get_secret_value() for token in tokens if token]
        if self.store.url and (password := urlsplit(self.store.url.get_secret_value()).password):
            secrets += (password, unquote(password))
        return tuple(secrets)

    @model_validator(mode="after")
    def _shards_are_of_all_processes(self) -> Self:
        shards, count = self.discord.shard_ids, self.discord.shard_count
        if shards and max(shards) >= count:
            raise PydanticCustomError(
                "shards_over_count",
                "discord.shard_count is {count}; "
                "allowed with these discord.shard_ids: more than {last}, the highest of them",
                {"count": count, "last": max(shards)},
            )
        return self

    @model_validator(mode="after")
    def _a_server_is_asked_for_a_model(self) -> Self:
        if self.generation.where == "server" and not self.server.model:
            raise PydanticCustomError(
                "server_without_model",
                'server.model is ""; allowed: a name that server.url/models lists, because '
                'generation.where is "server"',
            )
        return self

    @model_validator(mode="after")
    def _replicas_are_no_fewer_than_the_fewest(self) -> Self:
        least, most = self.ray.min_replicas, self.ray.max_replicas
        if least > most:
            raise PydanticCustomError(
                "replicas_crossed",
                "ray.min_replicas is {least}; allowed: at most ray.max_replicas, which is {most}",
                {"least": least, "most": most},
            )
        return self

    @model_validator(mode="after")
    def _candidates_of_a_joke_fit_into_one_batch(self) -> Self:
        candidates, slots = self.generation.candidates, self.generation.slots
        if candidates > slots:
            raise PydanticCustomError(
                "candidates_over_slots",
                "generation.candidates is {candidates}; "
                "allowed: at most generation.slots, which is {slots}",
                {"candidates": candidates, "slots": slots},
            )
        return self
