//! The form in which a chat model expects to be spoken to.
//!
//! Such a model comes with a template in the language Jinja that puts a person's words between
//! special tokens. It is rendered as transformers does it (`apply_chat_template` with
//! `add_generation_prompt`), by a program with bounded time and memory: a template is code that came
//! with a file.

use crate::model::text::clock;
use crate::problem::{Problem, Result};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, context};
use serde_json::Value;
use std::path::Path;

const RENDERING: &str = "Could not put the text into the model's chat form";
/// Instructions, and 64 bytes of text each, a template may use.
const FUEL: u64 = 2_000_000;
/// The longest template read, in bytes.
const MAX_TEMPLATE: usize = 1 << 20;
/// Stands for the person's words where only what surrounds them matters.
const WORDS: &str = "\u{1}words\u{1}";

/// A model's chat template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    template: String,
    bos: String,
    eos: String,
    /// What stands before the person's words.
    before: String,
}

impl Chat {
    /// A template with the texts of the model's start and end tokens.
    ///
    /// # Errors
    /// When it cannot be rendered.
    pub fn new(template: &str, bos: &str, eos: &str) -> Result<Self> {
        if template.len() > MAX_TEMPLATE {
            let why = format!("the template has {} bytes", template.len());
            return Err(Problem::new(RENDERING, why));
        }
        let mut chat = Self {
            template: without_generation_tags(template),
            bos: bos.to_owned(),
            eos: eos.to_owned(),
            before: String::new(),
        };
        let around = chat.render(WORDS)?;
        if let Some((before, _)) = around.split_once(WORDS) {
            before.clone_into(&mut chat.before);
        }
        Ok(chat)
    }

    /// The template in a model's folder: `chat_template.jinja`, or the field of
    /// `tokenizer_config.json`. Nothing when there is none. The start and end tokens are those of
    /// `tokenizer_config.json`, or else of `special_tokens_map.json`.
    ///
    /// # Errors
    /// When there is one that cannot be rendered. The model can then still be read as it is.
    pub fn in_folder(folder: &Path) -> Result<Option<Self>> {
        let json = |name: &str| {
            let json = std::fs::read(folder.join(name)).ok();
            json.and_then(|json| serde_json::from_slice::<Value>(&json).ok()).unwrap_or_default()
        };
        let config = json("tokenizer_config.json");
        let own = std::fs::read_to_string(folder.join("chat_template.jinja")).ok();
        let older = || named_template(json("chat_template.json").get("chat_template")?);
        let template = own.or_else(|| named_template(config.get("chat_template")?)).or_else(older);
        let Some(template) = template else {
            return Ok(None);
        };
        let names = json("special_tokens_map.json");
        let [bos, eos] = ["bos_token", "eos_token"]
            .map(|role| role_token(&config, &names, role).unwrap_or_default());
        Self::new(&template, &bos, &eos).map(Some)
    }

    /// The text the model reads when a person says `words`: up to where its answer begins.
    ///
    /// # Errors
    /// When the template refuses, or uses what this program does not know.
    pub fn render(&self, words: &str) -> Result<String> {
        let problem = |e: Error| {
            Problem::new(RENDERING, format!("the template says: {e}"))
                .cure("Switch \"chat\" off to have the text read as it is")
        };
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(problem)?);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(100);
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function(
            "raise_exception",
            |text: String| -> std::result::Result<(), Error> {
                Err(Error::new(ErrorKind::InvalidOperation, text))
            },
        );
        environment.add_function("strftime_now", |format: String| clock::now().format(&format));
        let template = environment.template_from_str(&self.template).map_err(problem)?;
        let values = context! {
            messages => [context! { role => "user", content => words }],
            add_generation_prompt => true,
            tools => (),
            documents => (),
            bos_token => &self.bos,
            eos_token => &self.eos,
        };
        template.render(values).map_err(problem)
    }

    /// Is this text already in the chat form? Then no token is added around it.
    pub fn is_rendered(&self, text: &str) -> bool {
        !self.before.is_empty() && text.starts_with(&self.before)
    }

    /// Where in a rendered text the person's words begin, in bytes.
    pub fn words_at(&self) -> usize {
        self.before.len()
    }
}

/// `{% generation %}` marks what the assistant says, for training: transformers knows the tag, and it
/// changes nothing in the text.
fn without_generation_tags(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{%") {
        let Some(end) = rest[start + 2..].find("%}").map(|end| start + 2 + end) else {
            break;
        };
        let inside = &rest[start + 2..end];
        let word = inside.trim_matches(['-', '+', ' ', '\n', '\t', '\r']);
        out.push_str(&rest[..start + 2]);
        match word {
            "generation" => out.push_str(&inside.replacen(word, "if true", 1)),
            "endgeneration" => out.push_str(&inside.replacen(word, "endif", 1)),
            _ => out.push_str(inside),
        }
        out.push_str("%}");
        rest = &rest[end + 2..];
    }
    out.push_str(rest);
    out
}

