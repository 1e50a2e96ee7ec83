"""A tiny humour model, taught in seconds: real weights, real tokenizer, real endings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from finetune.artifacts import Manifest, write_version
from finetune.novelty import NOVELTY, NoveltyIndex
from finetune.template import Template, TemplateKind

__all__ = [
    "TOPICS",
    "tiny_jokes",
    "tiny_model",
    "tiny_tokenizer",
    "write_tiny_adapter",
    "write_tiny_version",
]

TOPICS = ("cat", "dog", "computer", "fish", "bear", "moon")
_STEPS = 110
_LENGTH = 64


def tiny_jokes() -> list[str]:
    """The jokes the tiny model knows."""
    return (Path(__file__).parent / "jokes.txt").read_text(encoding="utf-8").splitlines()


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level tokenizer of 512 tokens, two of them special."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=["<|endoftext|>", "<|pad|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*tiny_jokes(), "TOPIC: JOKE:"], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|endoftext|>", pad_token="<|pad|>"
    )


def tiny_model(family: str = "llama") -> Any:
    """An untaught model of the Llama or the GPT-2 family with about 100,000 weights."""
    torch.manual_seed(0)
    if family == "gpt2":
        return GPT2LMHeadModel(
            GPT2Config(
                vocab_size=512,
                n_embd=64,
                n_layer=2,
                n_head=4,
                n_positions=512,
                bos_token_id=0,
                eos_token_id=0,
            )
        ).eval()
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=512,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            bos_token_id=0,
            eos_token_id=0,
            pad_token_id=1,
            tie_word_embeddings=True,
        )
    ).eval()


def write_tiny_version(directory: Path, *, family: str = "llama") -> Path:
    """Teach a tiny model its jokes and write it as a model version called `tiny`."""
    # So small a model is taught fastest by one thread, above all where others compute too.
    torch.set_num_threads(1)
    tokenizer = tiny_tokenizer()
    template = Template(kind=TemplateKind.PLAIN)
    model = tiny_model(family).train()
    rows = [_example(tokenizer, template, joke) for joke in tiny_jokes()]
    ids = torch.tensor([row + [1] * (_LENGTH - len(row)) for row in rows])
    labels = torch.where(ids == 1, -100, ids)
    mask = (ids != 1).long()
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    for _ in range(_STEPS):
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def fill(target: Path) -> None:
        model.eval().save_pretrained(target)
        tokenizer.save_pretrained(target)

    manifest = Manifest(version="tiny", base="tiny", template=template.to_json())
    return write_version(directory=directory, manifest=manifest, fill=fill)[0]


def write_tiny_adapter(directory: Path, *, base: Path, taught: Sequence[str] = ()) -> Path:
    """Write a LoRA adapter on a tiny version as a version called `tiny-adapter`.

    It changes nothing yet; its novelty index knows the jokes in `taught`.
    """
    adapted = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base),
        LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["q_proj", "v_proj"]),
    )

    def fill(target: Path) -> None:
        adapted.save_pretrained(target)
        AutoTokenizer.from_pretrained(base).save_pretrained(target)
        NoveltyIndex.build(taught).save(target / NOVELTY)

    template = Template(kind=TemplateKind.PLAIN)
    manifest = Manifest(version="tiny-adapter", base=str(base), template=template.to_json())
    return write_version(directory=directory, manifest=manifest, fill=fill)[0]


def _example(tokenizer: PreTrainedTokenizerFast, template: Template, joke: str) -> list[int]:
    topic = next((topic for topic in TOPICS if topic in joke), None)
    prompt = template.prompt(tokenizer, topic=topic, opening=None)
    return [*prompt, *tokenizer.encode(f" {joke}"), 0]
