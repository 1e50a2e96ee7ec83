"""A tiny GGUF file, written as llama.cpp's converter writes them."""

import json
from pathlib import Path
from typing import Any

from gguf import GGUFWriter, TokenType

from tests.tiny import tiny_model, tiny_tokenizer

__all__ = ["tiny_source", "write_gguf"]

_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
_OUTER_NAMES = {"embed_tokens": "token_embd", "norm": "output_norm"}


def tiny_source() -> Any:
    """A tiny model whose weights lose nothing in bfloat16."""
    model = tiny_model()
    for weights in model.parameters():
        weights.data = weights.data.bfloat16().float()
    return model


def write_gguf(path: Path, model: Any) -> Path:
    """Write a Llama-family model with the tiny tokenizer inside."""
    writer = GGUFWriter(path, "llama")
    config = model.config
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)
    _add_tokenizer(writer)
    _add_weights(writer, model)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: GGUFWriter) -> None:
    tokenizer: Any = tiny_tokenizer()
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL] * 2 + [TokenType.NORMAL] * (len(tokens) - 2))
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_pad_token_id(1)


def _add_weights(writer: GGUFWriter, model: Any) -> None:
    config = model.config
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for name, tensor in model.model.state_dict().items():
        values, parts = tensor.numpy(), name.split(".")
        if parts[0] != "layers":
            writer.add_tensor(f"{_OUTER_NAMES[parts[0]]}.weight", values)
            continue
        if parts[-2] in heads:  # llama.cpp keeps the two halves of a rotary pair side by side
            rows, columns = values.shape
            shape = (heads[parts[-2]], 2, -1, columns)
            values = values.reshape(shape).swapaxes(1, 2).reshape(rows, columns)
        writer.add_tensor(f"blk.{parts[1]}.{_NAMES['.'.join(parts[2:-1])]}.weight", values)