/// The text of a special token by its role: that of `tokenizer_config.json`, or else of
/// `special_tokens_map.json`.
pub(crate) fn role_token(config: &Value, names: &Value, role: &str) -> Option<String> {
    let text = |value: &Value| {
        let text = value.as_str().or_else(|| value.get("content")?.as_str());
        text.map(str::to_owned)
    };
    config.get(role).and_then(text).or_else(|| names.get(role).and_then(text))
}

/// A template is a text, or one of several with names.
fn named_template(value: &Value) -> Option<String> {
    if let Some(template) = value.as_str() {
        return Some(template.to_owned());
    }
    let is_default = |entry: &&Value| entry.get("name").and_then(Value::as_str) == Some("default");
    let entry = value.as_array()?.iter().find(is_default)?;
    entry.get("template")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// That of `SmolLM2`, as its GGUF file has it.
    const SMOLLM: &str = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    #[test]
    fn words_stand_between_special_tokens() {
        let chat = Chat::new(SMOLLM, "<|im_start|>", "<|im_end|>").unwrap();
        let text = chat.render("Where is <b>the</b> café?").unwrap();
        assert_eq!(
            text,
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n\
             <|im_start|>user\nWhere is <b>the</b> café?<|im_end|>\n<|im_start|>assistant\n"
        );
        assert!(chat.is_rendered(&text) && !chat.is_rendered("Where is the café?"));
        assert!(text[chat.words_at()..].starts_with("Where is"));
    }

    #[test]
    fn methods_and_white_space_are_pythons() {
        let template = "{% for m in messages %}\n    {% if m.role == 'user' %}\n[{{ m['content'].strip().upper() }}]{{ bos_token }}\n    {% endif %}\n{% endfor %}\n";
        let chat = Chat::new(template, "<s>", "").unwrap();
        assert_eq!(chat.render("  hi ").unwrap(), "[HI]<s>\n");
    }

    #[test]
    fn bad_templates_are_problems() {
        let why = |template: &str| Chat::new(template, "", "").unwrap_err().why;
        assert!(why("{% for x in %}").contains("syntax"), "{}", why("{% for x in %}"));
        assert!(why("{{ raise_exception('no system role') }}").contains("no system role"));
        assert!(why("{{ messages | frobnicate }}").contains("frobnicate"));
        // Endless and huge ones run out of fuel.
        assert!(
            why(
                "{% for x in range(100000) %}{% for y in range(100000) %}.{% endfor %}{% endfor %}"
            )
            .contains("fuel")
        );
        assert!(why("{{ 'x' * 1000000000 }}").contains("fuel"));
        assert!(
            why("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}").contains("the template says")
        );
        assert!(why(&"{% if 1 %}".repeat(100_000)).contains("the template"));
    }

    #[test]
    fn a_folder_may_have_one_of_several() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Chat::in_folder(dir.path()), Ok(None));
        let config = json!({
            "bos_token": {"content": "<s>"},
            "chat_template": [{"name": "tool_use", "template": "x"}, {"name": "default", "template": "{{ bos_token }}{{ messages[0].content }}"}],
        });
        std::fs::write(dir.path().join("tokenizer_config.json"), config.to_string()).unwrap();
        let chat = Chat::in_folder(dir.path()).unwrap().unwrap();
        assert_eq!(chat.render("hi").unwrap(), "<s>hi");
        std::fs::write(dir.path().join("chat_template.jinja"), "{{ broken").unwrap();
        assert!(Chat::in_folder(dir.path()).unwrap_err().why.contains("syntax"));
    }

    #[test]
    fn what_transformers_adds_to_jinja_is_there() {
        assert_eq!(without_generation_tags("{%} {%"), "{%} {%");
        let template = "{%- generation -%} a {%- endgeneration %}{% generation %}b{% endgeneration %}{{ strftime_now('%Y') | length }}{% if tools %}t{% endif %}{{ messages[0].content }}";
        assert_eq!(Chat::new(template, "", "").unwrap().render("c").unwrap(), "ab4c");
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("chat_template.jinja"), "{{ bos_token }}{{ eos_token }}")
            .unwrap();
        std::fs::write(
            dir.path().join("special_tokens_map.json"),
            r#"{"bos_token":"<s>","eos_token":{"content":"</s>"}}"#,
        )
        .unwrap();
        let chat = Chat::in_folder(dir.path()).unwrap().unwrap();
        assert_eq!(chat.render("x").unwrap(), "<s></s>");
    }
}
