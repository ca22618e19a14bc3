//! What Hugging Face calls the tensors of a GGUF file, and the order of rows it expects.

use super::{Gguf, GgufTensor};

impl Gguf {
    /// The name of a tensor in a Hugging Face checkpoint of the Llama family, if it has one there:
    /// `blk.0.attn_q.weight` is `model.layers.0.self_attn.q_proj.weight`.
    pub fn checkpoint_name(tensor: &str) -> Option<String> {
        match tensor {
            "token_embd.weight" => return Some("model.embed_tokens.weight".into()),
            "output_norm.weight" => return Some("model.norm.weight".into()),
            "output.weight" => return Some("lm_head.weight".into()),
            _ => {}
        }
        let (layer, rest) = tensor.strip_prefix("blk.")?.split_once('.')?;
        let (part, kind) = rest.rsplit_once('.')?;
        let part = match part {
            "attn_norm" => "input_layernorm",
            "attn_q" => "self_attn.q_proj",
            "attn_k" => "self_attn.k_proj",
            "attn_v" => "self_attn.v_proj",
            "attn_output" => "self_attn.o_proj",
            "attn_q_norm" => "self_attn.q_norm",
            "attn_k_norm" => "self_attn.k_norm",
            "ffn_norm" => "post_attention_layernorm",
            "ffn_gate" => "mlp.gate_proj",
            "ffn_up" => "mlp.up_proj",
            "ffn_down" => "mlp.down_proj",
            _ => return None,
        };
        Some(format!("model.layers.{layer}.{part}.{kind}"))
    }

    /// In how many heads the rows of a tensor have to be put back into Hugging Face's order.
    ///
    /// llama.cpp's converter reorders the rows of queries and keys of the architecture `llama`, so
    /// that the two numbers which are rotated together lie side by side; Hugging Face has them half
    /// a head apart.
    pub fn interleaved_heads(&self, tensor: &GgufTensor) -> Option<usize> {
        if self.text("general.architecture") != Some("llama") {
            return None;
        }
        let heads = self.count("llama.attention.head_count");
        let heads = if tensor.name.contains(".attn_q.") {
            heads
        } else if tensor.name.contains(".attn_k.") {
            self.count("llama.attention.head_count_kv").or(heads)
        } else {
            None
        };
        heads.and_then(|n| n.try_into().ok()).filter(|&n| n > 0)
    }
}

/// Puts rows back into Hugging Face's order: of each head, first the even rows, then the odd ones.
/// Nothing is changed when the rows are no whole heads of an even width.
pub fn undo_interleaving(numbers: Vec<f32>, n_rows: usize, n_heads: usize) -> Vec<f32> {
    let half = n_rows / n_heads / 2;
    if half * 2 * n_heads != n_rows {
        return numbers;
    }
    let width = numbers.len() / n_rows;
    let mut ordered = Vec::with_capacity(numbers.len());
    for head in 0..n_heads {
        for parity in 0..2 {
            for pair in 0..half {
                let row = (head * half + pair) * 2 + parity;
                ordered.extend_from_slice(&numbers[row * width..(row + 1) * width]);
            }
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hugging_faces() {
        let name = |tensor| Gguf::checkpoint_name(tensor);
        assert_eq!(
            name("blk.12.attn_q.bias").as_deref(),
            Some("model.layers.12.self_attn.q_proj.bias")
        );
        assert_eq!(name("token_embd.weight").as_deref(), Some("model.embed_tokens.weight"));
        assert_eq!(name("rope_freqs.weight"), None);
        assert_eq!(name("blk.0.ffn_gate_exps.weight"), None);
    }

    #[test]
    fn rows_come_back_in_halves() {
        // Two heads of four rows, one number wide: pairs 0,1 and 2,3 are rotated together.
        let rows = vec![0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0];
        assert_eq!(
            undo_interleaving(rows.clone(), 8, 2),
            [0.0, 2.0, 1.0, 3.0, 10.0, 12.0, 11.0, 13.0]
        );
        assert_eq!(undo_interleaving(rows.clone(), 8, 8), rows);
    }
}
