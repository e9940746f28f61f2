//! Values that look like secrets are not stored: a client may send its whole environment.

use serde_json::{Map, Value};

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Parts of names of secrets, in any case and without signs between the words.
const SECRETS: [&str; 8] = ["secret", "password", "passwd", "passphrase", "apikey", "accesskey", "privatekey", "credential"];
/// As the last word only: `hf_token` is a secret, `token_type` and `max_tokens` are not.
const TOKEN: &str = "token";

/// Replaces texts under names of secrets, at any depth, and returns how many there were.
///
/// Only texts are secrets: `{"token": 7}` stays. A token of a vocabulary stays, too: `{"eos_token": "</s>"}`.
pub fn redact_secrets(keys: &mut Map<String, Value>) -> usize {
    let mut count = 0;
    for (key, value) in keys {
        match value {
            Value::String(text) if is_secret(key, text) => {
                *text = REDACTED.to_owned();
                count += 1;
            }
            _ => count += redact_within(value),
        }
    }
    count
}

fn redact_within(value: &mut Value) -> usize {
    match value {
        Value::Object(keys) => redact_secrets(keys),
        Value::Array(items) => items.iter_mut().map(redact_within).sum(),
        _ => 0,
    }
}

fn is_secret(key: &str, text: &str) -> bool {
    if text.is_empty() || text == REDACTED {
        return false;
    }
    let letters: String = key.chars().filter(|char| char.is_ascii_alphanumeric()).map(|char| char.to_ascii_lowercase()).collect();
    let is_of_vocabulary = || text.starts_with(['<', '[']) || text.chars().count() < MIN_TOKEN_CHARS;
    SECRETS.iter().any(|secret| letters.contains(secret)) || letters.ends_with(TOKEN) && !is_of_vocabulary()
}

/// Shorter ones are no credentials but entries of a vocabulary, such as `eos`.
const MIN_TOKEN_CHARS: usize = 8;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_replaced_at_any_depth() {
        let mut keys = json!({
            "hf_token": "hf_0123456789",
            "env": {"AWS_SECRET_ACCESS_KEY": "x", "authToken": "0123456789", "list": [{"db-password": "p"}, "password"]},
            "API_KEY": "k", "api-key": "k", "OPENAI_APIKEY": "k", "private_key_file": "f", "credentials": "c",
        });
        assert_eq!(redact_secrets(keys.as_object_mut().unwrap()), 9);
        let redacted = json!({
            "hf_token": REDACTED,
            "env": {"AWS_SECRET_ACCESS_KEY": REDACTED, "authToken": REDACTED, "list": [{"db-password": REDACTED}, "password"]},
            "API_KEY": REDACTED, "api-key": REDACTED, "OPENAI_APIKEY": REDACTED, "private_key_file": REDACTED, "credentials": REDACTED,
        });
        assert_eq!(keys, redacted);
        assert_eq!(redact_secrets(keys.as_object_mut().unwrap()), 0, "what is redacted is no secret");
    }

    #[test]
    fn settings_of_models_are_no_secrets() {
        let keys = json!({
            "max_tokens": "4096", "token": 7, "tokenizer": "bert-base-uncased", "token_type": "byte-level", "eos_token": "<|endoftext|>",
            "pad_token": "[PAD]", "bos_token": "s", "password": "", "num_secrets": 5, "lr": 0.1, "key": "accuracy", "monkey": "chimpanzee",
            "tokenization": "wordpiece", "per_token_loss": "cross-entropy",
        });
        let mut same = keys.clone();
        assert_eq!(redact_secrets(same.as_object_mut().unwrap()), 0);
        assert_eq!(same, keys);
    }
}
